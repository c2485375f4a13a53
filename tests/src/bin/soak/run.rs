//! Begins all parts, waits, and counts what is left.

use core::net::SocketAddr;
use core::time::Duration;
use std::fs;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

use indicatif::{ProgressBar, ProgressStyle};
use peer_core::{BannableMessages, Config, Network, Node};

use crate::args::Cli;
use crate::tally::Tally;
use crate::{Failure, clock, heap, over_mio, over_tokio, raw};

/// Threads of remotes without a machine.
const RAW: u64 = 2;

/// What all parts know.
pub(crate) struct Setting {
    pub(crate) seed: u64,
    pub(crate) peers: usize,
    /// Who accepts: over `peer-mio`, and over `peer-tokio`.
    pub(crate) targets: [SocketAddr; 2],
    pub(crate) tally: Arc<Tally>,
}

/// What came of it.
pub(crate) struct Outcome {
    pub(crate) tally: Arc<Tally>,
    pub(crate) took: Duration,
    /// Bytes, before and after.
    pub(crate) heap: [i64; 2],
    /// Open files, before and after. `None` where the system does not tell.
    pub(crate) descriptors: [Option<usize>; 2],
}

pub(crate) fn run(cli: &Cli) -> Result<Outcome, Failure> {
    let bar = progress_bar(cli.duration);
    let tally = Arc::new(Tally::new(RAW + 2));
    // What the first runtime of a process opens for all later ones stays open, and is no leak.
    drop(over_tokio::runtime()?);
    let before = (heap(), descriptors());
    let begun = clock::now();
    run_parts(cli, &tally, &bar)?;
    let took = begun.elapsed();
    bar.finish_and_clear();
    let (heap, descriptors) = ([before.0, heap()], [before.1, descriptors()]);
    Ok(Outcome { tally, took, heap, descriptors })
}

fn run_parts(cli: &Cli, tally: &Arc<Tally>, bar: &ProgressBar) -> Result<(), Failure> {
    let [of_mio, of_tokio] = [listener()?, listener()?];
    let setting = Arc::new(Setting {
        seed: cli.seed,
        peers: cli.peers.into(),
        targets: [of_mio.local_addr()?, of_tokio.local_addr()?],
        tally: Arc::clone(tally),
    });
    let own = || Arc::clone(&setting);
    let (for_mio, for_tokio) = (own(), own());
    let parts = [
        thread::spawn(move || over_mio::run(of_mio, &for_mio)),
        thread::spawn(move || over_tokio::run(of_tokio, &for_tokio)),
    ];
    let raws: Vec<_> = (0..RAW)
        .map(|number| {
            let setting = own();
            thread::spawn(move || raw::run(10 + number, &setting))
        })
        .collect();
    let end = clock::now() + cli.duration;
    while clock::now() < end && !parts.iter().any(thread::JoinHandle::is_finished) {
        thread::sleep(Duration::from_millis(100).min(end.saturating_duration_since(clock::now())));
        bar.set_position(
            (cli.duration.saturating_sub(end.saturating_duration_since(clock::now()))).as_secs(),
        );
        bar.set_message(tally.in_short());
    }
    tally.stop();
    for part in parts {
        part.join().map_err(|_| "a part of it panicked")??;
    }
    raws.into_iter().try_for_each(|raw| raw.join().map_err(|_| "a remote panicked".into()))
}

/// One end's node. Queues are small, so that they fill.
pub(crate) fn node() -> Result<Node, Failure> {
    let config = Config::builder(Network::SIMNET).send_limit(128 * 1024).send_pause(32 * 1024);
    Ok(Node::new(config.bannable_messages(BannableMessages::Send).build()?))
}

fn listener() -> Result<TcpListener, Failure> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

fn descriptors() -> Option<usize> {
    // Without the one that reads the folder.
    fs::read_dir("/proc/self/fd").ok().map(|files| files.count().saturating_sub(1))
}

/// Shown on a terminal only.
fn progress_bar(duration: Duration) -> ProgressBar {
    let style = ProgressStyle::with_template("{wide_bar} {msg}, {eta} left");
    ProgressBar::new(duration.as_secs()).with_style(style.expect("a valid template"))
}
