use core::net::SocketAddr;
use peer_core::{ConnectionInfo, Node};
use std::{thread::JoinHandle, time::{Instant, SystemTime}};

/// A way to command the connection, and the thread of its driver, which returns the reason of the end.
type Dialled = (SyncSender<News>, JoinHandle<io::Result<Error>>);

/// Dials `address`. `handle` gets the events, in the thread of the driver.
fn dial<R: rand_core::Rng + Send + 'static>(
    (address, node, mut rng): (SocketAddr, &Node, R),
    handle: impl FnMut(&mut Peer, Event, Time) + Send + 'static,
) -> Result<Dialled, Box<dyn core::error::Error>> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let start = Instant::now();
    let clock = move || Time::from_elapsed(start.elapsed());
    let info = ConnectionInfo::new(address, 0, SystemTime::now());
    let connection = Connection::outbound(node, info, clock(), &mut rng)?;
    let (commands, news) = sync_channel(16);
    let inbox = commands.clone();
    let driver = thread::spawn(move || run((connection, stream, clock, &mut rng), (inbox, news), handle));
    Ok((commands, driver))
}
