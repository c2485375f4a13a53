use peer_core::{ConnectionInfo, Node};
use std::{net::SocketAddr, thread::JoinHandle, time::{Instant, SystemTime}};

/// Dials `address`. `handle` gets the events, in the thread of the driver, which returns the reason of the end.
fn dial<R: rand_core::Rng + Send + 'static>(
    (address, node, mut rng): (SocketAddr, &Node, R),
    handle: impl FnMut(&mut Peer, Event, Time) + Send + 'static,
) -> Result<(SyncSender<News>, JoinHandle<io::Result<Error>>), Box<dyn std::error::Error>> {
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
