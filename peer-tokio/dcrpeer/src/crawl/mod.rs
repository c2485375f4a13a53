//! `dcrpeer crawl`: a walk through the network from peer to peer, the nearest to the seeds first.
//!
//! `frontier` chooses endpoints, `visit` visits one, `summary` counts what was found, `table` and `chart` show it.
//! `demo_network` is a made-up network on this machine.

mod args;
mod chart;
mod demo_network;
mod endpoint;
mod frontier;
mod histogram;
mod outcome;
mod output_file;
mod progress;
mod summary;
mod svg;
mod table;
mod visit;

use core::mem;
use std::io::{self, Write};
use std::sync::Arc;

use peer_core::Network;
use tokio::task::JoinSet;

pub(crate) use self::args::CrawlArgs;
use self::demo_network::DemoNetwork;
use self::endpoint::Endpoint;
use self::frontier::{Frontier, Ports};
use self::outcome::Outcome;
use self::output_file::OutputFile;
use self::progress::Progress;
use self::summary::{Ended, Summary, Tally, VisitObject};
use self::visit::{Visit, Visitor};
use crate::clock::Stopwatch;
use crate::dial::{Tor, resolve};
use crate::error::Failure;
use crate::format::Count;
use crate::node;
use crate::options::PeerArgs;
use crate::output::{self, FAINT, GOOD, Output, Styled, write_object};
use crate::record::{self, Recordings};
use crate::shutdown::Shutdown;
use crate::system;

/// Crawls, and reports what was found.
pub(crate) async fn run(args: CrawlArgs) -> Result<(), Failure> {
    args.check()?;
    let mut shutdown = Shutdown::after(args.peer.duration)?;
    let recordings = args.record.of_many()?;
    // Opened first, so that a file that cannot be written fails before the crawl.
    let mut file = args.svg.as_deref().map(OutputFile::open).transpose()?;
    let at_once = room_for(&args);
    let demo_network = args.demo.map(DemoNetwork::start).transpose()?;
    let network = demo_network.as_ref().map_or(args.peer.network, |_| demo_network::NETWORK);
    let seeds = match &demo_network {
        Some(demo_network) => vec![demo_network.seed().into()],
        None => find_seeds(&args, network, &mut shutdown).await?,
    };
    let mut crawl = Crawl::begin(&args, network, (at_once, seeds), recordings.clone())?;
    let ended = crawl.walk(&mut shutdown).await?;
    let summary = crawl.summarize(ended);
    // Written before the chart is drawn, so that a failing chart does not lose the result.
    let mut reported = crawl.report(&summary, args.top.into());
    if let Some(file) = &mut file {
        reported = draw(file, &summary, reported, args.peer.json);
    }
    if !summary.ok {
        let failure = Failure::new(format!("no peer was reached; {}", summary.first_failure));
        return Err(failure.reported().after_reporting(reported));
    }
    reported?;
    if let Some(demo_network) = demo_network.filter(|_| ended == Ended::Complete) {
        check(&demo_network, &summary, args.peer.json)?;
    }
    record::check(recordings.as_ref())
}

/// Draws the summary. `reported` is the result of writing it.
fn draw(
    file: &mut OutputFile,
    summary: &Summary,
    reported: Result<(), Failure>,
    json: bool,
) -> Result<(), Failure> {
    if let Err(failure) = file.write(&chart::draw(summary)) {
        return Err(failure.after_reporting(reported));
    }
    reported?;
    if !json {
        let (mut out, path) = (output::for_people(), file.path().display());
        writeln!(out, "\n{}", Styled(FAINT, format_args!("drawn into {path}")))?;
        out.flush()?;
    }
    Ok(())
}

