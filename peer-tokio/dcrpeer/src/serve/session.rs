//! One session of `serve`: a task that drives the connection from the first byte to the last, and answers.

use core::future::Future;
use core::net::SocketAddr;
use core::pin::Pin;
use core::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use peer_core::message::{NetAddressV2, Ping};
use peer_core::{CommandCount, ConnectionInfo, Direction, Error, Event, Message, Node};
use peer_tokio::{Closed, Events, Handle};
use rand_core::Rng;
use tokio::net::TcpStream;

use super::address_book::{AddressBook, Source};
use super::metrics::RoundTrips;
use crate::causes;
use crate::error::Failure;
use crate::explain;
use crate::first_bytes::FirstBytes;
use crate::node;
use crate::notice::{End, Notice};
use crate::outcome::{Ending, Outcome};
use crate::record::{self, Recording, Recordings};
use crate::report::Report;
use crate::shutdown::ShutdownReason;
use crate::traffic::Traffic;
use crate::unserved::{self, UnservedSet};

/// What all sessions share.
#[derive(Debug)]
pub(super) struct Common {
    pub(super) node: Node,
    pub(super) report: Report,
    pub(super) traffic: Arc<Traffic>,
    /// How many handshakes were completed.
    pub(super) established: AtomicU64,
    pub(super) addresses: AddressBook,
    pub(super) round_trips: RoundTrips,
    /// Why the program ends, once it does.
    pub(super) shutdown_reason: OnceLock<ShutdownReason>,
    /// Where connections are recorded.
    pub(super) recordings: Option<Recordings>,
}

/// One accepted connection.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) number: u64,
    pub(super) address: SocketAddr,
    pub(super) common: Arc<Common>,
}

/// A session that has ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) number: u64,
    /// The reason's name.
    pub(super) reason: String,
    /// The possible causes, where the remote left without a reason.
    pub(super) causes_text: Option<String>,
    /// What the remote asked for and we do not have.
    pub(super) unserved: UnservedSet,
    /// What went each way by command.
    pub(super) commands: Vec<CommandCount>,
}

/// The state of a session.
#[derive(Debug, Default)]
struct Progress {
    established: bool,
    /// Whether addresses were sent, which happens once, as in dcrd.
    sent_addresses: bool,
    /// What the remote asked for and we do not have.
    unserved: UnservedSet,
}

impl Session {
    /// Starts the session. The future runs it to its end.
    pub(super) fn start(
        self,
        stream: TcpStream,
    ) -> Result<(Handle, impl Future<Output = Result<Ended, Failure>> + Send + use<>), Failure> {
        let address = self.address.to_string();
        let direction = Direction::Inbound;
        self.emit(&Notice::Connected { address: &address, direction, isolated: None })?;
        // Nagle's algorithm affects only the speed.
        stream.set_nodelay(true).ok();
        let local = stream.local_addr().ok();
        let (stream, first) = FirstBytes::of(stream);
        let stream = Arc::clone(&self.common.traffic).count(stream);
        let info = peer_tokio::connection_info(self.address, 0).with_id(self.number);
        // A connection that cannot be recorded is served anyway.
        let recording = match self.start_recording(&info, &address) {
            Err(Failure::Unreported(detail)) => {
                record::warn(&detail);
                None
            }
            started => started?,
        };
        let stream = record::record(stream, recording.as_ref());
        let (handle, events, driver) =
            peer_tokio::inbound(stream, &self.common.node, info, node::generator()?);
        // Nested futures hold copies, so what is large is boxed, and dropped when it is not needed: with thousands
        // of sessions that is most of the memory.
        Ok((
            handle.clone(),
            self.run(handle, events, Box::pin(driver), first, local, recording.map(Box::new)),
        ))
    }

    fn start_recording(&self, info: &ConnectionInfo, name: &str) -> Result<Option<Recording>, Failure> {
        let Some(recordings) = &self.common.recordings else { return Ok(None) };
        let config = self.common.node.config();
        recordings.start(self.number, (config, Direction::Inbound), info, name)
    }

