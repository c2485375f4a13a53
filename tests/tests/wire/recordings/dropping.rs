//! What a slow disk cannot take is dropped and counted, and the recording says where.

use core::time::Duration;
use std::io::{self, Write};
use std::sync::mpsc;
use std::thread;

use peer_core::recording::{Buffer, EntryKind, Header, Recording, Replay, Side, recorder};
use peer_core::{Config, Direction, Error, Network, Time};

const PIECE: [u8; 1000] = [7; 1000];

fn header() -> Header {
    Header::new(Config::builder(Network::SIMNET).build().unwrap(), Direction::Outbound)
}

fn at(seconds: u64) -> Time {
    Time::from_elapsed(Duration::from_secs(seconds))
}

#[test]
fn a_full_buffer_drops_counts_and_says_where() {
    let mut buffer = Buffer::new(&header(), 5000);
    for second in 1..=10 {
        buffer.piece(at(second), Side::Listener, [&PIECE[..600], &PIECE[600..]]);
    }
    assert_eq!(buffer.dropped(), 8);
    let mut text = buffer.take();
    assert!(text.len() < 5400, "{} bytes", text.len());
    buffer.piece(at(11), Side::Dialer, [&PIECE[..]]);
    buffer.end(&Error::ClosedByOwner);
    text += &buffer.take();

    let entries = Recording::read(&text).unwrap().entries;
    let kinds: Vec<_> = entries.iter().map(|entry| (entry.at.elapsed().as_secs(), &entry.kind)).collect();
    assert_eq!(kinds[2], (3, &EntryKind::Dropped { pieces: 8, bytes: 8000 }));
    assert!(matches!(kinds[3], (11, EntryKind::Bytes { from: Side::Dialer, .. })));
    let (reason, detail) = ("ClosedByOwner".into(), "closed by the owner".into());
    assert_eq!(kinds[4], (11, &EntryKind::End { reason, detail }));
    assert_eq!(kinds.len(), 5);
}

#[test]
fn a_disk_that_takes_nothing_holds_up_no_one() {
    let (recorder, writer) = recorder(&header(), 10_000);
    let (release, released) = mpsc::channel();
    let writing = thread::spawn(move || writer.run(Slow { released, file: Vec::new() }));
    // All of it returns although nothing is written.
    for _ in 0..1000 {
        recorder.clone().piece(at(1), Side::Dialer, [&PIECE[..]]);
    }
    assert!(recorder.dropped() >= 990, "{} dropped", recorder.dropped());
    drop(release);
    drop(recorder);
    assert!(writing.join().unwrap().unwrap() >= 990);
}

/// The connection ends while the buffer is full, and nothing more is noted.
#[test]
fn what_was_dropped_last_is_told_too() {
    let mut buffer = Buffer::new(&header(), 5000);
    (1..=10).for_each(|second| buffer.piece(at(second), Side::Listener, [&PIECE[..]]));
    let text = [buffer.take(), buffer.take()].concat();
    assert!(buffer.is_empty());
    let entries = Recording::read(&text).unwrap().entries;
    assert_eq!(entries.last().unwrap().kind, EntryKind::Dropped { pieces: 8, bytes: 8000 });
}

#[test]
fn a_disk_that_fails_is_reported_and_nothing_waits_for_it() {
    let (recorder, writer) = recorder(&header(), 10_000);
    assert!(writer.run(Full).is_err());
    recorder.piece(at(1), Side::Dialer, [&PIECE[..]]);
    assert_eq!(recorder.dropped(), 0, "no one counts what no one writes");
}

/// A connection is not slowed down by a thread for each recording.
#[test]
fn one_thread_can_write_many_recordings() {
    let (ready, numbers) = mpsc::channel();
    let (mut recorders, mut writers) = (Vec::new(), Vec::new());
    for number in 0..3 {
        let (recorder, writer) = recorder(&header(), 10_000);
        let ready = ready.clone();
        writer.on_lines(move || ready.send(number).unwrap());
        recorders.push(recorder);
        writers.push((writer, String::new()));
    }
    let mut write = |wakes: usize| {
        for _ in 0..wakes {
            let number: usize = numbers.try_recv().unwrap();
            let (writer, file) = &mut writers[number];
            while let Some(lines) = writer.take().filter(|lines| !lines.is_empty()) {
                *file += &lines;
            }
        }
        assert!(numbers.try_recv().is_err(), "called although nothing new waits");
    };
    write(3);
    for second in 1..=2 {
        recorders[1].piece(at(second), Side::Dialer, [&PIECE[..]]);
    }
    write(1);
    recorders.truncate(1);
    recorders[0].shut_down(at(3));
    recorders[0].shut_down(at(4));
    drop(recorders);
    write(4);
    for ((writer, file), pieces) in writers.iter().zip([1, 2, 0]) {
        assert_eq!(writer.take(), None);
        assert_eq!(Recording::read(file).unwrap().entries.len(), pieces);
    }
}

#[test]
fn a_replay_ends_where_pieces_are_missing() {
    let file = peer_tests::recordings::hello();
    let whole = Recording::read(&file).unwrap();
    let mut lines: Vec<&str> = file.lines().collect();
    lines[6] = r#"{"t_ms":0,"dropped":1,"bytes":32}"#;
    let recording = Recording::read(&lines.join("\n")).unwrap();
    let outcome = Replay::new(&recording, Side::Dialer).unwrap().run().unwrap();
    let compared = whole.messages(Side::Dialer).iter().flatten().filter(|said| said.entry < 5).count();
    assert_eq!(outcome.frames, compared);
}

struct Slow {
    released: mpsc::Receiver<()>,
    file: Vec<u8>,
}

impl Write for Slow {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Until the sender is dropped, with a limit against hanging.
        self.released.recv_timeout(Duration::from_secs(30)).ok();
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Full;

impl Write for Full {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::StorageFull.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
