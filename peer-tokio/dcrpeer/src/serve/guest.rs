//! One visitor of `serve`, from the first byte to the last: one task that drives the connection and answers.

use core::future::Future;
use core::net::SocketAddr;
use core::pin::Pin;
use core::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use peer_core::message::{NetAddressV2, Ping};
use peer_core::{Direction, Error, Event, Message, Node};
use peer_tokio::{Closed, Driver, Events, Handle};
use rand_chacha::ChaCha12Rng;
use rand_core::Rng;
use tokio::net::TcpStream;

use super::address_book::{AddressBook, Source};
use crate::answer::{self, Lacks};
use crate::causes;
use crate::error::Failure;
use crate::explain;
use crate::node;
use crate::report::{End, Notice, Report};
use crate::sniff::{FirstBytes, Sniff};
use crate::stop::Reason;
use crate::traffic::{Counted, Traffic};
use crate::watch::{Ending, Outcome};

/// What all visitors have in common.
#[derive(Debug)]
pub(super) struct Common {
    pub(super) node: Node,
    pub(super) report: Report,
    pub(super) traffic: Arc<Traffic>,
    /// How many have shaken hands.
    pub(super) established: AtomicU64,
    pub(super) addresses: AddressBook,
    /// Why we leave, once we do.
    pub(super) leaving: OnceLock<Reason>,
}

/// A visitor.
#[derive(Debug)]
pub(super) struct Guest {
    pub(super) number: u64,
    pub(super) address: SocketAddr,
    pub(super) common: Arc<Common>,
}

/// A visitor who left.
#[derive(Debug)]
pub(super) struct Left {
    pub(super) number: u64,
    /// The reason's name.
    pub(super) reason: String,
    /// What it can be, where the visitor left without telling.
    pub(super) guess: Option<String>,
    /// What the visitor asked for and we do not have.
    pub(super) told: Lacks,
}

/// How far a visit is.
#[derive(Debug, Default)]
struct Visit {
    established: bool,
    /// Whether the visitor was told addresses, which happens once, as in dcrd.
    told_addresses: bool,
    /// What the visitor asked for and we do not have.
    told: Lacks,
}

type Stream = Counted<Sniff<TcpStream>>;

impl Guest {
    /// Lets the visitor in. The future is the whole visit.
    pub(super) fn enter(
        self,
        stream: TcpStream,
    ) -> Result<(Handle, impl Future<Output = Result<Left, Failure>> + Send + use<>), Failure> {
        let address = self.address.to_string();
        let direction = Direction::Inbound;
        self.tell(&Notice::Connected { address: &address, direction, isolated: None })?;
        // Only speed depends on it.
        stream.set_nodelay(true).ok();
        let local = stream.local_addr().ok();
        let (stream, first) = Sniff::new(stream);
        let stream = Counted::new(stream, Arc::clone(&self.common.traffic));
        let hello = peer_tokio::hello(self.address, 0).with_id(self.number);
        let (handle, events, driver) =
            peer_tokio::inbound(stream, &self.common.node, hello, node::generator()?);
        // Futures that hold each other hold copies, so what is large has its own place, or none while it is not
        // needed: with thousands of visitors that is most of the memory.
        Ok((handle.clone(), self.stay(handle, events, Box::pin(driver), first, local)))
    }

    async fn stay(
        self,
        handle: Handle,
        mut events: Events,
        driver: Pin<Box<Driver<Stream, ChaCha12Rng>>>,
        first: FirstBytes,
        local: Option<SocketAddr>,
    ) -> Result<Left, Failure> {
        let mut visit = Visit::default();
        let hearing = async {
            while let Some(event) = events.next().await {
                Box::pin(self.hear(&handle, event, local, &mut visit)).await?;
            }
            Ok::<_, Failure>(())
        };
        // A visit that fails takes the driver with it.
        let (closed, ()) = tokio::try_join!(async { Ok::<_, Failure>(driver.await) }, hearing)?;
        Box::pin(self.part(closed, &visit, &handle, first)).await
    }

    /// Tells how it ended.
    async fn part(
        &self,
        closed: Closed,
        visit: &Visit,
        handle: &Handle,
        first: FirstBytes,
    ) -> Result<Left, Failure> {
        let ending = match self.common.leaving.get() {
            Some(reason) if closed.reason == Error::ClosedByOwner => Ending::Ours(*reason),
            _ => Ending::Theirs(closed),
        };
        let established = visit.established;
        let outcome = Outcome { established, ending, stats: handle.stats().await, first };
        let reason = explain::name(&outcome.ending);
        let config = self.common.node.config();
        let causes = explain::causes(&outcome, config);
        let guess = (!causes.is_empty()).then(|| causes::list(&causes));
        self.tell(&Notice::End(End {
            ok: outcome.is_success(),
            established,
            reason: reason.clone(),
            detail: outcome.detail(config),
            causes,
            redial_after: None,
            offered: config.protocol_version(),
            stats: Some(&outcome.stats),
            announced: None,
            asked: None,
        }))?;
        Ok(Left { number: self.number, reason, guess, told: visit.told })
    }

    async fn hear(
        &self,
        handle: &Handle,
        event: Event,
        local: Option<SocketAddr>,
        visit: &mut Visit,
    ) -> Result<(), Failure> {
        match event {
            Event::Version(version) => {
                let offered = self.common.node.config().protocol_version();
                self.tell(&Notice::version(&version, Direction::Inbound, offered))
            }
            Event::Established => {
                visit.established = true;
                self.common.established.fetch_add(1, Ordering::Relaxed);
                // The next one is due in two minutes or so, and people look at round trips now.
                let nonce = node::generator()?.next_u64();
                handle.send(Message::Ping(Ping { nonce })).await.ok();
                if self.common.report.is_for_people() {
                    return Ok(());
                }
                let protocol_version = handle.stats().await.protocol_version.get();
                self.tell(&Notice::Established { protocol_version })
            }
            Event::Message(message) => self.answer(handle, &message, local, visit).await,
            _ => Ok(()),
        }
    }

    /// Answers, one message at a time: for a visitor who asks and does not take, no second answer waits. One
    /// that cannot be sent means that the end is near, which the next event tells.
    async fn answer(
        &self,
        handle: &Handle,
        message: &Message,
        local: Option<SocketAddr>,
        visit: &mut Visit,
    ) -> Result<(), Failure> {
        let (book, now) = (&self.common.addresses, peer_tokio::hello(self.address, 0).unix_time);
        book.learn(message, Source::new(self.number, self.address.ip()), now);
        if *message == Message::GetAddr {
            if !visit.told_addresses {
                visit.told_addresses = true;
                self.tell_addresses(handle, book.tell(local, now)).await?;
            }
        } else if let Some(answered) = answer::without_it(handle, message).await {
            if visit.told.insert(answered.lack) {
                self.tell(&answered.notice(message))?;
            }
            if !answered.sent.is_empty() {
                handle.flush().await.ok();
            }
        }
        Ok(())
    }

    async fn tell_addresses(&self, handle: &Handle, addresses: Vec<NetAddressV2>) -> Result<(), Failure> {
        let mut generator = node::generator()?;
        let sent = handle.with(move |peer, now| peer.send_addresses(&addresses, now, &mut generator)).await;
        if matches!(sent, Ok(Ok(_))) {
            handle.flush().await.ok();
        }
        Ok(())
    }

    /// Tells programs. People see a table.
    fn tell(&self, notice: &Notice<'_>) -> Result<(), Failure> {
        if self.common.report.is_for_people() {
            return Ok(());
        }
        self.common.report.tell(Some(self.number), notice)
    }
}
