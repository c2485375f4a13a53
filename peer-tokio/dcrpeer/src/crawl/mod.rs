//! `dcrpeer crawl`: a walk through the network from peer to peer, the nearest to the seeds first.
//!
//! `frontier` knows where to go, `visit` goes there, `summary` counts what was found, `table` and `picture` show
//! it. `village` is a network for those who have none at hand.

mod args;
mod frontier;
mod histogram;
mod outcome;
mod output_file;
mod picture;
mod place;
mod progress;
mod summary;
mod svg;
mod table;
mod village;
mod visit;

use core::mem;
use std::io::{self, Write};
use std::sync::Arc;

use peer_core::Network;
use tokio::task::JoinSet;

pub(crate) use self::args::{CrawlArgs, HELP};
use self::frontier::{Frontier, Ports};
use self::outcome::Outcome;
use self::output_file::OutputFile;
use self::place::Place;
use self::progress::Progress;
use self::summary::{Ended, Summary, Tally, VisitObject};
use self::village::Village;
use self::visit::{Visit, Visitor};
use crate::args::PeerArgs;
use crate::clock::Stopwatch;
use crate::dial::{Tor, resolve};
use crate::error::Failure;
use crate::node;
use crate::output::{self, Count, FAINT, GOOD, Output, Painted, write_object};
use crate::stop::Stop;
use crate::system;

/// Walks, and tells what was found.
pub(crate) async fn run(args: CrawlArgs) -> Result<(), Failure> {
    args.check()?;
    let mut stop = Stop::after(args.peer.duration)?;
    // A file that cannot be written should not be found out after the walk.
    let mut file = args.svg.as_deref().map(OutputFile::open).transpose()?;
    let at_once = room_for(&args);
    let village = args.demo.map(Village::found).transpose()?;
    let network = village.as_ref().map_or(args.peer.network, |_| village::NETWORK);
    let seeds = match &village {
        Some(village) => vec![village.seed().into()],
        None => find_seeds(&args, network, &mut stop).await?,
    };
    let mut crawl = Crawl::begin(&args, network, at_once, seeds)?;
    let ended = crawl.walk(&mut stop).await?;
    let summary = crawl.sum_up(ended);
    // Told first, so that a picture that cannot be drawn costs nobody what was found.
    let mut told = crawl.tell(&summary, args.top.into());
    if let Some(file) = &mut file {
        told = draw(file, &summary, told, args.peer.json);
    }
    if !summary.ok {
        let failure = Failure::new(format!("nobody was reached; {}", summary.first_failure));
        return Err(failure.known().behind(told));
    }
    told?;
    match village.filter(|_| ended == Ended::Complete) {
        Some(village) => check(&village, &summary, args.peer.json),
        None => Ok(()),
    }
}

/// Draws the summary, of which this came when it was told.
fn draw(
    file: &mut OutputFile,
    summary: &Summary,
    told: Result<(), Failure>,
    json: bool,
) -> Result<(), Failure> {
    if let Err(failure) = file.write(&picture::draw(summary)) {
        return Err(failure.behind(told));
    }
    told?;
    if !json {
        let (mut out, path) = (output::for_people(), file.path().display());
        writeln!(out, "\n{}", Painted(FAINT, format_args!("drawn into {path}")))?;
        out.flush()?;
    }
    Ok(())
}

/// As many of the visits at a time that are wanted as the system has room for. Says so if these are fewer.
fn room_for(args: &CrawlArgs) -> u16 {
    // Those of a village have their doors on this machine, and the other end of every visit.
    let (doors, ends) = args.demo.map_or((0_u32, 1_u32), |size| (u32::from(size), 2));
    let wanted = doors.saturating_add(ends.saturating_mul(args.at_once.into()));
    let room = system::room_for(wanted).saturating_sub(doors).checked_div(ends);
    let room = room.and_then(|room| u16::try_from(room).ok()).unwrap_or(args.at_once);
    // Without room for any, the first one to fail explains it.
    if (1..args.at_once).contains(&room) {
        let (many, how) = (args.at_once, system::how_to_make_room(wanted));
        // Where nobody can be told, nobody is.
        writeln!(
            io::stderr(),
            "dcrpeer: the limit of open files allows {room} visits at a time, not {many}; raise it with {how}, \
             or say --at-once {room}"
        )
        .ok();
    }
    room.max(1)
}

/// The addresses of all seeds. With a proxy nothing is looked up here.
async fn find_seeds(args: &CrawlArgs, network: Network, stop: &mut Stop) -> Result<Vec<Place>, Failure> {
    let mut seeds = Vec::new();
    for seed in &args.seeds {
        let port = seed.port(network);
        let literal = seed.host.parse().ok().map(|ip| Place::from(core::net::SocketAddr::new(ip, port)));
        if let Some(place) = literal {
            seeds.push(place);
        } else if args.proxy.is_some() {
            seeds.push(Place::Name { host: seed.host.clone(), port });
        } else {
            let found = resolve(seed, network, Tor::WithProxy, stop).await?;
            seeds.extend(found.into_iter().map(Place::from));
        }
    }
    Ok(seeds)
}

