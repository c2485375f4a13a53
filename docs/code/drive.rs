use peer_core::{Connection, Error, Event, Peer, Time};
use std::io::{ErrorKind as Kind, Read, Write};

fn drive(
    (mut connection, mut stream): (Connection, std::net::TcpStream),
    (clock, rng): (impl Fn() -> Time, &mut impl rand_core::Rng),
    mut handle: impl FnMut(&mut Peer, Event, Time),
) -> Result<(), Error> {
    let (mut input, mut buffer, mut writing, mut now) = (bytes::BytesMut::new(), [0; 65536], false, clock());
    loop {
        while let Some(event) = connection.receive(&mut input, clock())? {
            handle(connection.peer_mut(), event, clock()); // pull until it wants more bytes
        }
        connection.handle_timeout(now, rng)?; // the time before what was just heard
        (now, writing) = (clock(), connection.wants_write() && !(writing && connection.wants_read())); // in turns
        let wait = connection.poll_timeout().filter(|_| !connection.wants_write()).map(|at| at.saturating_since(now));
        stream.set_read_timeout(wait.max(Some(core::time::Duration::from_millis(1)))).ok();
        match if writing { stream.write(connection.poll_transmit(now)) } else { stream.read(&mut buffer) } {
            Ok(count) if writing => connection.handle_transmitted(count, clock()), // partial writes are normal
            Ok(0) => return Err(connection.handle_eof(&input)),
            Ok(count) => input.extend_from_slice(&buffer[..count]),
            Err(error) if matches!(error.kind(), Kind::WouldBlock | Kind::TimedOut | Kind::Interrupted) => {}
            Err(error) => return Err(connection.handle_transport_error(error.kind().into(), &input)),
        }
    }
}