/// How many visits at a time the limit of open files allows, at most as many as wanted. Warns if these are fewer.
fn room_for(args: &CrawlArgs) -> u16 {
    // The demo network has its listeners in this process, and the other end of every visit.
    let (listeners, ends) = args.demo.map_or((0_u32, 1_u32), |size| (u32::from(size), 2));
    let wanted = listeners.saturating_add(ends.saturating_mul(args.at_once.into()));
    let room = system::room_for(wanted).saturating_sub(listeners).checked_div(ends);
    let room = room.and_then(|room| u16::try_from(room).ok()).unwrap_or(args.at_once);
    // Without room for any visit, the first failure explains it.
    if (1..args.at_once).contains(&room) {
        let (many, how) = (args.at_once, system::how_to_make_room(wanted));
        // Without standard error the warning is lost, and nothing else.
        writeln!(
            io::stderr(),
            "dcrpeer: the limit of open files allows {room} visits at a time, not {many}; raise it with {how}, \
             or say --at-once {room}"
        )
        .ok();
    }
    room.max(1)
}

/// The endpoints of all seeds. With a proxy, the proxy looks up names.
async fn find_seeds(
    args: &CrawlArgs,
    network: Network,
    shutdown: &mut Shutdown,
) -> Result<Vec<Endpoint>, Failure> {
    let mut seeds = Vec::new();
    for seed in &args.seeds {
        let port = seed.port(network);
        let literal = seed.host.parse().ok().map(|ip| Endpoint::from(core::net::SocketAddr::new(ip, port)));
        if let Some(endpoint) = literal {
            seeds.push(endpoint);
        } else if args.proxy.is_some() {
            seeds.push(Endpoint::Name { host: seed.host.clone(), port });
        } else {
            let found = resolve(seed, network, Tor::WithProxy, shutdown).await?;
            seeds.extend(found.into_iter().map(Endpoint::from));
        }
    }
    Ok(seeds)
}

/// A crawl in progress.
struct Crawl {
    visitor: Arc<Visitor>,
    network: Network,
    /// Most visits at a time. Fewer than wanted if the limit of open files is lower.
    at_once: usize,
    max: u64,
    frontier: Frontier,
    visits: JoinSet<Result<Visit, Failure>>,
    tally: Tally,
    clock: Stopwatch,
    progress: Progress,
    out: Output,
    json: bool,
    /// Whether a chart is wanted, which is drawn even if the output is not read.
    has_chart: bool,
    /// Why the output cannot be written any more, such as a closed pipe.
    output_failure: Option<Failure>,
    /// Whether the user was warned that the proxy asks for no user name.
    is_proxy_warned: bool,
}

impl Crawl {
    fn begin(
        args: &CrawlArgs,
        network: Network,
        (at_once, seeds): (u16, Vec<Endpoint>),
        recordings: Option<Recordings>,
    ) -> Result<Self, Failure> {
        let json = args.peer.json;
        let peer = PeerArgs { network, ..args.peer };
        let config = node::configure(&peer).handshake_timeout(args.handshake_timeout());
        let visitor = Visitor {
            node: node::build(config.build())?,
            proxy: args.proxy.clone(),
            connect_timeout: args.connect_timeout(),
            addresses_timeout: args.addresses_timeout,
            recordings,
        };
        let ports = Ports::new(args.ports_per_host, network.default_port());
        let frontier = Frontier::new(seeds, args.proxy.is_some(), ports);
        let mut tally = Tally::default();
        tally.add_known(0, usize::try_from(frontier.known()).unwrap_or(usize::MAX));
        Ok(Self {
            visitor: Arc::new(visitor),
            network,
            at_once: at_once.into(),
            max: args.max.unwrap_or(u64::MAX),
            frontier,
            visits: JoinSet::new(),
            tally,
            clock: Stopwatch::start(),
            progress: Progress::begin(json),
            out: if json { output::for_programs() } else { output::for_people() },
            json,
            has_chart: args.svg.is_some(),
            output_failure: None,
            is_proxy_warned: false,
        })
    }

