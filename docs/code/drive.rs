use peer_core::{Connection, Error, Event, Peer, Time};
use std::io::{ErrorKind as Kind, Read, Write};

const LATER: [Kind; 2] = [Kind::WouldBlock, Kind::TimedOut];

fn drive<S: Read + Write, R: rand_core::Rng, H: FnMut(&mut Peer, Event, Time)>(
    (mut connection, mut stream, clock, rng, mut handle): (Connection, S, impl Fn() -> Time, &mut R, H),
) -> Result<(), Error> {
    let (mut input, mut buffer, mut writing) = (bytes::BytesMut::new(), [0; 65536], false);
    loop {
        // Pull until it wants more bytes.
        while let Some(event) = connection.receive(&mut input, clock())? { handle(connection.peer_mut(), event, clock()) }
        connection.handle_timeout(clock(), rng)?;
        writing = connection.wants_write() && !(writing && connection.wants_read()); // in turns
        match if writing { stream.write(connection.poll_transmit(clock())) } else { stream.read(&mut buffer) } {
            Err(e) if e.kind() == Kind::Interrupted => {}
            Err(e) if !writing && !LATER.contains(&e.kind()) => return Err(connection.handle_transport_error(e.kind().into(), &input)),
            Err(e) if !LATER.contains(&e.kind()) => drop(connection.handle_write_error(e.kind().into(), &input, clock())),
            taken if writing => connection.handle_transmitted(taken.unwrap_or(0), clock()), // all, a part, or nothing
            Ok(0) => drop(connection.handle_half_close(&input)), // what is queued is still written
            Ok(count) if count == buffer.len() => input.extend_from_slice(&buffer),
            less => { input.extend_from_slice(&buffer[..less.unwrap_or(0)]); connection.handle_drained(&input, clock()) } // no more
        }
    }
}
