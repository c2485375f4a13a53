//! `dcrpeer crawl`: a walk through the network from peer to peer, the nearest to the seeds first.
//!
//! `frontier` knows where to go, `visit` goes there, `summary` counts what was found, `table` and `picture` show
//! it. `village` is a network for those who have none at hand.

mod args;
mod frontier;
mod histogram;
mod outcome;
mod picture;
mod place;
mod progress;
mod summary;
mod svg;
mod table;
mod village;
mod visit;

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use peer_core::Network;
use serde::Serialize;
use tokio::task::JoinSet;

pub(crate) use self::args::{CrawlArgs, HELP};
use self::frontier::Frontier;
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
use crate::output::{self, Count, FAINT, GOOD, Output, Painted};
use crate::stop::{Reason, Stop};

/// Walks, and tells what was found.
pub(crate) async fn run(args: CrawlArgs) -> Result<(), Failure> {
    args.check()?;
    let mut stop = Stop::after(args.peer.duration)?;
    // A file that cannot be written should not be found out after the walk.
    let picture = args.svg.as_deref().map(create).transpose()?;
    let village = args.demo.map(Village::found).transpose()?;
    let network = village.as_ref().map_or(args.peer.network, |_| village::NETWORK);
    let seeds = match &village {
        Some(village) => vec![village.seed().into()],
        None => find_seeds(&args, network, &mut stop).await?,
    };
    let mut crawl = Crawl::begin(&args, network, seeds)?;
    let ended = crawl.walk(&mut stop).await?;
    let (summary, failure) = crawl.finish(ended, args.top.into())?;
    if let Some((file, path)) = picture.zip(args.svg.as_deref()) {
        draw(file, path, &summary, args.peer.json)?;
    }
    if let Some(village) = village.filter(|_| ended == Ended::Complete) {
        check(&village, &summary, args.peer.json)?;
    }
    if summary.ok || ended == Ended::Stopped(Reason::Interrupted) {
        return Ok(());
    }
    Err(Failure::new(format!("nobody was reached; {failure}")))
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
            let found = tokio::select! {
                found = resolve(seed, network, Tor::WithProxy) => found?,
                reason = stop.wait() => {
                    return Err(Failure::new(format!("{}: no address yet ({reason})", seed.host)));
                }
            };
            seeds.extend(found.into_iter().map(Place::from));
        }
    }
    Ok(seeds)
}

/// A walk.
struct Crawl {
    visitor: Arc<Visitor>,
    network: Network,
    at_once: usize,
    max: u64,
    frontier: Frontier,
    visits: JoinSet<Result<Visit, Failure>>,
    tally: Tally,
    clock: Stopwatch,
    progress: Progress,
    out: Output,
    json: bool,
    /// Whether it was told that the proxy asks for no user name.
    warned: bool,
}

impl Crawl {
    fn begin(args: &CrawlArgs, network: Network, seeds: Vec<Place>) -> Result<Self, Failure> {
        let json = args.peer.json;
        let peer = PeerArgs { network, ..args.peer };
        let config = node::configure(&peer).handshake_timeout(args.handshake_timeout());
        let visitor = Visitor {
            node: node::build(config.build())?,
            proxy: args.proxy.clone(),
            connect_timeout: args.connect_timeout(),
            addresses_timeout: args.addresses_timeout,
        };
        let frontier = Frontier::new(seeds, args.proxy.is_some());
        let mut tally = Tally::default();
        tally.know(0, usize::try_from(frontier.known()).unwrap_or(usize::MAX));
        Ok(Self {
            visitor: Arc::new(visitor),
            network,
            at_once: args.at_once.into(),
            max: args.max.unwrap_or(u64::MAX),
            frontier,
            visits: JoinSet::new(),
            tally,
            clock: Stopwatch::start(),
            progress: Progress::begin(json),
            out: if json { output::for_programs() } else { output::for_people() },
            json,
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
        self.tally.count(&visit);
        if let Some(proxy) =
            self.visitor.proxy.as_ref().filter(|_| visit.isolated == Some(false) && !self.warned)
        {
            self.progress.suspend(|| proxy.warn_shared());
            self.warned = true;
        }
        let told = core::mem::take(&mut visit.told);
        let addresses = told.len();
        let level = visit.level.saturating_add(1);
        let new = told.into_iter().filter(|place| self.frontier.hear(place.clone(), level)).count();
        self.tally.know(level, new);
        if self.json {
            let object = VisitObject::new(&visit, self.clock.elapsed(), (addresses, new));
            write_object(&mut self.out, &object)?;
        }
        Ok(())
    }

    /// Tells what was found. Visits that are not over are broken off, and count as none.
    fn finish(self, ended: Ended, top: usize) -> Result<(Summary, String), Failure> {
        let Self { tally, frontier, mut out, json, .. } = self;
        drop(self.progress);
        let failure = tally.first_failure().to_owned();
        let summary = tally.finish(&frontier, ended, self.network, self.clock.elapsed());
        if json {
            write_object(&mut out, &summary)?;
        } else {
            table::write(&mut out, &summary, top)?;
            out.flush()?;
        }
        Ok((summary, failure))
    }
}

fn write_object(out: &mut Output, object: &impl Serialize) -> Result<(), Failure> {
    serde_json::to_writer(&mut *out, object).map_err(io::Error::from)?;
    writeln!(out)?;
    out.flush()?;
    Ok(())
}

fn create(path: &Path) -> Result<File, Failure> {
    File::create(path).map_err(|error| {
        Failure::new(format!("cannot write {}: {error}; choose another file", path.display()))
    })
}

fn draw(mut file: File, path: &Path, summary: &Summary, json: bool) -> Result<(), Failure> {
    let written = file.write_all(picture::draw(summary).as_bytes());
    written.map_err(|error| Failure::new(format!("cannot write {}: {error}", path.display())))?;
    if !json {
        let mut out = output::for_people();
        writeln!(out, "\n{}", Painted(FAINT, format_args!("drawn into {}", path.display())))?;
        out.flush()?;
    }
    Ok(())
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
