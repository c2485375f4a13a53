//! Remotes that keep back an answer, or do not take what they are owed, behind something else. Each case prints the time
//! until its end.

use core::time::Duration;
use std::io::Write;
use std::net::TcpStream;
use std::thread;
use std::time::Instant;

use peer_core::{Error, Expected, Message, Timer};
use peer_tests::remote::bytes_of;
use peer_tests::samples::{block_item, getdata, inv_of, ping};

use crate::client::Client;
use crate::subject::{Adapter, Subject};

/// How often the remote writes.
const PACE: Duration = Duration::from_millis(50);

/// Writes these bytes over and over, so many every [`PACE`], until the connection ends.
fn write_without_end(mut stream: TcpStream, frame: &[u8], piece: usize) {
    let bytes = frame.repeat(2 + piece / frame.len());
    let mut at = 0;
    while stream.write_all(&bytes[at..at + piece]).is_ok() {
        at = (at + piece) % frame.len();
        thread::sleep(PACE);
    }
}

/// How the connection ends while the remote does this, and after how many seconds.
fn end_of<A: Adapter>(subject: &mut Subject, act: impl FnOnce() + Send + 'static) -> (Error, u64) {
    #[expect(clippy::disallowed_methods, reason = "the time until the end is printed")]
    let start = Instant::now();
    let remote = thread::spawn(act);
    let error = subject.ended(0);
    remote.join().unwrap();
    let seconds = start.elapsed().as_secs();
    println!("{}: {error} after {seconds} s", core::any::type_name::<A>());
    (error, seconds)
}

/// 4.2 kB a second of hashes that no one asked for, without a pause where one message ends.
pub(crate) fn behind_junk<A: Adapter>() {
    let mut subject = Subject::new::<A>();
    let client = Client::established(&mut subject, 0);
    subject.send(0, getdata([block_item(1)])).unwrap();
    let stream = client.writer();
    let act = move || write_without_end(stream, &bytes_of(&inv_of(500)), 210);
    let (error, seconds) = end_of::<A>(&mut subject, act);
    assert_eq!(error, Error::Stalled(Expected::Item(Box::new(block_item(1)))));
    assert!(seconds < 60, "{seconds} s");
}

/// Pings without end, whose pongs are left where they are.
pub(crate) fn behind_pongs<A: Adapter>() {
    let mut subject = Subject::new::<A>();
    let client = Client::established(&mut subject, 0);
    subject.send(0, getdata([block_item(1)])).unwrap();
    let mut stream = client.writer();
    let act = move || {
        let pings = bytes_of(&ping(1)).repeat(1000);
        while stream.write_all(&pings).is_ok() {}
    };
    let (error, seconds) = end_of::<A>(&mut subject, act);
    let is_either = matches!(error, Error::Stalled(_) | Error::Timeout(Timer::WriteStall));
    assert!(is_either, "{error}");
    // A system that is busy moves a few more bytes to the remote at a deadline, which then has a term more.
    assert!(seconds < 110, "{seconds} s");
}

/// Pings without end, whose pongs are taken: what the owner sends gets through between them.
pub(crate) fn bulk_between_pongs<A: Adapter>() {
    const MESSAGES: usize = 10;
    let mut subject = Subject::new::<A>();
    let mut client = Client::established(&mut subject, 0);
    let mut stream = client.writer();
    let pinger = thread::spawn(move || {
        let pings = bytes_of(&ping(1)).repeat(1000);
        while stream.write_all(&pings).is_ok() {}
    });
    for _ in 0..MESSAGES {
        subject.send(0, inv_of(20_000)).unwrap();
    }
    let (mut invs, mut pongs) = (0, 0_u64);
    while invs < MESSAGES {
        match client.hear() {
            Message::Inv(_) => invs += 1,
            _ => pongs += 1,
        }
    }
    println!("{}: {invs} messages between {pongs} pongs", core::any::type_name::<A>());
    client.hang_up();
    drop(client);
    pinger.join().unwrap();
}
