//! `replay --against`: says the recorded dialer's part to a live node, and compares its answers.

mod answers;

use core::time::Duration;
use std::collections::VecDeque;

use peer_core::message::Ping;
use peer_core::recording::{RecordedMessage, Recording, Side};
use peer_core::{Event, Message, Node, Time};
use peer_tokio::{Events, Handle};
use rand_core::Rng;
use tokio::time::{Instant, sleep_until};

use self::answers::Answers;
use super::ReplayArgs;
use crate::clock::now;
use crate::dial::{Tor, dial, resolve};
use crate::error::{Failure, chain};
use crate::node;
use crate::shutdown::Shutdown;

/// How much later than in the recording an answer may come.
const GRACE: Duration = Duration::from_secs(5);

/// Says the part, and tells what differs.
pub(super) async fn run(args: &ReplayArgs, recording: &Recording) -> Result<(), Failure> {
    if args.side != Some(Side::Dialer) {
        let text = "only the dialer's part can be said to a node: write --as dialer with --against";
        return Err(Failure::Usage(text.to_owned()));
    }
    let name = args.file.display();
    let config = recording.config_to_speak_as(Side::Dialer);
    let config = config.map_err(|error| Failure::new(format!("{name}: {}", chain(&error))))?;
    let (network, mut shutdown) = (config.network(), Shutdown::after(None)?);
    let Some(target) = &args.against else { return Ok(()) };
    let addresses = resolve(target, network, Tor::Never, &mut shutdown).await?;
    let (stream, address) = dial(&addresses, network).await?;
    stream.set_nodelay(true).ok();
    let height = recording.version_of(Side::Dialer).map_or(0, |version| version.last_block);
    let (info, generator) = (peer_tokio::connection_info(address, height), node::generator()?);
    let (handle, events, driver) = peer_tokio::outbound(stream, &Node::new(config), info, generator)
        .map_err(|error| Failure::new(chain(&error)))?;
    tokio::spawn(driver);
    let part = Part {
        handle,
        events,
        start: now(),
        lines: lines_of(recording),
        answers: Answers::of(recording, args.json),
        established: established_at(recording),
        is_established: false,
        end: recording.entries.last().map_or(Time::ZERO, |entry| entry.at),
    };
    let answers = tokio::select! {
        said = part.say() => said?,
        reason = shutdown.wait() => return Err(Failure::new(format!("not all was said ({reason})"))),
    };
    answers.finish(address)
}

/// What the owner of the dialer said: not what a machine says by itself.
fn lines_of(recording: &Recording) -> VecDeque<RecordedMessage> {
    let said = recording.messages(Side::Dialer).into_iter().flatten();
    said.filter(|said| !matches!(said.message, Message::Version(_) | Message::Verack | Message::Pong(_)))
        .collect()
}

/// When the dialer's handshake was complete.
fn established_at(recording: &Recording) -> Time {
    let heard = recording.messages(Side::Listener).into_iter().flatten();
    let verack = heard.into_iter().find(|heard| heard.message == Message::Verack);
    verack.map_or(Time::ZERO, |verack| verack.at)
}

/// The part that is being said.
struct Part {
    handle: Handle,
    events: Events,
    /// When time 0 of the recording is. It moves on where the live handshake takes longer.
    start: Instant,
    lines: VecDeque<RecordedMessage>,
    answers: Answers,
    /// When the recorded handshake was complete.
    established: Time,
    is_established: bool,
    /// When the recording ends.
    end: Time,
}

impl Part {
    async fn say(mut self) -> Result<Answers, Failure> {
        loop {
            let next = match self.lines.front() {
                // The node's handshake has a limit of its own.
                Some(_) if !self.is_established => Duration::from_secs(3600),
                Some(line) => line.at.elapsed(),
                None if self.answers.is_complete() => self.end.elapsed(),
                None => self.end.elapsed().saturating_add(GRACE),
            };
            let next = self.start.checked_add(next).unwrap_or(self.start);
            tokio::select! {
                event = self.events.next() => match event {
                    Some(event) => self.hear(&event)?,
                    None => break,
                },
                () = sleep_until(next) => match self.lines.pop_front() {
                    Some(line) => self.send(line).await?,
                    None => break,
                },
            }
        }
        let closed_by_us = self.lines.is_empty();
        self.handle.close();
        let closed = self.handle.closed().await;
        let at = self.now();
        if !closed_by_us {
            self.answers.ended(at, &closed.reason)?;
        }
        self.answers.leave_over(at)?;
        Ok(self.answers)
    }

    fn now(&self) -> Time {
        Time::from_elapsed(now().saturating_duration_since(self.start))
    }

    fn hear(&mut self, event: &Event) -> Result<(), Failure> {
        let at = self.now();
        match event {
            Event::Version(version) => self.answers.hear(at, &Message::Version(version.clone())),
            Event::Message(message) => self.answers.hear(at, message),
            Event::Response(response) => self.answers.hear(at, &response.message),
            Event::Established => {
                self.is_established = true;
                let delay = at.saturating_since(self.established);
                self.start = self.start.checked_add(delay).unwrap_or(self.start);
                self.answers.hear(at, &Message::Verack)
            }
            _ => Ok(()),
        }
    }

    async fn send(&mut self, line: RecordedMessage) -> Result<(), Failure> {
        let message = match line.message {
            Message::Ping(Ping { nonce: recorded }) => {
                let nonce = node::generator()?.next_u64();
                self.answers.renew(recorded, nonce);
                Message::Ping(Ping { nonce })
            }
            message => message,
        };
        let sent = self.handle.try_send(message.clone()).await;
        sent.map(drop).or_else(|error| self.answers.refused(line.at, &message, &error))
    }
}
