use core::time::Duration;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use bytes::BytesMut;
use peer_core::{Connection, Error, Event, Peer, Time};

const PIECE: usize = 16 * 1024;

type Command = Box<dyn FnOnce(&mut Peer, Time) + Send>;

enum News {
    Read(io::Result<Vec<u8>>),
    Wrote(io::Result<usize>),
    Command(Command),
}

fn run(
    mut connection: Connection,
    stream: TcpStream,
    inbox: SyncSender<News>,
    news: Receiver<News>,
    clock: impl Fn() -> Time,
    rng: &mut impl rand_core::Rng,
    mut handle: impl FnMut(&mut Peer, Event, Time),
) -> io::Result<Error> {
    let (reads, writes) = (reader(stream.try_clone()?, inbox.clone()), writer(stream.try_clone()?, inbox));
    let (mut input, mut over, mut reading, mut writing) = (BytesMut::new(), None, false, false);
    let mut now = clock();
    loop {
        while let Ok(Some(event)) = connection.receive(&mut input, clock()) {
            handle(connection.peer_mut(), event, clock());
        }
        match over {
            Some(Ok(())) => drop(connection.handle_eof(&input)),
            Some(Err(kind)) => drop(connection.handle_transport_error(kind, &input)),
            None => {}
        }
        // The time before what was just heard.
        if let Err(reason) = connection.handle_timeout(now, rng) {
            stream.shutdown(Shutdown::Both).ok(); // which ends both threads
            return Ok(reason);
        }
        if !writing && connection.wants_write() {
            let piece = connection.poll_transmit(clock()).iter().take(PIECE).copied().collect();
            writing = writes.send(piece).is_ok();
        }
        if !reading && connection.wants_read() {
            reading = reads.send(()).is_ok();
        }
        now = clock();
        let wait = connection.poll_timeout().map_or(Duration::MAX, |at| at.saturating_since(now));
        let first = news.recv_timeout(wait.max(Duration::from_millis(1))).ok();
        for news in first.into_iter().chain(news.try_iter().take(16)) {
            match news {
                News::Command(command) => command(connection.peer_mut(), clock()),
                News::Wrote(Ok(count)) => {
                    writing = false;
                    connection.handle_transmitted(count, clock());
                }
                News::Read(Ok(bytes)) => {
                    reading = false;
                    over = over.or(bytes.is_empty().then_some(Ok(())));
                    input.extend_from_slice(&bytes);
                }
                News::Read(Err(error)) | News::Wrote(Err(error)) => over = Some(Err(error.kind().into())),
            }
        }
    }
}

fn reader(mut stream: TcpStream, inbox: SyncSender<News>) -> SyncSender<()> {
    let (turns, permitted) = sync_channel(1);
    thread::spawn(move || {
        permitted.iter().try_for_each(|()| {
            let mut bytes = vec![0; PIECE];
            let read = stream.read(&mut bytes);
            inbox.send(News::Read(read.map(|count| bytes.drain(..count).collect())))
        })
    });
    turns
}

fn writer(mut stream: TcpStream, inbox: SyncSender<News>) -> SyncSender<Vec<u8>> {
    let (pieces, to_write) = sync_channel::<Vec<u8>>(1);
    thread::spawn(move || {
        to_write.iter().try_for_each(|piece| {
            let wrote = stream.write_all(&piece);
            inbox.send(News::Wrote(wrote.map(|()| piece.len())))
        })
    });
    pieces
}
