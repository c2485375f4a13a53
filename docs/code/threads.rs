use core::time::Duration;
use std::io::{self, ErrorKind, Read, Write};
use std::{net::{Shutdown, TcpStream}, sync::mpsc::{Receiver, SyncSender, sync_channel}, thread};
use {bytes::BytesMut, peer_core::{Connection, Error, Event, Peer, Time}};

type Command = Box<dyn FnOnce(&mut Peer, Time) + Send>;

enum News {
    Read(io::Result<usize>, Vec<u8>),
    Wrote(io::Result<usize>),
    Command(Command),
}

fn run<R: rand_core::Rng>(
    (mut connection, stream, clock, rng): (Connection, TcpStream, impl Fn() -> Time, &mut R),
    (inbox, news): (SyncSender<News>, Receiver<News>),
    mut handle: impl FnMut(&mut Peer, Event, Time),
) -> io::Result<Error> {
    let (mut source, mut sink) = (stream.try_clone()?, stream.try_clone()?);
    let reads = worker(inbox.clone(), move |mut buffer: Vec<u8>| News::Read(source.read(&mut buffer), buffer));
    let writes = worker(inbox, move |piece: Vec<u8>| News::Wrote(sink.write(&piece)));
    let (mut input, mut reading, mut writing) = (BytesMut::new(), false, false);
    loop {
        while let Ok(Some(event)) = connection.receive(&mut input, clock()) {
            handle(connection.peer_mut(), event, clock());
        }
        if let Err(reason) = connection.handle_timeout(clock(), rng) {
            stream.shutdown(Shutdown::Both).ok(); // which ends both threads
            return Ok(reason);
        }
        if connection.wants_pull() { continue } // the timeout has ended a request
        if connection.wants_shutdown() { stream.shutdown(Shutdown::Write).ok(); } // the owner left
        if !writing && connection.wants_write() {
            let piece = connection.poll_transmit(clock()).iter().take(16384).copied().collect();
            writing = writes.send(piece).is_ok();
        }
        reading = reading || connection.wants_read() && reads.send(vec![0; 16384]).is_ok();
        let wait = connection.poll_timeout().map_or(Duration::MAX, |at| at.saturating_since(clock()));
        let next = news.recv_timeout(wait).or_else(|_| news.recv_timeout(Duration::from_millis(5)));
        reading &= !matches!(next, Ok(News::Read(..)));
        writing &= !matches!(next, Ok(News::Wrote(_)));
        match next {
            Ok(News::Command(command)) => command(connection.peer_mut(), clock()),
            Ok(News::Wrote(Ok(count))) => connection.handle_transmitted(count, clock()),
            Ok(News::Read(Ok(0), _)) => drop(connection.handle_half_close(&input)),
            Ok(News::Read(Ok(count), buffer)) => input.extend_from_slice(&buffer[..count]),
            Ok(News::Read(Err(e), _) | News::Wrote(Err(e))) if e.kind() == ErrorKind::Interrupted => {}
            Ok(News::Wrote(Err(e))) => drop(connection.handle_write_error(e.kind().into(), &input, clock())),
            Ok(News::Read(Err(e), _)) => drop(connection.handle_transport_error(e.kind().into(), &input)),
            // Neither thread had news: nothing more came, and nothing was taken.
            Err(_) => { connection.handle_drained(&input, clock()); connection.handle_transmitted(0, clock()) }
        }
    }
}

fn worker<J: Send + 'static>(inbox: SyncSender<News>, mut work: impl FnMut(J) -> News + Send + 'static) -> SyncSender<J> {
    let (jobs, given) = sync_channel(1);
    thread::spawn(move || given.iter().try_for_each(|job| inbox.send(work(job))));
    jobs
}