    async fn run(
        self,
        handle: Handle,
        mut events: Events,
        driver: Pin<Box<impl Future<Output = Closed>>>,
        first: FirstBytes,
        local: Option<SocketAddr>,
        recording: Option<Box<Recording>>,
    ) -> Result<Ended, Failure> {
        let mut progress = Progress::default();
        let handling = async {
            while let Some(event) = events.next().await {
                Box::pin(self.handle_event(&handle, event, local, &mut progress)).await?;
            }
            Ok::<_, Failure>(())
        };
        // A session that fails drops its driver.
        let (closed, ()) = tokio::try_join!(async { Ok::<_, Failure>(driver.await) }, handling)?;
        if let Some(recording) = recording
            && let Some(detail) = Box::pin(recording.finish(&closed.reason)).await
        {
            record::warn(&detail);
        }
        Box::pin(self.record_end(closed, &progress, &handle, first)).await
    }

    /// Reports how the session ended.
    async fn record_end(
        &self,
        closed: Closed,
        progress: &Progress,
        handle: &Handle,
        first: FirstBytes,
    ) -> Result<Ended, Failure> {
        let ending = match self.common.shutdown_reason.get() {
            Some(reason) if closed.reason == Error::ClosedByOwner => Ending::Ours(*reason),
            _ => Ending::Theirs(closed),
        };
        let established = progress.established;
        let outcome = Outcome { established, ending, stats: handle.stats().await, first };
        let reason = explain::name(&outcome.ending);
        let config = self.common.node.config();
        let causes = explain::causes(&outcome, config);
        let causes_text = (!causes.is_empty()).then(|| causes::list(&causes));
        self.emit(&Notice::End(End {
            ok: outcome.is_success(),
            established,
            reason: reason.clone(),
            detail: explain::detail(&outcome, config),
            headline: explain::headline(&outcome, config),
            causes,
            redial_after: None,
            offered: config.protocol_version(),
            stats: Some(&outcome.stats),
            announced: None,
            asked: None,
        }))?;
        let commands = outcome.stats.commands;
        Ok(Ended { number: self.number, reason, causes_text, unserved: progress.unserved, commands })
    }

    async fn handle_event(
        &self,
        handle: &Handle,
        event: Event,
        local: Option<SocketAddr>,
        progress: &mut Progress,
    ) -> Result<(), Failure> {
        match event {
            Event::Version(version) => {
                let offered = self.common.node.config().protocol_version();
                self.emit(&Notice::version(&version, Direction::Inbound, offered))
            }
            Event::Established => {
                progress.established = true;
                self.common.established.fetch_add(1, Ordering::Relaxed);
                // The machine's first ping follows in about two minutes, and the table shows round trips before.
                let nonce = node::generator()?.next_u64();
                handle.try_send(Message::Ping(Ping { nonce })).await.ok();
                if self.common.report.is_for_people() {
                    return Ok(());
                }
                let protocol_version = handle.stats().await.protocol_version.get();
                self.emit(&Notice::Established { protocol_version })
            }
            Event::Message(Message::Pong(_)) => {
                if let Some(time) = handle.stats().await.last_ping_round_trip {
                    self.common.round_trips.observe(time);
                }
                Ok(())
            }
            Event::Message(message) => self.answer(handle, &message, local, progress).await,
            _ => Ok(()),
        }
    }

    /// Answers what can be answered. Nothing waits until answers are written, because a remote that serves us as well may be
    /// waiting for us: one that asks and does not read fills its send queue, and gets no more answers.
    async fn answer(
        &self,
        handle: &Handle,
        message: &Message,
        local: Option<SocketAddr>,
        progress: &mut Progress,
    ) -> Result<(), Failure> {
        let (book, now) = (&self.common.addresses, peer_tokio::connection_info(self.address, 0).unix_time);
        book.add_from(message, Source::new(self.number, self.address.ip()), now);
        if *message == Message::GetAddr {
            if !progress.sent_addresses {
                progress.sent_addresses = true;
                self.send_addresses(handle, book.known(local, now)).await?;
            }
        } else if let Some(reply) = unserved::reply(handle, message).await
            && progress.unserved.insert(reply.lack)
        {
            self.emit(&Notice::unserved(message, &reply))?;
        }
        Ok(())
    }

    async fn send_addresses(&self, handle: &Handle, addresses: Vec<NetAddressV2>) -> Result<(), Failure> {
        let mut generator = node::generator()?;
        // What cannot be sent is left out, and the end of a connection is the next event.
        handle.with(move |peer, now| peer.send_addresses(&addresses, now, &mut generator)).await.ok();
        Ok(())
    }

    /// Reports to programs. People see the table.
    fn emit(&self, notice: &Notice<'_>) -> Result<(), Failure> {
        if self.common.report.is_for_people() {
            return Ok(());
        }
        self.common.report.emit(Some(self.number), notice)
    }
}
