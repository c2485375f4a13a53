use peer_core::{End, Error, Event, Peer, Time};
use std::io::{ErrorKind as Kind, Read, Write};

fn drive(
    mut peer: Peer,
    mut stream: std::net::TcpStream,
    clock: impl Fn() -> Time,
    rng: &mut impl rand_core::Rng,
    mut handle: impl FnMut(&mut Peer, Event, Time),
) -> Result<(), Error> {
    let (mut input, mut buffer, mut writing, mut now) = (bytes::BytesMut::new(), [0; 65536], false, clock());
    loop {
        while let Some(event) = peer.receive(&mut input, clock())? {
            handle(&mut peer, event, clock()); // pull until it wants more bytes
        }
        peer.tick(now, rng)?; // the time before what was just heard
        now = clock();
        let next = peer.deadline().filter(|_| !peer.wants_write()).map(|(at, _)| at.saturating_since(now));
        stream.set_read_timeout(next.max(Some(core::time::Duration::from_millis(1)))).ok();
        writing = peer.wants_write() && !(writing && peer.wants_read()); // in turns
        match if writing { stream.write(peer.transmit(now)) } else { stream.read(&mut buffer) } {
            Ok(count) if writing => peer.sent(count, clock()), // partial writes are normal
            Ok(count @ 1..) => input.extend_from_slice(&buffer[..count]),
            Err(error) if matches!(error.kind(), Kind::WouldBlock | Kind::TimedOut | Kind::Interrupted) => {}
            over => return Err(peer.end(if over.is_ok() { End::Eof } else { End::Failed }, &input)),
        }
    }
}