    /// Visits all endpoints, at most `at_once` at a time, until none is left or there is a reason to end.
    async fn walk(&mut self, shutdown: &mut Shutdown) -> Result<Ended, Failure> {
        loop {
            while self.has_room()
                && let Some((endpoint, level)) = self.frontier.next()
            {
                self.visits.spawn(Arc::clone(&self.visitor).visit(endpoint, level));
            }
            self.show_progress();
            let ended = tokio::select! {
                visit = self.visits.join_next() => visit,
                reason = shutdown.wait() => return Ok(Ended::Stopped(reason)),
            };
            match ended {
                Some(visit) => {
                    let visit =
                        visit.map_err(|error| Failure::new(format!("a visit's task ended: {error}")))??;
                    self.record(visit)?;
                }
                None if self.frontier.is_empty() => return Ok(Ended::Complete),
                None => return Ok(Ended::MaxVisited(self.max)),
            }
        }
    }

    /// Whether another visit may begin.
    fn has_room(&self) -> bool {
        let started = self.tally.visited().saturating_add(self.visits.len() as u64);
        self.visits.len() < self.at_once && started < self.max
    }

    fn show_progress(&self) {
        let (visited, reachable) = (self.tally.visited(), self.tally.reachable());
        self.progress.show(visited, self.frontier.known(), reachable, self.visits.len());
    }

    /// Records a visit that has ended.
    fn record(&mut self, mut visit: Visit) -> Result<(), Failure> {
        if visit.outcome == Outcome::NoRoom && !self.visits.is_empty() {
            // The open visits are as many as there is room for. The limit falls each time, so this ends.
            self.at_once = self.visits.len();
            self.frontier.put_back(visit.endpoint, visit.level);
            return Ok(());
        }
        self.tally.count(&visit);
        if let Some(proxy) =
            self.visitor.proxy.as_ref().filter(|_| visit.isolated == Some(false) && !self.is_proxy_warned)
        {
            self.progress.suspend(|| proxy.warn_shared());
            self.is_proxy_warned = true;
        }
        let found = mem::take(&mut visit.addresses);
        let addresses = found.len();
        let level = visit.level.saturating_add(1);
        let new = found.into_iter().filter(|endpoint| self.frontier.add(endpoint.clone(), level)).count();
        self.tally.add_known(level, new);
        if self.json && self.output_failure.is_none() {
            let object = VisitObject::new(&visit, self.clock.elapsed(), (addresses, new));
            match write_object(&mut self.out, &object) {
                Err(failure) if self.has_chart => self.output_failure = Some(failure),
                reported => reported?,
            }
        }
        Ok(())
    }

    /// The summary. Unfinished visits do not count.
    fn summarize(&mut self, ended: Ended) -> Summary {
        let tally = mem::take(&mut self.tally);
        tally.finish(&self.frontier, ended, self.network, self.clock.elapsed())
    }

    /// Writes the summary.
    fn report(self, summary: &Summary, top: usize) -> Result<(), Failure> {
        let Self { mut out, json, .. } = self;
        drop(self.progress);
        if let Some(failure) = self.output_failure {
            return Err(failure);
        }
        if json {
            return write_object(&mut out, summary);
        }
        table::write(&mut out, summary, top)?;
        out.flush()?;
        Ok(())
    }
}

/// Fails unless every reachable peer of the demo network was found.
fn check(demo_network: &DemoNetwork, summary: &Summary, json: bool) -> Result<(), Failure> {
    let (found, all) = (Count(summary.reachable), Count(demo_network.reachable()));
    if summary.reachable != demo_network.reachable() {
        return Err(Failure::new(format!(
            "{found} of the {all} good peers were found; this machine may be too busy, try longer deadlines: \
             --handshake-timeout 10s"
        )));
    }
    if !json {
        let mut out = output::for_people();
        writeln!(out, "\n{}", Styled(GOOD, format_args!("✓ Found all that can be reached: {all}")))?;
        out.flush()?;
    }
    Ok(())
}
