//! One session of `connect` or `listen`: a connection from the handshake to its end, with everything reported.

use core::net::SocketAddr;
use core::pin::pin;
use core::time::Duration;

use peer_core::message::Ping;
use peer_core::{Direction, Event, Message, Node, Request, RequestOptions, SendError};
use peer_tokio::{Events, Handle};
use rand_chacha::ChaCha12Rng;
use rand_core::Rng;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::error::{Failure, chain};
use crate::explain;
use crate::first_bytes::FirstBytes;
use crate::node;
use crate::notice::{End, Notice};
use crate::outcome::{Ending, Outcome};
use crate::probes::Probes;
use crate::record::{self, Recording, Recordings};
use crate::report::{self, Report};
use crate::shutdown::{Shutdown, ShutdownReason};
use crate::unserved::{self, UnservedSet};

/// A session before it runs: everything but the stream.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    /// The peer's number.
    pub(crate) number: u64,
    /// The remote's name for people.
    pub(crate) name: String,
    /// The remote's address; 0.0.0.0 with port 0 if only a proxy knows it.
    pub(crate) address: SocketAddr,
    pub(crate) direction: Direction,
    /// Through a proxy: whether it can tell this connection from others.
    pub(crate) isolated: Option<bool>,
    pub(crate) node: Node,
    pub(crate) report: Report,
    pub(crate) shutdown: Shutdown,
    pub(crate) probes: Probes,
    /// The unserved requests that were reported already.
    pub(crate) unserved: UnservedSet,
    /// Where to record to.
    pub(crate) recordings: Option<Recordings>,
}

/// If no event arrives within this time, a notice says what we wait for.
const WAITING_NOTICE_DELAY: Duration = Duration::from_secs(3);

impl Session {
    /// Runs the session until the connection ends or it is time to end.
    pub(crate) async fn run(mut self, stream: TcpStream) -> Result<Outcome, Failure> {
        let Self { name: address, direction, isolated, .. } = &self;
        self.emit(&Notice::Connected { address, direction: *direction, isolated: *isolated })?;
        // Nagle's algorithm affects only the speed.
        stream.set_nodelay(true).ok();
        let (stream, first) = FirstBytes::of(stream);
        let mut generator = node::generator()?;
        let nonce = generator.next_u64();
        self.probes.prepare(nonce);
        let recording = self.start_recording()?;
        let stream = record::record(stream, recording.as_ref());
        let (handle, events) = self.join(stream, generator)?;
        let mut established = false;
        let stopped = self.follow(&handle, events, nonce, &mut established).await?;
        handle.close();
        let closed = handle.closed().await;
        if let Some(recording) = recording
            && let Some(detail) = recording.finish(&closed.reason).await
        {
            self.emit(&Notice::Warning { detail: &detail })?;
        }
        let ending = match stopped {
            Some(reason) => Ending::Ours(reason),
            None => Ending::Theirs(closed),
        };
        let outcome = Outcome { established, ending, stats: handle.stats().await, first };
        match self.emit_end(&outcome) {
            // The failed connection matters more than the closed pipe.
            Err(Failure::ClosedPipe) if !outcome.is_success() => {}
            emitted => emitted?,
        }
        Ok(outcome)
    }

    fn start_recording(&self) -> Result<Option<Recording>, Failure> {
        let Some(recordings) = &self.recordings else { return Ok(None) };
        let info = peer_tokio::connection_info(self.address, 0);
        recordings.start(self.number, (self.node.config(), self.direction), &info, &self.name)
    }

    /// Gives the stream to the adapter, and its driver to the runtime.
    fn join(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        generator: ChaCha12Rng,
    ) -> Result<(Handle, Events), Failure> {
        let info = peer_tokio::connection_info(self.address, 0).with_id(self.number);
        let (handle, events, driver) = match self.direction {
            Direction::Inbound => peer_tokio::inbound(stream, &self.node, info, generator),
            Direction::Outbound => peer_tokio::outbound(stream, &self.node, info, generator)
                .map_err(|error| Failure::new(chain(&error)))?,
        };
        tokio::spawn(driver);
        Ok((handle, events))
    }

    /// Handles events. Returns why we end the session, if we do.
    async fn follow(
        &mut self,
        handle: &Handle,
        mut events: Events,
        nonce: u64,
        established: &mut bool,
    ) -> Result<Option<ShutdownReason>, Failure> {
        // Only until the first event.
        let mut is_waiting = true;
        let mut notice_delay = pin!(sleep(WAITING_NOTICE_DELAY));
        loop {
            let event = tokio::select! {
                event = events.next() => event,
                reason = self.shutdown.wait() => return Ok(Some(reason)),
                () = &mut notice_delay, if is_waiting => {
                    is_waiting = false;
                    self.emit(&Notice::Waiting { command: "version", at_most: node::HANDSHAKE })?;
                    continue;
                }
            };
            let Some(event) = event else { return Ok(None) };
            is_waiting = false;
            let is_established = event == Event::Established;
            let is_answered = matches!(&event, Event::Message(Message::Pong(pong)) if pong.nonce == nonce);
            *established |= is_established;
            self.emit_event(handle, &event).await?;
            if let Event::Message(message) = &event {
                self.answer(handle, message).await?;
            }
            if is_established && self.direction == Direction::Outbound {
                self.begin(handle, nonce).await?;
            }
            if is_answered {
                self.announce(handle).await?;
            }
        }
    }

