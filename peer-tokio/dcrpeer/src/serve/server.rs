//! The sessions of a node: accepts and counts them, and shows how they are doing.

use core::future::pending;
use core::net::SocketAddr;
use core::sync::atomic::Ordering;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;

use peer_tokio::Handle;
use tokio::net::TcpStream;
use tokio::task::{JoinError, JoinSet};

use super::metrics;
use super::screen::Screen;
use super::session::{Common, Ended, Session};
use super::sorting::Sorting;
use super::table::{Frame, Head, Row};
use crate::clock::Stopwatch;
use crate::command_totals::CommandTotals;
use crate::error::Failure;
use crate::format::{Age, Count, Size, spaced};
use crate::layout;
use crate::notice::Notice;
use crate::options::network_name;
use crate::output::{FAINT, Output, STRONG, Styled, invocation};
use crate::shutdown::ShutdownReason;
use crate::status::{Rate, Status};
use crate::system::{self, MEMORY_NOTE};
use crate::unserved::Unserved;

/// Refreshes between two lines where there is no terminal.
const REFRESHES_PER_LINE: u32 = 4;

/// Most peers in the table that is printed at the end.
const LAST_ROWS: usize = 20;

/// From so many peers on, what each adds to the memory of the process can be measured.
const MANY: u64 = 100;

/// All sessions, open and ended.
pub(super) struct Server {
    address: SocketAddr,
    max: u32,
    common: Arc<Common>,
    handles: BTreeMap<u64, Handle>,
    sessions: JoinSet<Result<Ended, Failure>>,
    /// Accepted connections.
    accepted: u64,
    /// Most open sessions at a time.
    most: u64,
    ended: u64,
    /// How many ended for each reason.
    ends: BTreeMap<String, u64>,
    /// The possible causes of ends without a reason, and how many had them.
    possible_causes: BTreeMap<String, u64>,
    /// Requests for what we do not have, and how many remotes sent each.
    unserved: BTreeMap<Unserved, u64>,
    /// What went each way by command, of sessions that have ended.
    commands: CommandTotals,
    clock: Stopwatch,
    screen: Option<Screen>,
    sorting: Sorting,
    refreshes: u32,
    /// The last status that was reported, where there is no screen.
    reported: Option<Status>,
    handshake_rate: Rate,
    /// Memory before the first session.
    memory_before: Option<u64>,
    /// The status with most peers.
    peak: Option<Status>,
}

impl Server {
    pub(super) fn open(address: SocketAddr, max: u32, common: Common) -> Result<Self, Failure> {
        let screen = if common.report.is_for_people() { Screen::open()? } else { None };
        Ok(Self {
            address,
            max,
            common: Arc::new(common),
            handles: BTreeMap::new(),
            sessions: JoinSet::new(),
            accepted: 0,
            most: 0,
            ended: 0,
            ends: BTreeMap::new(),
            possible_causes: BTreeMap::new(),
            unserved: BTreeMap::new(),
            commands: CommandTotals::default(),
            clock: Stopwatch::start(),
            screen,
            sorting: Sorting::default(),
            refreshes: 0,
            reported: None,
            handshake_rate: Rate::default(),
            memory_before: system::memory(),
            peak: None,
        })
    }

    pub(super) fn has_room(&self) -> bool {
        self.sessions.len() < self.max as usize
    }

    pub(super) const fn has_screen(&self) -> bool {
        self.screen.is_some()
    }

    /// Does what a key stands for. Returns a reason if the user wants to quit.
    pub(super) fn press(&mut self, key: u8) -> Option<ShutdownReason> {
        self.sorting.press(key);
        (key == b'q').then_some(ShutdownReason::Quit)
    }

    /// Starts the session of an accepted connection.
    pub(super) fn accept(&mut self, stream: TcpStream, address: SocketAddr) -> Result<(), Failure> {
        self.accepted = self.accepted.saturating_add(1);
        let session = Session { number: self.accepted, address, common: Arc::clone(&self.common) };
        let (handle, running) = session.start(stream)?;
        self.handles.insert(self.accepted, handle);
        self.most = self.most.max(self.handles.len() as u64);
        self.sessions.spawn(running);
        Ok(())
    }

    /// Waits until a session has ended, and counts it.
    pub(super) async fn session_ended(&mut self) -> Result<(), Failure> {
        match self.sessions.join_next().await {
            Some(session) => self.record_end(session),
            None => pending().await,
        }
    }

