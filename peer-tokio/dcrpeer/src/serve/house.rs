//! Everybody who is at a node: who comes and leaves, and how that is shown.

use core::future::pending;
use core::net::SocketAddr;
use core::sync::atomic::Ordering;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;

use peer_tokio::Handle;
use tokio::net::TcpStream;
use tokio::task::{JoinError, JoinSet};

use super::guest::{Common, Guest, Left};
use super::screen::Screen;
use super::status::{Pace, Status};
use super::table::{Frame, Row};
use crate::answer::Lack;
use crate::args::network_name;
use crate::clock::Stopwatch;
use crate::error::Failure;
use crate::output::{Age, Count, FAINT, Output, Painted, STRONG, Size, called};
use crate::report::Notice;
use crate::stop::Reason;
use crate::system;

/// Looks between two lines where there is no terminal.
const LOOKS_PER_LINE: u32 = 4;

/// Most peers in the table that is printed at the end.
const LAST_ROWS: usize = 20;

/// From so many peers on, what each adds to the memory of the process can be told from the rest.
const MANY: u64 = 100;

/// Everybody who is here.
pub(super) struct House {
    address: SocketAddr,
    max: u32,
    common: Arc<Common>,
    guests: BTreeMap<u64, Handle>,
    visits: JoinSet<Result<Left, Failure>>,
    came: u64,
    /// Most who were here at a time.
    most: u64,
    left: u64,
    /// How many left for which reason.
    ends: BTreeMap<String, u64>,
    /// What it can have been with those who left without telling, and how many they were.
    guesses: BTreeMap<String, u64>,
    /// What they asked for and we do not have, and how many did.
    unserved: BTreeMap<Lack, u64>,
    clock: Stopwatch,
    screen: Option<Screen>,
    looks: u32,
    /// What was told last where there is no screen.
    told: Option<Status>,
    pace: Pace,
    /// Memory before anybody came.
    empty: Option<u64>,
    /// When most peers were here.
    fullest: Option<Status>,
}

impl House {
    pub(super) fn open(address: SocketAddr, max: u32, common: Common) -> Result<Self, Failure> {
        let screen = if common.report.is_for_people() { Screen::open()? } else { None };
        Ok(Self {
            address,
            max,
            common: Arc::new(common),
            guests: BTreeMap::new(),
            visits: JoinSet::new(),
            came: 0,
            most: 0,
            left: 0,
            ends: BTreeMap::new(),
            guesses: BTreeMap::new(),
            unserved: BTreeMap::new(),
            clock: Stopwatch::start(),
            screen,
            looks: 0,
            told: None,
            pace: Pace::default(),
            empty: system::memory(),
            fullest: None,
        })
    }

    pub(super) fn has_room(&self) -> bool {
        self.visits.len() < self.max as usize
    }

    /// Somebody came.
    pub(super) fn welcome(&mut self, stream: TcpStream, address: SocketAddr) -> Result<(), Failure> {
        self.came = self.came.saturating_add(1);
        let guest = Guest { number: self.came, address, common: Arc::clone(&self.common) };
        let (handle, visit) = guest.enter(stream)?;
        self.guests.insert(self.came, handle);
        self.most = self.most.max(self.guests.len() as u64);
        self.visits.spawn(visit);
        Ok(())
    }

    /// Waits until somebody has left.
    pub(super) async fn parted(&mut self) -> Result<(), Failure> {
        match self.visits.join_next().await {
            Some(visit) => self.part(visit),
            None => pending().await,
        }
    }

    fn part(&mut self, visit: Result<Result<Left, Failure>, JoinError>) -> Result<(), Failure> {
        let left = visit.map_err(|error| Failure::new(format!("a connection's task ended: {error}")))??;
        self.guests.remove(&left.number);
        self.left = self.left.saturating_add(1);
        count(&mut self.ends, left.reason);
        if let Some(guess) = left.guess {
            count(&mut self.guesses, guess);
        }
        for lack in left.told.iter() {
            let count = self.unserved.entry(lack).or_default();
            *count = count.saturating_add(1);
        }
        Ok(())
    }

    fn status(&mut self) -> Status {
        let established = self.common.established.load(Ordering::Relaxed);
        let status = Status {
            peers: self.guests.len() as u64,
            max: self.max,
            came: self.came,
            established,
            left: self.left,
            handshakes_per_second: self.pace.measure(self.clock.elapsed(), established),
            bytes_received: self.common.traffic.received(),
            bytes_sent: self.common.traffic.sent(),
            memory: system::memory(),
        };
        // The later of two equals: by then the handshakes are over.
        if self.fullest.is_none_or(|fullest| status.peers >= fullest.peers) {
            self.fullest = Some(status);
        }
        status
    }