    /// Sends the first messages of an outbound peer.
    async fn begin(&self, handle: &Handle, nonce: u64) -> Result<(), Failure> {
        // The machine's first ping follows only in about two minutes.
        self.send(handle, Message::Ping(Ping { nonce })).await?;
        let Some(get) = self.probes.get_headers(self.node.config().network()) else { return Ok(()) };
        let request = Request::Headers { locator: get.locator.clone(), stop: get.stop };
        let requesting = handle.with(move |peer, now| peer.request(&request, RequestOptions::new(), now));
        match requesting.await {
            Ok(Ok(_)) => self.emit(&Notice::Sent { command: "getheaders".into(), message: &get.into() }),
            _ => Ok(()),
        }
    }

    /// Announces once our ping is answered, so that the announcements do not delay the round trip.
    async fn announce(&mut self, handle: &Handle) -> Result<(), Failure> {
        match self.probes.announce(handle).await? {
            Some(items) => self.emit(&Notice::Announced { items }),
            None => Ok(()),
        }
    }

    /// Answers a request for what we do not have. Without an answer the remote may leave.
    async fn answer(&mut self, handle: &Handle, message: &Message) -> Result<(), Failure> {
        if let Message::GetData(get) = message
            && let Some(items) = self.probes.count_requested(get)
            && let (Some(announced), Some(of_announced)) = (self.probes.announced(), self.probes.asked())
        {
            self.emit(&Notice::Asked { items, of_announced, announced })?;
        }
        let Some(reply) = unserved::reply(handle, message).await else { return Ok(()) };
        for message in &reply.sent {
            self.emit(&Notice::Sent { command: message.command().to_string(), message })?;
        }
        if self.unserved.insert(reply.lack) { self.emit(&Notice::unserved(message, &reply)) } else { Ok(()) }
    }

    /// Sends a message and reports it, or why it is not sent. If the connection is over, its end is reported instead.
    async fn send(&self, handle: &Handle, message: Message) -> Result<(), Failure> {
        let command = message.command().to_string();
        match handle.try_send(message.clone()).await {
            Ok(_) => self.emit(&Notice::Sent { command, message: &message }),
            Err(SendError::Closed(_)) => Ok(()),
            Err(error) => self.emit(&Notice::Refused { command, detail: explain::refusal(&error) }),
        }
    }

    async fn emit_event(&self, handle: &Handle, event: &Event) -> Result<(), Failure> {
        match event {
            // The only request with an id is that for headers.
            Event::Unanswered { reason, .. } => {
                self.emit(&Notice::Unanswered { command: "getheaders", reason: *reason })
            }
            Event::Response(response) => self.emit_message(handle, &response.message).await,
            Event::Message(message) => self.emit_message(handle, message).await,
            Event::Version(version) => {
                let offered = self.node.config().protocol_version();
                self.emit(&Notice::version(version, self.direction, offered))
            }
            Event::Established => {
                let protocol_version = handle.stats().await.protocol_version.get();
                self.emit(&Notice::Established { protocol_version })
            }
            _ => Ok(()),
        }
    }

    async fn emit_message(&self, handle: &Handle, message: &Message) -> Result<(), Failure> {
        let round_trip_ms = match message {
            Message::Pong(_) => report::round_trip_ms(&handle.stats().await),
            _ => None,
        };
        self.emit(&Notice::Message { command: message.command().to_string(), message, round_trip_ms })
    }

    fn emit_end(&self, outcome: &Outcome) -> Result<(), Failure> {
        self.emit(&Notice::End(End {
            ok: outcome.is_success(),
            established: outcome.established,
            reason: explain::name(&outcome.ending),
            detail: explain::detail(outcome, self.node.config()),
            headline: explain::headline(outcome, self.node.config()),
            causes: explain::causes(outcome, self.node.config()),
            redial_after: explain::redial_after(outcome),
            announced: self.probes.announced().filter(|_| outcome.established),
            asked: self.probes.asked(),
            offered: self.node.config().protocol_version(),
            stats: Some(&outcome.stats),
        }))
    }

    fn emit(&self, notice: &Notice<'_>) -> Result<(), Failure> {
        self.report.emit(Some(self.number), notice)
    }
}