    fn record_end(&mut self, session: Result<Result<Ended, Failure>, JoinError>) -> Result<(), Failure> {
        let ended =
            session.map_err(|error| Failure::new(format!("a connection's task ended: {error}")))??;
        self.handles.remove(&ended.number);
        self.ended = self.ended.saturating_add(1);
        count(&mut self.ends, ended.reason);
        self.commands.add(&ended.commands);
        if let Some(causes_text) = ended.causes_text {
            count(&mut self.possible_causes, causes_text);
        }
        for lack in ended.unserved.iter() {
            let count = self.unserved.entry(lack).or_default();
            *count = count.saturating_add(1);
        }
        Ok(())
    }

    fn status(&mut self) -> Status {
        let established = self.common.established.load(Ordering::Relaxed);
        let status = Status {
            peers: self.handles.len() as u64,
            max: self.max,
            came: self.accepted,
            established,
            left: self.ended,
            handshakes_per_second: self.handshake_rate.measure(self.clock.elapsed(), established),
            bytes_received: self.common.traffic.received(),
            bytes_sent: self.common.traffic.sent(),
            memory: system::memory(),
        };
        // The later of two equals, because its handshakes are complete.
        if self.peak.is_none_or(|peak| status.peers >= peak.peers) {
            self.peak = Some(status);
        }
        status
    }

    /// Refreshes the screen, or reports the status if it is due.
    pub(super) async fn show(&mut self) -> Result<(), Failure> {
        let status = self.status();
        if let Some(size) = self.screen.as_ref().map(Screen::size) {
            let rows = self.rows(size.1).await;
            let (address, network) = (self.address, network_name(self.common.node.config().network()));
            let age = Age(self.clock.elapsed());
            let keys = if cfg!(unix) { "q quits; t a r i o sort" } else { "Ctrl-C ends it" };
            let title = format!("serving {network} on {address} for {age}; {}", self.sorting);
            let (dcrpeer, facts) = (invocation(), status.facts());
            let head = Head { title: &title, keys, facts: &facts };
            let frame = if self.handles.is_empty() {
                let hint = format!("no peer yet; try: {dcrpeer} connect {address} --network {network}");
                Frame::empty(head, &hint, size)
            } else {
                Frame::new(head, (&rows, self.handles.len()), size)
            };
            if let Some(screen) = &mut self.screen {
                screen.show(&frame.lines())?;
            }
            return Ok(());
        }
        let is_due = self.refreshes.is_multiple_of(REFRESHES_PER_LINE);
        self.refreshes = self.refreshes.wrapping_add(1);
        let has_changed = self.reported.map_or(status.came > 0, |reported| status.differs_from(&reported));
        if is_due && has_changed {
            self.reported = Some(status);
            self.common.report.emit(None, &Notice::Status(status))?;
        }
        Ok(())
    }

    /// The first rows in the order that the user chose.
    async fn rows(&self, most: usize) -> Vec<Row> {
        let handles: Vec<_> = match self.sorting.newest_first() {
            Some(true) => self.handles.values().rev().take(most).collect(),
            Some(false) => self.handles.values().take(most).collect(),
            // By anything else all have to be compared.
            None => self.handles.values().collect(),
        };
        let mut asked = Vec::new();
        for handle in handles {
            // All are asked before the first answer is awaited, so that one round of wake-ups answers all.
            if let Ok(permit) = handle.reserve().await {
                asked.push(permit.with(|peer, now| {
                    let stats = peer.stats();
                    let age = now.saturating_since(stats.connected);
                    (stats, age)
                }));
            }
        }
        let mut peers = Vec::new();
        for answer in asked {
            // A session that has just ended gives no row.
            peers.extend(answer.await.ok());
        }
        if self.sorting.newest_first().is_none() {
            peers.sort_by(|(one, _), (other, _)| self.sorting.compare(one, other));
        }
        peers.iter().take(most).map(|(stats, age)| Row::new(stats, *age)).collect()
    }

    /// The metrics as text, sessions that are open included.
    pub(super) async fn metrics(&mut self) -> Result<String, Failure> {
        let mut commands = self.commands.clone();
        for handle in self.handles.values() {
            // Of one that has just ended, and is not among the ended yet, these are its last.
            commands.add(&handle.stats().await.commands);
        }
        let status = self.status();
        metrics::text(&status, &commands, &self.ends, &self.common.round_trips)
            .map_err(|error| Failure::new(format!("cannot write metrics: {error}")))
    }

