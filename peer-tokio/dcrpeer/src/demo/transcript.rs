//! The transcript of the demo: which side sent what, and when.

use core::net::SocketAddr;
use core::time::Duration;
use std::collections::BTreeSet;
use std::io::Write;

use peer_core::{Event, Hash, Message, ProtocolVersion, Stats};
use peer_tokio::Handle;
use tokio::sync::mpsc;

use crate::clock::Stopwatch;
use crate::error::{Failure, chain};
use crate::format::{At, Count, Span};
use crate::output::{self, FAINT, GOOD, IN, OUT, Output, STRONG, Styled};
use crate::stats;

/// One of the two peers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Dialer,
    Listener,
}

/// An event of one side.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) at: Duration,
    pub(super) side: Side,
    /// `None` if its connection ended.
    pub(super) event: Option<Event>,
}

/// What has happened so far.
#[derive(Debug, Default)]
pub(super) struct Observed {
    /// Sides that completed the handshake.
    pub(super) established: usize,
    pub(super) round_trips: Vec<Duration>,
    /// Transactions that were announced to the listener, and the sizes of their batches.
    pub(super) items: BTreeSet<Hash>,
    pub(super) batches: Vec<usize>,
}

/// Prints what happens, and records it.
#[derive(Debug)]
pub(super) struct Transcript {
    out: Output,
    clock: Stopwatch,
    entries: mpsc::Receiver<Entry>,
    sections: u32,
    observed: Observed,
}

impl Transcript {
    pub(super) fn begin(address: SocketAddr, entries: mpsc::Receiver<Entry>) -> Result<Self, Failure> {
        let (out, clock, observed) = (output::for_people(), Stopwatch::start(), Observed::default());
        let mut transcript = Self { out, clock, entries, sections: 0, observed };
        let title = Styled(STRONG, "Two Decred peers talk over TCP on this machine.");
        writeln!(transcript.out, "{title} Arrows show who sends a message.\n")?;
        transcript.write_step(Side::Listener, &format!("waits on {address}, network simnet"))?;
        Ok(transcript)
    }

    pub(super) const fn clock(&self) -> Stopwatch {
        self.clock
    }

    pub(super) const fn observed(&self) -> &Observed {
        &self.observed
    }

    /// Begins the next section.
    pub(super) fn section(&mut self, title: &str, about: &str) -> Result<(), Failure> {
        self.sections = self.sections.saturating_add(1);
        let title = Styled(STRONG, format_args!("{}. {title}", self.sections));
        writeln!(self.out, "\n{title}: {about}")?;
        self.out.flush()?;
        Ok(())
    }

    /// Prints a step of one side that sends no message.
    pub(super) fn write_step(&mut self, side: Side, what: &str) -> Result<(), Failure> {
        let at = Styled(FAINT, At(self.clock.elapsed()));
        let (dialer, listener) = match side {
            Side::Dialer => ("dialer", ""),
            Side::Listener => ("", "listener"),
        };
        writeln!(self.out, "{at}  {dialer:6}     {listener:8}  {what}")?;
        self.out.flush()?;
        Ok(())
    }

    /// Prints events until enough was observed.
    pub(super) async fn until(
        &mut self,
        dialer: &Handle,
        enough: impl Fn(&Observed) -> bool,
    ) -> Result<(), Failure> {
        while !enough(&self.observed) {
            let Some(entry) = self.entries.recv().await else {
                return Err(Failure::new("both connections ended too early"));
            };
            match entry.event {
                Some(event) => self.show(entry.at, entry.side, &event, dialer).await?,
                None => {
                    let closed = dialer.closed().await;
                    return Err(Failure::new(format!("the connection ended too early: {}", chain(&closed))));
                }
            }
        }
        Ok(())
    }

    async fn show(&mut self, at: Duration, to: Side, event: &Event, dialer: &Handle) -> Result<(), Failure> {
        match event {
            Event::Version(version) => self.arrow(at, to, "version", version.user_agent.as_str()),
            Event::Established => {
                self.observed.established = self.observed.established.saturating_add(1);
                let version = dialer.stats().await.protocol_version;
                let done = Styled(GOOD, "handshake complete");
                self.arrow(at, to, "verack", &format!("{done}, version {version}"))
            }
            Event::Message(Message::Inv(inv)) => {
                self.observed.batches.push(inv.inventory.len());
                self.observed.items.extend(inv.inventory.iter().map(|item| item.hash));
                let (batch, sum) = (Count::from(inv.inventory.len()), Count::from(self.observed.items.len()));
                self.arrow(at, to, "inv", &format!("{batch:>5} transactions, {sum} so far"))
            }
            Event::Message(Message::Pong(_)) => {
                let round_trip = dialer.stats().await.last_ping_round_trip.unwrap_or_default();
                self.observed.round_trips.push(round_trip);
                self.arrow(at, to, "pong", &format!("rtt {}", Span(round_trip)))
            }
            Event::Message(message) => self.arrow(at, to, message.command().as_str(), ""),
            _ => Ok(()),
        }
    }

    /// A message that came `to` one side, and so from the other.
    fn arrow(&mut self, at: Duration, to: Side, command: &str, text: &str) -> Result<(), Failure> {
        let at = Styled(FAINT, At(at));
        let arrow = match to {
            Side::Dialer => Styled(IN, "◀──"),
            Side::Listener => Styled(OUT, "──▶"),
        };
        write!(self.out, "{at}  dialer {arrow} listener  ")?;
        match text {
            "" => writeln!(self.out, "{}", Styled(STRONG, command))?,
            text => writeln!(self.out, "{:<8} {text}", Styled(STRONG, command))?,
        }
        self.out.flush()?;
        Ok(())
    }

    /// What both sides counted.
    pub(super) fn statistics(&mut self, dialer: &Stats, listener: &Stats) -> Result<(), Failure> {
        self.section("Statistics", "what each side knows of the other")?;
        let columns = [("the dialer", dialer), ("the listener", listener)];
        stats::write_table(&mut self.out, ProtocolVersion::LATEST, &columns)?;
        self.out.flush()?;
        Ok(())
    }

    /// Prints the result of a complete demo.
    pub(super) fn end(mut self) -> Result<(), Failure> {
        let Observed { items, batches, round_trips, .. } = &self.observed;
        let done = Styled(GOOD, "✓ All of it happened:");
        let largest = batches.iter().max().copied().unwrap_or_default();
        writeln!(
            self.out,
            "\n{done} handshake complete, {} pings answered, {} items\n  in {} batches of at most {}, and a \
             self-connection\n  that both halves noticed, in {}.",
            round_trips.len(),
            Count::from(items.len()),
            batches.len(),
            Count::from(largest),
            Span(self.clock.elapsed()),
        )?;
        let dcrpeer = output::invocation();
        writeln!(
            self.out,
            "\nNext, run a peer, and connect to it from another terminal:\n  \
             {dcrpeer} listen --network simnet\n  \
             {dcrpeer} connect 127.0.0.1 --network simnet\n\
             {dcrpeer} --help tells the rest."
        )?;
        self.out.flush()?;
        Ok(())
    }
}
