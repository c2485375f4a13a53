//! Two machines over sockets, driven by `peer-tokio`, on a runtime of one thread.

use core::future::Future;
use core::net::SocketAddr;
use std::collections::VecDeque;
use std::sync::Arc;

use peer_core::recording::Recorder;
use peer_core::{Event, Mark, Message, Node, Request, RequestOptions, SendError};
use peer_tokio::{Closed, Events, Handle, Recorded, connection_info};
use rand_chacha::ChaCha8Rng;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use crate::lines::Work;
use crate::way::{self, Failure, LONG, Way, is_message};

/// As many commands at a time as there are places for.
const TOGETHER: usize = 16;

pub(crate) struct OverTokio {
    runtime: Runtime,
    town: Town,
    /// Away while its task has it.
    near: Option<End>,
    far: End,
}

/// What connections begin with.
struct Town {
    listener: TcpListener,
    near: Node,
    far: Node,
    /// Connections made, each of which has a generator of its own.
    count: u64,
    recorder: Option<Recorder>,
}

struct End {
    handle: Handle,
    events: Events,
}

impl OverTokio {
    pub(crate) fn new() -> Result<Self, Failure> {
        Self::recorded(None)
    }

    /// The near end of each connection is recorded, if there is a recorder.
    pub(crate) fn recorded(recorder: Option<Recorder>) -> Result<Self, Failure> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let listener = runtime.block_on(TcpListener::bind(address))?;
        let mut town = Town { listener, near: way::node()?, far: way::node()?, count: 0, recorder };
        let (near, far) = runtime.block_on(town.connect())?;
        Ok(Self { runtime, town, near: Some(near), far })
    }

    /// The near end speaks in a task of its own, the far one hears `count` messages.
    fn talk<S>(&mut self, speak: impl FnOnce(End) -> S, count: usize) -> Result<(), Failure>
    where
        S: Future<Output = Result<End, Failure>> + Send + 'static,
    {
        let near = self.near.take().ok_or("it failed before")?;
        let speak = speak(near);
        let hear = self.far.hear(count);
        let both = async {
            let speaker = tokio::spawn(speak);
            hear.await?;
            speaker.await?
        };
        let near = self.runtime.block_on(async { timeout(LONG, both).await })??;
        self.near = Some(near);
        Ok(())
    }
}

impl Way for OverTokio {
    fn run(&mut self, work: &Work, count: usize) -> Result<(), Failure> {
        match work {
            Work::PingPong { outstanding } => {
                let outstanding = *outstanding;
                self.talk(move |near| near.ping_pong(outstanding, count), count)
            }
            Work::Requests => self.talk(move |near| near.requests(count), count),
            Work::OneWay { message, .. } => {
                let message = Arc::clone(message);
                self.talk(move |near| near.say(message, count), count)
            }
            Work::Handshakes => self.runtime.block_on(async {
                for _ in 0..count {
                    self.town.shake_hands().await?;
                }
                Ok(())
            }),
        }
    }
}

impl Town {
    /// A connection whose ends have shaken hands.
    async fn connect(&mut self) -> Result<(End, End), Failure> {
        let address = self.listener.local_addr()?;
        let (dialled, accepted) = tokio::join!(TcpStream::connect(address), self.listener.accept());
        let (dialled, (accepted, caller)) = (dialled?, accepted?);
        dialled.set_nodelay(true)?;
        accepted.set_nodelay(true)?;
        self.count += 1;
        let (near_rng, far_rng) = (way::rng(2 * self.count), way::rng(2 * self.count + 1));
        let mut near = match self.recorder.clone() {
            Some(recorder) => End::dial(Recorded::new(dialled, recorder), &self.near, address, near_rng)?,
            None => End::dial(dialled, &self.near, address, near_rng)?,
        };
        let (handle, events, driver) =
            peer_tokio::inbound(accepted, &self.far, connection_info(caller, 0), far_rng);
        let mut far = End { handle, events };
        tokio::spawn(driver);
        let (one, other) = tokio::join!(near.until_established(), far.until_established());
        one.and(other)?;
        Ok((near, far))
    }

    async fn shake_hands(&mut self) -> Result<(), Failure> {
        let (near, far) = self.connect().await?;
        near.handle.close();
        timeout(LONG, async { tokio::join!(near.handle.closed(), far.handle.closed()) }).await?;
        Ok(())
    }
}

impl End {
    fn dial(
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        node: &Node,
        address: SocketAddr,
        rng: ChaCha8Rng,
    ) -> Result<Self, Failure> {
        let (handle, events, driver) = peer_tokio::outbound(stream, node, connection_info(address, 0), rng)?;
        tokio::spawn(driver);
        Ok(Self { handle, events })
    }

    async fn until_established(&mut self) -> Result<(), Failure> {
        while self.next().await? != Event::Established {}
        Ok(())
    }

    async fn next(&mut self) -> Result<Event, Failure> {
        match self.events.next().await {
            Some(event) => Ok(event),
            None => Err(self.handle.closed().await.into()),
        }
    }

    async fn hear(&mut self, count: usize) -> Result<(), Failure> {
        let mut heard = 0;
        while heard < count {
            heard += usize::from(is_message(&self.next().await?));
        }
        Ok(())
    }

    async fn ping_pong(mut self, outstanding: usize, count: usize) -> Result<Self, Failure> {
        let (mut said, mut heard) = (0, 0);
        while heard < count {
            while said < count.min(heard + outstanding) {
                // The answer to the command is not waited for: the one to the ping is.
                drop(self.handle.reserve().await?.try_send(way::ping(said as u64)));
                said += 1;
            }
            self.hear(1).await?;
            heard += 1;
        }
        Ok(self)
    }

    async fn requests(self, count: usize) -> Result<Self, Failure> {
        for _ in 0..count {
            self.handle.request(Request::Ping, RequestOptions::new()).await?.only().await?;
        }
        Ok(self)
    }

    /// Says a message again and again, without waiting for each command to be done.
    async fn say(self, message: Arc<Message>, count: usize) -> Result<Self, Failure> {
        let mut answers = VecDeque::new();
        for _ in 0..count {
            if answers.len() == TOGETHER
                && let Some(oldest) = answers.pop_front()
            {
                settle(oldest).await?;
            }
            let message = Arc::clone(&message);
            answers.push_back(self.handle.reserve().await?.with(move |peer, now| peer.send(&message, now)));
        }
        for answer in answers {
            settle(answer).await?;
        }
        Ok(self)
    }
}

async fn settle(
    answer: impl Future<Output = Result<Result<Mark, SendError>, Closed>>,
) -> Result<(), Failure> {
    answer.await??;
    Ok(())
}