    /// Ends all sessions, and reports the summary.
    pub(super) async fn close(mut self, reason: ShutdownReason) -> Result<(), Failure> {
        let rows = self.rows(LAST_ROWS).await;
        while let Some(session) = self.sessions.try_join_next() {
            self.record_end(session)?;
        }
        let (status, peers) = (self.status(), self.handles.len());
        // A row must not be wider than the terminal, or it would wrap.
        let width = self.screen.take().map_or(usize::MAX, |screen| screen.size().0);
        let report = self.common.report.clone();
        if !report.is_for_people() {
            report.emit(None, &Notice::Status(status))?;
        }
        self.common.shutdown_reason.set(reason).ok();
        for handle in self.handles.values() {
            handle.close();
        }
        while let Some(session) = self.sessions.join_next().await {
            self.record_end(session)?;
        }
        if report.is_for_people() {
            return report.write(|out| {
                write_last(out, (&rows, peers), width)?;
                self.write_summary(out, reason)
            });
        }
        let established = self.common.established.load(Ordering::Relaxed);
        let (detail, peers) = (reason.to_string(), self.accepted);
        report.emit(
            None,
            &Notice::Stopped {
                ok: true,
                reason: reason.name(),
                detail,
                peers,
                established,
                commands: Some(self.commands),
            },
        )
    }

    fn write_summary(&self, out: &mut Output, reason: ShutdownReason) -> io::Result<()> {
        let age = Age(self.clock.elapsed());
        writeln!(out, "{} after {age}: {reason}", Styled(STRONG, "stopped"))?;
        let established = Count(self.common.established.load(Ordering::Relaxed));
        let (came, most) = (Count(self.accepted), Count(self.most));
        write_fact(
            out,
            "peers",
            &format!("{came} came, {established} shook hands, {most} at most at a time"),
        )?;
        let busiest = Count(self.handshake_rate.busiest());
        write_fact(out, "handshakes", &format!("{busiest} in the busiest second"))?;
        let traffic = &self.common.traffic;
        let (received, sent) = (Count(traffic.received()), Count(traffic.sent()));
        write_fact(out, "bytes", &format!("{received} in, {sent} out"))?;
        if let Some(memory) = self.memory() {
            write_fact(out, "memory", &memory)?;
        }
        let ends = self.ends.iter().map(|(reason, count)| format!("{} {}", Count(*count), spaced(reason)));
        let ends: Vec<_> = ends.collect();
        if !ends.is_empty() {
            write_fact(out, "ends", &ends.join(", "))?;
        }
        for (causes_text, count) in &self.possible_causes {
            let text = format!("{} gave no reason for leaving: it may be that {causes_text}", Count(*count));
            write_fact(out, "guesses", &text)?;
        }
        for (lack, count) in &self.unserved {
            write_fact(out, "unserved", &format!("{} {lack}", Count(*count)))?;
        }
        self.commands.write(out)
    }

    /// The memory of the process when most peers were connected.
    fn memory(&self) -> Option<String> {
        let peak = self.peak?;
        let (memory_before, memory, peers) = (self.memory_before?, peak.memory?, peak.peers);
        if peers < MANY {
            return Some(format!("{} ({MEMORY_NOTE})", Size(memory)));
        }
        let each = Size(memory.saturating_sub(memory_before).checked_div(peers)?);
        let (memory, memory_before) = (Size(memory), Size(memory_before));
        let peers = Count(peers);
        Some(format!("{memory} with {peers} peers, {each} for each ({memory_before} before; {MEMORY_NOTE})"))
    }
}

/// The table as it was at the end: the first of `peers`.
fn write_last(out: &mut Output, (rows, peers): (&[Row], usize), width: usize) -> io::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let head = Head { title: "", keys: "", facts: &[] };
    let frame = Frame::new(head, (rows, peers), (width, LAST_ROWS.saturating_add(5)));
    // Without the title and the keys.
    for line in frame.lines().iter().skip(2) {
        writeln!(out, "{line}")?;
    }
    writeln!(out)
}

fn count(counts: &mut BTreeMap<String, u64>, of: String) {
    let count = counts.entry(of).or_default();
    *count = count.saturating_add(1);
}

fn write_fact(out: &mut Output, label: &str, text: &str) -> io::Result<()> {
    writeln!(out, "  {:<10}  {}", Styled(FAINT, label), layout::fill(text, 14))
}
