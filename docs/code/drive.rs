use bytes::BytesMut;
use peer_core::{Connection, Error, Event, Peer, Time};
use std::io::{ErrorKind::{Interrupted, TimedOut, WouldBlock}, Read, Write};
use std::net::{Shutdown, TcpStream};

fn drive(
    connection: &mut Connection,
    stream: &mut TcpStream,
    clock: impl Fn() -> Time,
    rng: &mut impl rand_core::Rng,
    mut handle: impl FnMut(&mut Peer, Event, Time),
) -> Result<(), Error> {
    let (mut input, mut buffer, mut writing) = (BytesMut::new(), [0; 65536], false);
    loop {
        while let Some(event) = connection.receive(&mut input, clock())? {
            handle(connection.peer_mut(), event, clock());
        }
        connection.handle_timeout(clock(), rng)?;
        if connection.wants_shutdown() { stream.shutdown(Shutdown::Write).ok(); } // the owner left
        writing = connection.wants_write() && !(writing && connection.wants_read()); // in turns
        let moved = if writing { stream.write(connection.poll_transmit(clock())) }
            else { stream.read(&mut buffer) };
        match (moved.map_err(|e| e.kind()), writing) {
            (Ok(count), true) => connection.handle_transmitted(count, clock()),
            (Ok(0), false) => drop(connection.handle_half_close(&input)), // it is still written to
            (Ok(count), false) => input.extend_from_slice(&buffer[..count]),
            (Err(Interrupted), _) => {}
            (Err(WouldBlock | TimedOut), true) => connection.handle_transmitted(0, clock()),
            (Err(WouldBlock | TimedOut), false) => connection.handle_drained(&input, clock()),
            (Err(e), true) => drop(connection.handle_write_error(e.into(), &input, clock())),
            (Err(e), false) => return Err(connection.handle_transport_error(e.into(), &input)),
        }
    }
}
