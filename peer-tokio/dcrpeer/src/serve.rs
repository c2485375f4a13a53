//! `dcrpeer serve`: a small listening node that keeps many peers, and shows them in a table.
//!
//! Each session is one task, which drives its connection and answers (`session`, `address_book`). The `server` accepts
//! and counts them, tells `metrics` where they are scraped (`scrape`), and twice a second asks those for their statistics whose rows are shown (`table`,
//! `sorting`, `screen`, `keys`).

mod address_book;
mod keys;
mod metrics;
mod scrape;
mod screen;
mod server;
mod session;
mod sorting;
mod table;

use core::future::Future;
use core::net::SocketAddr;
use core::pin::pin;
use core::sync::atomic::AtomicU64;
use core::time::Duration;
use std::io::{self, Write};
use std::sync::{Arc, OnceLock};

use clap::Args;
use tokio::sync::mpsc::Receiver;
use tokio::time::{MissedTickBehavior, interval, sleep};

use self::address_book::AddressBook;
use self::metrics::RoundTrips;
use self::scrape::Scrape;
use self::server::Server;
use self::session::Common;
use crate::error::{Failure, plain};
use crate::format::Count;
use crate::listener::{self, ACCEPT_PAUSE};
use crate::node;
use crate::notice::Notice;
use crate::options::{PeerArgs, RecordArgs, ServiceArgs, Target};
use crate::record;
use crate::report::Report;
use crate::shutdown::Shutdown;
use crate::system;

#[derive(Args, Debug)]
pub(crate) struct ServeArgs {
    /// Where to listen, with or without a port; port 0 takes a free one
    #[arg(default_value = "127.0.0.1")]
    addr: Target,
    /// Most peers at a time; further ones wait in the listen backlog
    #[arg(long, default_value_t = 10_000, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    max: u32,
    /// Keep and tell addresses of private networks and of this machine too, as a test network needs
    #[arg(long)]
    allow_private: bool,
    /// Where to serve metrics for Prometheus, at /metrics; port 0 takes a free one
    #[arg(long, value_name = "ADDR")]
    metrics: Option<SocketAddr>,
    #[command(flatten)]
    service: ServiceArgs,
    #[command(flatten)]
    pub(crate) peer: PeerArgs,
    #[command(flatten)]
    record: RecordArgs,
}

/// Time between two refreshes.
const PERIOD: Duration = Duration::from_millis(500);

/// Most bytes that wait for a peer: more than the largest answer, a `notfound` of 1.8 MB.
const SEND_LIMIT: usize = 4 * 1024 * 1024;

/// Serves peers until it is time to end.
pub(crate) async fn run(args: ServeArgs) -> Result<(), Failure> {
    let network = args.peer.network;
    let mut shutdown = Shutdown::after(args.peer.duration)?;
    let recordings = args.record.of_many()?;
    let config =
        args.service.configure(node::configure(&args.peer)).send_limit(SEND_LIMIT).count_commands(true);
    let node = node::build(config.build())?;
    let (listener, address) = listener::bind(&args.addr, network, &mut shutdown).await?;
    let report = Report::about_many(args.peer.json);
    let max = room_for(args.max);
    report.emit(None, &Notice::Listening { address, network })?;

    let common = Common {
        node,
        report,
        traffic: Arc::default(),
        established: AtomicU64::new(0),
        addresses: AddressBook::new(args.allow_private, args.service.services),
        round_trips: RoundTrips::new(),
        shutdown_reason: OnceLock::new(),
        recordings: recordings.clone(),
    };
    let (mut scrapes, scraping) = scrape_at(args.metrics, &common.report).await?;
    let mut scraping = pin!(scraping);
    let mut server = Server::open(address, max, common)?;
    let mut keys = keys::read(server.has_screen());
    let mut refreshes = interval(PERIOD);
    refreshes.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let reason = loop {
        tokio::select! {
            accepted = listener.accept(), if server.has_room() => match accepted {
                Ok((stream, address)) => server.accept(stream, address)?,
                Err(_) => sleep(ACCEPT_PAUSE).await,
            },
            ended = server.session_ended() => ended?,
            () = &mut scraping => {}
            Some(scrape) = scrapes.recv() => drop(scrape.send(server.metrics().await?)),
            Some(key) = keys.recv() => match server.press(key) {
                Some(reason) => break reason,
                None => server.show().await?,
            },
            _ = refreshes.tick() => server.show().await?,
            reason = shutdown.wait() => break reason,
        }
    };
    drop(listener);
    server.close(reason).await?;
    record::check(recordings.as_ref())
}

/// Serves scrapes at the address, if there is one.
async fn scrape_at(
    address: Option<SocketAddr>,
    report: &Report,
) -> Result<(Receiver<Scrape>, impl Future<Output = ()> + use<>), Failure> {
    let listener = match address {
        Some(address) => {
            let bound = scrape::bind(address).await;
            let (listener, address) = bound.map_err(|error| {
                Failure::new(format!(
                    "cannot serve metrics on {address}: {}; choose another address",
                    plain(&error)
                ))
            })?;
            report.emit(None, &Notice::Metrics { address })?;
            Some(listener)
        }
        None => None,
    };
    Ok(scrape::serve(listener))
}

/// How many peers the limit of open files allows, at most as many as wanted. Warns if these are fewer.
fn room_for(wanted: u32) -> u32 {
    let room = system::room_for(wanted);
    if room < wanted {
        let (few, many, how) = (Count(room.into()), Count(wanted.into()), system::how_to_make_room(wanted));
        // Without standard error the warning is lost, and nothing else.
        writeln!(
            io::stderr(),
            "dcrpeer: the limit of open files lets {few} peers in at a time, not {many}; raise it with \
             {how}, or say --max {room}"
        )
        .ok();
    }
    room
}