/// A walk.
struct Crawl {
    visitor: Arc<Visitor>,
    network: Network,
    /// Most visits at a time. Fewer than wanted where this machine has no room for more.
    at_once: usize,
    max: u64,
    frontier: Frontier,
    visits: JoinSet<Result<Visit, Failure>>,
    tally: Tally,
    clock: Stopwatch,
    progress: Progress,
    out: Output,
    json: bool,
    /// Whether there will be a picture, which is worth a walk that nobody reads of.
    is_drawn: bool,
    /// Why the output cannot be written any more, as when its reader went away.
    unheard: Option<Failure>,
    /// Whether it was told that the proxy asks for no user name.
    warned: bool,
}

impl Crawl {
    fn begin(args: &CrawlArgs, network: Network, at_once: u16, seeds: Vec<Place>) -> Result<Self, Failure> {
        let json = args.peer.json;
        let peer = PeerArgs { network, ..args.peer };
        let config = node::configure(&peer).handshake_timeout(args.handshake_timeout());
        let visitor = Visitor {
            node: node::build(config.build())?,
            proxy: args.proxy.clone(),
            connect_timeout: args.connect_timeout(),
            addresses_timeout: args.addresses_timeout,
        };
        let ports = Ports::new(args.ports_per_host, network.default_port());
        let frontier = Frontier::new(seeds, args.proxy.is_some(), ports);
        let mut tally = Tally::default();
        tally.know(0, usize::try_from(frontier.known()).unwrap_or(usize::MAX));
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
            is_drawn: args.svg.is_some(),
            unheard: None,
            warned: false,
        })
    }

    /// Visits everybody, as many at a time as may be, unless there is a reason to end.
    async fn walk(&mut self, stop: &mut Stop) -> Result<Ended, Failure> {
        loop {
            while self.has_room()
                && let Some((place, level)) = self.frontier.next()
            {
                self.visits.spawn(Arc::clone(&self.visitor).visit(place, level));
            }
            self.show_progress();
            let ended = tokio::select! {
                visit = self.visits.join_next() => visit,
                reason = stop.wait() => return Ok(Ended::Stopped(reason)),
            };
            match ended {
                Some(visit) => {
                    let visit =
                        visit.map_err(|error| Failure::new(format!("a visit's task ended: {error}")))??;
                    self.note(visit)?;
                }
                None if self.frontier.is_empty() => return Ok(Ended::Complete),
                None => return Ok(Ended::MaxVisited(self.max)),
            }
        }
    }

    /// Whether another visit may begin.
    fn has_room(&self) -> bool {
        let begun = self.tally.visited().saturating_add(self.visits.len() as u64);
        self.visits.len() < self.at_once && begun < self.max
    }

    fn show_progress(&self) {
        let (visited, reachable) = (self.tally.visited(), self.tally.reachable());
        self.progress.show(visited, self.frontier.known(), reachable, self.visits.len());
    }

    /// A visit is over.
    fn note(&mut self, mut visit: Visit) -> Result<(), Failure> {
        if visit.outcome == Outcome::NoRoom && !self.visits.is_empty() {
            // Those that are under way are as many as there is room for. Each time that is one fewer at least.
            self.at_once = self.visits.len();
            self.frontier.put_back(visit.place, visit.level);
            return Ok(());
        }
        self.tally.count(&visit);
        if let Some(proxy) =
            self.visitor.proxy.as_ref().filter(|_| visit.isolated == Some(false) && !self.warned)
        {
            self.progress.suspend(|| proxy.warn_shared());
            self.warned = true;
        }
        let told = mem::take(&mut visit.told);
        let addresses = told.len();
        let level = visit.level.saturating_add(1);
        let new = told.into_iter().filter(|place| self.frontier.hear(place.clone(), level)).count();
        self.tally.know(level, new);
        if self.json && self.unheard.is_none() {
            let object = VisitObject::new(&visit, self.clock.elapsed(), (addresses, new));
            match write_object(&mut self.out, &object) {
                Err(failure) if self.is_drawn => self.unheard = Some(failure),
                told => told?,
            }
        }
        Ok(())
    }

    /// What was found. Visits that are not over are broken off, and count as none.
    fn sum_up(&mut self, ended: Ended) -> Summary {
        let tally = mem::take(&mut self.tally);
        tally.finish(&self.frontier, ended, self.network, self.clock.elapsed())
    }

    /// Tells what was found.
    fn tell(self, summary: &Summary, top: usize) -> Result<(), Failure> {
        let Self { mut out, json, .. } = self;
        drop(self.progress);
        if let Some(failure) = self.unheard {
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

/// Whether everybody was found.
fn check(village: &Village, summary: &Summary, json: bool) -> Result<(), Failure> {
    let (found, all) = (Count(summary.reachable), Count(village.reachable()));
    if summary.reachable != village.reachable() {
        return Err(Failure::new(format!(
            "{found} of the {all} good peers were found; this machine may be too busy, try longer deadlines: \
             --handshake-timeout 10s"
        )));
    }
    if !json {
        let mut out = output::for_people();
        writeln!(out, "\n{}", Painted(GOOD, format_args!("✓ Found everybody who can be reached: {all}")))?;
        out.flush()?;
    }
    Ok(())
}
