//! The part over `peer-tokio`: tasks that dial and tasks that accept.

use core::time::Duration;
use std::sync::Arc;

use peer_core::{Event, Node, SendError};
use peer_tokio::{Closed, Driver, Events, Handle, connection_info, inbound, outbound};
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::Failure;
use crate::clock;
use crate::plan::{Plan, below, rng};
use crate::run::{Setting, node};
use crate::session::{LEAVING, LONGEST, Session, Wish};

/// What one end's connections run on.
pub(crate) fn runtime() -> std::io::Result<Runtime> {
    Builder::new_multi_thread().worker_threads(2).enable_all().build()
}

pub(crate) fn run(listener: std::net::TcpListener, setting: &Arc<Setting>) -> Result<(), Failure> {
    let runtime = runtime()?;
    let (near, far) = (node()?, node()?);
    runtime.block_on(async {
        let accepting = tokio::spawn(accept(TcpListener::from_std(listener)?, far, Arc::clone(setting)));
        let mut dialling = JoinSet::new();
        for number in 0..setting.peers {
            let rng = rng(setting.seed, 1000 + number as u64);
            dialling.spawn(dial(near.clone(), Arc::clone(setting), rng));
        }
        dialling.join_all().await;
        setting.tally.end_dialling();
        accepting.await?
    })
}

/// Makes one connection after the other.
async fn dial(node: Node, setting: Arc<Setting>, mut rng: ChaCha8Rng) {
    while !setting.tally.stops() {
        let address = setting.targets[below(&mut rng, 2) as usize];
        let stream = match TcpStream::connect(address).await {
            Ok(stream) => stream,
            // As when no port is free: later.
            Err(error) => {
                setting.tally.end(&format!("cannot dial: {error}"));
                sleep(Duration::from_millis(10)).await;
                continue;
            }
        };
        stream.set_nodelay(true).ok();
        let plan = Plan::draw(setting.tally.begin(), &mut rng);
        let own = ChaCha8Rng::from_rng(&mut rng);
        if let Ok(end) = outbound(stream, &node, connection_info(address, 0), own) {
            run_end(end, Session::dialled(plan, Arc::clone(&setting.tally)), &mut rng).await;
        }
    }
}

async fn accept(listener: TcpListener, node: Node, setting: Arc<Setting>) -> Result<(), Failure> {
    let (mut rng, mut ends) = (rng(setting.seed, 2), JoinSet::new());
    while setting.tally.is_dialling() {
        let accepted = timeout(Duration::from_millis(50), listener.accept()).await;
        let Ok(Ok((stream, address))) = accepted else { continue };
        stream.set_nodelay(true).ok();
        let (own, mut rng) = (ChaCha8Rng::from_rng(&mut rng), ChaCha8Rng::from_rng(&mut rng));
        let end = inbound(stream, &node, connection_info(address, 0), own);
        let session = Session::accepted(Arc::clone(&setting.tally));
        ends.spawn(async move { run_end(end, session, &mut rng).await });
        while ends.try_join_next().is_some() {}
    }
    ends.join_all().await;
    Ok(())
}

async fn run_end(
    (handle, mut events, driver): (Handle, Events, Driver<TcpStream, ChaCha8Rng>),
    mut session: Session,
    rng: &mut ChaCha8Rng,
) {
    let driver = tokio::spawn(driver);
    match timeout(LONGEST, converse(&handle, &mut events, &mut session, rng)).await {
        Ok(closed) => session.on_end(&closed.to_string()),
        Err(_) => {
            session.on_stuck();
            handle.close();
        }
    }
    drop(events);
    driver.await.ok();
}

/// Takes events and says what the session wants, until the end. Waits are dropped at random and begun anew.
async fn converse(
    handle: &Handle,
    events: &mut Events,
    session: &mut Session,
    rng: &mut ChaCha8Rng,
) -> Closed {
    // Bytes to wait for before the next message; nothing can be said before the handshake is complete.
    let (mut wanted, mut is_mute) = (None, true);
    loop {
        match session.wish() {
            Wish::GoOn => {}
            Wish::Leave => return handle.leave((clock::now() + LEAVING).into()).await,
            Wish::Close => {
                handle.close();
                return handle.closed().await;
            }
        }
        if !is_mute
            && wanted.is_none()
            && let Some(message) = session.next()
        {
            match handle.try_send(message).await {
                Ok(_) => {
                    session.on_said();
                    continue;
                }
                Err(SendError::Full { wanted: bytes, .. }) => wanted = Some(bytes),
                Err(_) => is_mute = true,
            }
        }
        let patience = Duration::from_micros(u64::from(below(rng, 5000)));
        let drops = below(rng, 2) == 0;
        tokio::select! {
            event = events.next() => match event {
                None => return handle.closed().await,
                Some(Event::Established) => {
                    session.on_established();
                    is_mute = false;
                }
                Some(Event::Message(message)) => session.on_message(&message),
                Some(_) => {}
            },
            result = handle.room(wanted.unwrap_or_default()), if wanted.is_some() => {
                is_mute = result.is_err();
                wanted = None;
            }
            () = sleep(patience), if drops => {}
        }
    }
}
