//! What passes on the clock of the wall, where threads and tasks wait for each other.

use peer_core::{Error, Node};
use peer_tests::figures::clock::Stopwatch;
use peer_tests::figures::duration;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;

use crate::args::Cli;
use crate::behind_blocks;
use crate::way::{self, Failure};

/// Handshakes in a round, since one is short.
const HANDSHAKES: usize = 50;

/// A line: its name, and what gives so many rounds of nanoseconds.
type Line = (&'static str, fn(usize) -> Result<Vec<f64>, Failure>);

const LINES: [Line; 4] = [
    ("handshake, one thread", |rounds| {
        handshakes(&Builder::new_current_thread().enable_all().build()?, rounds)
    }),
    ("handshake, two workers", |rounds| {
        handshakes(&Builder::new_multi_thread().worker_threads(2).enable_all().build()?, rounds)
    }),
    ("ping-behind-blocks, mio", behind_blocks::over_mio),
    ("ping-behind-blocks, tokio", behind_blocks::over_tokio),
];

/// Measures the lines that are asked for.
pub(crate) fn run(cli: &Cli) -> Result<(), Failure> {
    let is_wanted =
        |name: &str| cli.parts.is_empty() || cli.parts.iter().any(|part| name.contains(part.as_str()));
    let mut objects = Vec::new();
    for (name, measure) in LINES.iter().filter(|(name, _)| is_wanted(name)) {
        let mut nanos = measure(cli.rounds.into())?;
        nanos.sort_by(f64::total_cmp);
        let at = |percent: usize| nanos[(nanos.len() - 1) * percent / 100];
        let [p50, p99] = [at(50), at(99)];
        if cli.json {
            objects.push(json!({ "name": name, "count": nanos.len(), "p50_ns": p50, "p99_ns": p99 }));
        } else {
            println!("{name:<26} p50 {:>8}   p99 {:>8}   of {}", duration(p50), duration(p99), nanos.len());
        }
    }
    if cli.json {
        println!("{}", json!({ "rounds": cli.rounds, "lines": objects }));
    }
    Ok(())
}

/// Connections one after the other, each from the dial until both ends know that it is closed.
fn handshakes(runtime: &Runtime, rounds: usize) -> Result<Vec<f64>, Failure> {
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let address = listener.local_addr()?;
    let (closed, mut ends) = mpsc::channel(1);
    runtime.spawn(async move {
        let node = way::node()?;
        while let Ok((stream, _)) = listener.accept().await {
            let (node, closed) = (node.clone(), closed.clone());
            tokio::spawn(async move {
                let end = match peer_tokio::accept(stream, &node, 0).await {
                    Ok((handle, _events)) => handle.closed().await,
                    Err(closed) => closed,
                };
                closed.send(end.reason).await
            });
        }
        Ok::<_, Failure>(())
    });
    // In a task, so that the thread that waits for it has no part.
    let dials = runtime.spawn(async move {
        let (node, mut nanos) = (way::node()?, Vec::new());
        for _ in 0..rounds * HANDSHAKES {
            let start = Stopwatch::start();
            dial(address, &node).await?;
            if ends.recv().await != Some(Error::ClosedByRemote) {
                return Err("the remote did not see the end".into());
            }
            nanos.push(start.elapsed().as_nanos() as f64);
        }
        Ok(nanos)
    });
    runtime.block_on(dials)?
}

async fn dial(address: core::net::SocketAddr, node: &Node) -> Result<(), Failure> {
    let (handle, _events) = peer_tokio::connect(address, node, 0).await?;
    handle.close();
    handle.closed().await;
    Ok(())
}