    /// Shows how things are.
    pub(super) async fn show(&mut self) -> Result<(), Failure> {
        let status = self.status();
        if let Some(size) = self.screen.as_ref().map(Screen::size) {
            let rows = self.rows(size.1).await;
            let (address, network) = (self.address, network_name(self.common.node.config().network()));
            let age = Age(self.clock.elapsed());
            let title = format!("serving {network} on {address} for {age}; Ctrl-C ends it");
            let dcrpeer = called();
            let frame = if self.guests.is_empty() {
                let hint =
                    format!("nobody is here; visit with: {dcrpeer} connect {address} --network {network}");
                Frame::empty(&title, &status.facts(), &hint, size)
            } else {
                Frame::new(&title, &status.facts(), (&rows, self.guests.len()), size)
            };
            if let Some(screen) = &mut self.screen {
                screen.show(&frame.lines())?;
            }
            return Ok(());
        }
        let is_due = self.looks.is_multiple_of(LOOKS_PER_LINE);
        self.looks = self.looks.wrapping_add(1);
        let is_news = self.told.map_or(status.came > 0, |told| status.is_news(&told));
        if is_due && is_news {
            self.told = Some(status);
            self.common.report.tell(None, &Notice::Status(status))?;
        }
        Ok(())
    }

    /// The lines of those who have been here longest.
    async fn rows(&self, most: usize) -> Vec<Row> {
        let mut asked = Vec::new();
        for handle in self.guests.values().take(most) {
            // All are asked before the first has answered, so that all answer in one turn.
            if let Ok(permit) = handle.reserve().await {
                asked.push(permit.with(|peer, now| {
                    let stats = peer.stats();
                    Row::new(&stats, now.saturating_since(stats.connected))
                }));
            }
        }
        let mut rows = Vec::new();
        for answer in asked {
            // Who has just left is no line.
            rows.extend(answer.await.ok());
        }
        rows
    }

    /// Everybody leaves now.
    pub(super) async fn close(mut self, reason: Reason) -> Result<(), Failure> {
        let rows = self.rows(LAST_ROWS).await;
        while let Some(visit) = self.visits.try_join_next() {
            self.part(visit)?;
        }
        let (status, peers) = (self.status(), self.guests.len());
        // A line that is broken is no line of a table.
        let width = self.screen.take().map_or(usize::MAX, |screen| screen.size().0);
        let report = self.common.report.clone();
        if !report.is_for_people() {
            report.tell(None, &Notice::Status(status))?;
        }
        self.common.leaving.set(reason).ok();
        for handle in self.guests.values() {
            handle.close();
        }
        while let Some(visit) = self.visits.join_next().await {
            self.part(visit)?;
        }
        if report.is_for_people() {
            return report.write(|out| {
                write_last(out, (&rows, peers), width)?;
                self.write_summary(out, reason)
            });
        }
        let established = self.common.established.load(Ordering::Relaxed);
        let (detail, peers) = (reason.to_string(), self.came);
        report.tell(None, &Notice::Stopped { ok: true, reason: reason.name(), detail, peers, established })
    }

    fn write_summary(&self, out: &mut Output, reason: Reason) -> io::Result<()> {
        let age = Age(self.clock.elapsed());
        writeln!(out, "{} after {age}: {reason}", Painted(STRONG, "stopped"))?;
        let established = Count(self.common.established.load(Ordering::Relaxed));
        let (came, most) = (Count(self.came), Count(self.most));
        write_fact(
            out,
            "peers",
            &format!("{came} came, {established} shook hands, {most} at most at a time"),
        )?;
        let busiest = Count(self.pace.busiest());
        write_fact(out, "handshakes", &format!("{busiest} in the busiest second"))?;
        let traffic = &self.common.traffic;
        let (received, sent) = (Count(traffic.received()), Count(traffic.sent()));
        write_fact(out, "bytes", &format!("{received} in, {sent} out"))?;
        if let Some(memory) = self.memory() {
            write_fact(out, "memory", &memory)?;
        }
        let ends = self.ends.iter().map(|(reason, count)| format!("{} {reason}", Count(*count)));
        let ends: Vec<_> = ends.collect();
        if !ends.is_empty() {
            write_fact(out, "ends", &ends.join(", "))?;
        }
        for (guess, count) in &self.guesses {
            let text = format!("{} gave no reason for leaving: it may be that {guess}", Count(*count));
            write_fact(out, "guesses", &text)?;
        }
        for (lack, count) in &self.unserved {
            write_fact(out, "unserved", &format!("{} {lack}", Count(*count)))?;
        }
        Ok(())
    }

    /// What the process needed when most peers were here.
    fn memory(&self) -> Option<String> {
        let fullest = self.fullest?;
        let (empty, memory, peers) = (self.empty?, fullest.memory?, fullest.peers);
        if peers < MANY {
            return Some(Size(memory).to_string());
        }
        let each = Size(memory.saturating_sub(empty).checked_div(peers)?);
        let (memory, empty) = (Size(memory), Size(empty));
        Some(format!("{memory} with {} peers, {each} for each ({empty} before)", Count(peers)))
    }
}

/// The table as it was at the end: the first of `peers`.
fn write_last(out: &mut Output, (rows, peers): (&[Row], usize), width: usize) -> io::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let frame = Frame::new("", &[], (rows, peers), (width, LAST_ROWS.saturating_add(4)));
    // Without the title.
    for line in frame.lines().iter().skip(1) {
        writeln!(out, "{line}")?;
    }
    writeln!(out)
}

fn count(counts: &mut BTreeMap<String, u64>, of: String) {
    let count = counts.entry(of).or_default();
    *count = count.saturating_add(1);
}

fn write_fact(out: &mut Output, label: &str, text: &str) -> io::Result<()> {
    writeln!(out, "  {:<10}  {text}", Painted(FAINT, label))
}
