//! The story of the demo: who said what to whom, and when.

use core::net::SocketAddr;
use core::time::Duration;
use std::collections::BTreeSet;
use std::io::Write;

use peer_core::{Event, Hash, Message, ProtocolVersion, Stats};
use peer_tokio::Handle;
use tokio::sync::mpsc;

use crate::clock::Stopwatch;
use crate::error::{Failure, chain};
use crate::output::{self, At, Count, FAINT, GOOD, IN, OUT, Output, Painted, STRONG, Span};
use crate::stats;

/// One of the two peers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Dialler,
    Listener,
}

/// Something that came to one side.
#[derive(Debug)]
pub(super) struct Scene {
    pub(super) at: Duration,
    pub(super) side: Side,
    /// `None` if its connection ended.
    pub(super) event: Option<Event>,
}

/// What has happened so far.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Sides that shook hands.
    pub(super) established: usize,
    pub(super) round_trips: Vec<Duration>,
    /// Transactions that the listener was told of, and in how large batches.
    pub(super) items: BTreeSet<Hash>,
    pub(super) batches: Vec<usize>,
}

/// Tells what happens, and remembers it.
#[derive(Debug)]
pub(super) struct Story {
    out: Output,
    clock: Stopwatch,
    scenes: mpsc::Receiver<Scene>,
    chapters: u32,
    seen: Seen,
}

impl Story {
    pub(super) fn begin(address: SocketAddr, scenes: mpsc::Receiver<Scene>) -> Result<Self, Failure> {
        let (out, clock, seen) = (output::for_people(), Stopwatch::start(), Seen::default());
        let mut story = Self { out, clock, scenes, chapters: 0, seen };
        let title = Painted(STRONG, "Two Decred peers talk over TCP on this machine.");
        writeln!(story.out, "{title} Arrows show who speaks to whom.\n")?;
        story.tell(Side::Listener, &format!("waits on {address}, network simnet"))?;
        Ok(story)
    }

    pub(super) const fn clock(&self) -> Stopwatch {
        self.clock
    }

    pub(super) const fn seen(&self) -> &Seen {
        &self.seen
    }

    /// Begins the next part.
    pub(super) fn chapter(&mut self, title: &str, about: &str) -> Result<(), Failure> {
        self.chapters = self.chapters.saturating_add(1);
        let title = Painted(STRONG, format_args!("{}. {title}", self.chapters));
        writeln!(self.out, "\n{title}: {about}")?;
        self.out.flush()?;
        Ok(())
    }

    /// Tells what one side does by itself.
    pub(super) fn tell(&mut self, side: Side, what: &str) -> Result<(), Failure> {
        let at = Painted(FAINT, At(self.clock.elapsed()));
        let (dialler, listener) = match side {
            Side::Dialler => ("dialler", ""),
            Side::Listener => ("", "listener"),
        };
        writeln!(self.out, "{at}  {dialler:7}     {listener:8}  {what}")?;
        self.out.flush()?;
        Ok(())
    }

    /// Tells what happens until enough of it was seen.
    pub(super) async fn until(
        &mut self,
        dialler: &Handle,
        enough: impl Fn(&Seen) -> bool,
    ) -> Result<(), Failure> {
        while !enough(&self.seen) {
            let Some(scene) = self.scenes.recv().await else {
                return Err(Failure::new("both connections ended too early"));
            };
            match scene.event {
                Some(event) => self.show(scene.at, scene.side, &event, dialler).await?,
                None => {
                    let closed = dialler.closed().await;
                    return Err(Failure::new(format!("the connection ended too early: {}", chain(&closed))));
                }
            }
        }
        Ok(())
    }

    async fn show(&mut self, at: Duration, to: Side, event: &Event, dialler: &Handle) -> Result<(), Failure> {
        match event {
            Event::Version(version) => self.arrow(at, to, "version", version.user_agent.as_str()),
            Event::Established => {
                self.seen.established = self.seen.established.saturating_add(1);
                let version = dialler.stats().await.protocol_version;
                let shaken = Painted(GOOD, "hands shaken");
                self.arrow(at, to, "verack", &format!("{shaken}, we speak protocol {version}"))
            }
            Event::Message(Message::Inv(inv)) => {
                self.seen.batches.push(inv.inventory.len());
                self.seen.items.extend(inv.inventory.iter().map(|item| item.hash));
                let (batch, sum) = (Count::from(inv.inventory.len()), Count::from(self.seen.items.len()));
                self.arrow(at, to, "inv", &format!("{batch:>5} transactions, {sum} so far"))
            }
            Event::Message(Message::Pong(_)) => {
                let round_trip = dialler.stats().await.last_ping_round_trip.unwrap_or_default();
                self.seen.round_trips.push(round_trip);
                self.arrow(at, to, "pong", &format!("round trip {}", Span(round_trip)))
            }
            Event::Message(message) => self.arrow(at, to, message.command().as_str(), ""),
            _ => Ok(()),
        }
    }

    /// A message that came `to` one side, and so from the other.
    fn arrow(&mut self, at: Duration, to: Side, command: &str, text: &str) -> Result<(), Failure> {
        let at = Painted(FAINT, At(at));
        let arrow = match to {
            Side::Dialler => Painted(IN, "◀──"),
            Side::Listener => Painted(OUT, "──▶"),
        };
        write!(self.out, "{at}  dialler {arrow} listener  ")?;
        match text {
            "" => writeln!(self.out, "{}", Painted(STRONG, command))?,
            text => writeln!(self.out, "{:<8} {text}", Painted(STRONG, command))?,
        }
        self.out.flush()?;
        Ok(())
    }

    /// What both sides counted.
    pub(super) fn statistics(&mut self, dialler: &Stats, listener: &Stats) -> Result<(), Failure> {
        self.chapter("Statistics", "what each side knows of the other")?;
        let columns = [("the dialler", dialler), ("the listener", listener)];
        stats::write_table(&mut self.out, ProtocolVersion::LATEST, &columns)?;
        self.out.flush()?;
        Ok(())
    }

    /// All went well.
    pub(super) fn end(mut self) -> Result<(), Failure> {
        let Seen { items, batches, round_trips, .. } = &self.seen;
        let good = Painted(GOOD, "✓ All of it happened:");
        let largest = batches.iter().max().copied().unwrap_or_default();
        writeln!(
            self.out,
            "\n{good} hands shaken, {} pings answered, {} items\n  in {} batches of at most {}, and a \
             self-connection that both halves noticed, in {}.",
            round_trips.len(),
            Count::from(items.len()),
            batches.len(),
            Count::from(largest),
            Span(self.clock.elapsed()),
        )?;
        let dcrpeer = output::called();
        writeln!(
            self.out,
            "\nNext, be a peer, and visit it from another terminal:\n  \
             {dcrpeer} listen --network simnet\n  \
             {dcrpeer} connect 127.0.0.1 --network simnet\n\
             {dcrpeer} --help tells the rest."
        )?;
        self.out.flush()?;
        Ok(())
    }
}
