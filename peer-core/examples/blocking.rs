//! How do I drive a peer over a blocking socket?
//!
//! `cargo run -p peer-core --example blocking -- NETWORK ADDRESS` talks to a node for a while, as in
//! `simnet 127.0.0.1:18555`. Without arguments it talks to a listener of its own in another thread.

use core::fmt::Display;
use core::time::Duration;
use std::io::{self, ErrorKind, Read as _, Write as _, stdout};
use std::net::{Shutdown, TcpListener, TcpStream, ToSocketAddrs as _};
use std::time::{Instant, SystemTime};

use bytes::BytesMut;
use peer_core::{
    Config, Connection, ConnectionInfo, Direction, Event, Message, Network, Node, Peer, Report, Time,
};
use rand_chacha::{ChaCha8Rng as Rng, rand_core::SeedableRng as _};

/// How long to wait in a write, or in a read while there is something to write.
const WAIT: Duration = Duration::from_millis(5);

type Done = Result<(), Report>;

fn main() -> Done {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments[..] {
        [] => {}
        [network, address] => {
            let network = network.parse::<Network>().map_err(|error| error.to_string())?;
            return run(dial(address)?, network, Direction::Outbound);
        }
        _ => return Err("usage: blocking [NETWORK ADDRESS]".into()),
    }
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let stream = TcpStream::connect(listener.local_addr()?)?;
    let (accepted, _) = listener.accept()?;
    let other = std::thread::spawn(|| {
        run(accepted, Network::SIMNET, Direction::Inbound).map_err(|error| error.to_string())
    });
    run(stream, Network::SIMNET, Direction::Outbound)?;
    Ok(other.join().map_err(|_| "the listener panicked")??)
}

/// Connects to the first address of a name that answers.
fn dial(name: &str) -> io::Result<TcpStream> {
    let mut dialled = Err(ErrorKind::NotFound.into());
    for address in name.to_socket_addrs()? {
        dialled = TcpStream::connect_timeout(&address, Duration::from_secs(5));
        if dialled.is_ok() {
            break;
        }
    }
    dialled
}

/// Runs a connection, which the dialling side leaves.
fn run(mut stream: TcpStream, network: Network, direction: Direction) -> Done {
    #[expect(clippy::disallowed_methods, reason = "the one clock of this program")]
    let start = Instant::now();
    let clock = || Time::from_elapsed(start.elapsed());
    let mut seed = [0; 32];
    getrandom::fill(&mut seed)?;
    let rng = &mut Rng::from_seed(seed);
    let config = Config::builder(network).user_agent("blocking", "1.0");
    let node = Node::new(config.ping_interval(Duration::from_secs(1)).build()?);
    #[expect(clippy::disallowed_methods, reason = "the wall clock, once")]
    let info = ConnectionInfo::new(stream.peer_addr()?, 0, SystemTime::now());
    let mut connection = match direction {
        Direction::Outbound => Connection::outbound(&node, info, Time::ZERO, rng)?,
        Direction::Inbound => Connection::inbound(&node, info, Time::ZERO, rng),
    };
    stream.set_nodelay(true)?;
    stream.set_write_timeout(Some(WAIT))?;
    let (mut input, mut writing) = (BytesMut::new(), false);
    let reason = loop {
        if direction == Direction::Outbound && start.elapsed() > Duration::from_millis(2500) {
            connection.peer_mut().leave(clock() + Duration::from_secs(5), clock());
        }
        if let Err(reason) = turn(&mut connection, &mut input, &mut stream, &mut writing, clock, rng) {
            break reason;
        }
    };
    print(format_args!(
        "{}: {reason}; latest round trip {:?}",
        connection.peer().stats(),
        connection.peer().stats().last_ping_round_trip
    ));
    match connection.peer().failure() {
        Some(peer_core::Error::ClosedByOwner | peer_core::Error::ClosedByRemote) => Ok(()),
        _ => Err(reason),
    }
}

/// Handles what was read, then writes or reads a little. While there is something to write, the two alternate: two ends
/// that both block in a write would deadlock.
fn turn(
    connection: &mut Connection,
    input: &mut BytesMut,
    stream: &mut TcpStream,
    writing: &mut bool,
    clock: impl Fn() -> Time,
    rng: &mut Rng,
) -> Done {
    while let Some(event) = connection.receive(input, clock())? {
        handle_event(connection.peer_mut(), &event, clock())?;
    }
    connection.handle_timeout(clock(), rng)?;
    if connection.wants_shutdown() {
        // The owner left. What the remote still says is read until it closes as well.
        stream.shutdown(Shutdown::Write).ok();
    }
    let timeout = connection.poll_timeout().filter(|_| !connection.wants_write());
    let wait = timeout.map(|at| at.saturating_since(clock()));
    stream.set_read_timeout(Some(wait.unwrap_or(WAIT).clamp(WAIT, Duration::from_millis(100))))?;
    *writing = connection.wants_write() && !(*writing && connection.wants_read());
    let mut buffer = [0; 16 * 1024];
    match if *writing { stream.write(connection.poll_transmit(clock())) } else { stream.read(&mut buffer) } {
        Ok(count) if *writing => connection.handle_transmitted(count, clock()),
        Ok(count @ 1..) => {
            input.extend_from_slice(buffer.get(..count).unwrap_or_default());
            if count < buffer.len() {
                connection.handle_drained(input, clock());
            }
        }
        Ok(_) => drop(connection.handle_half_close(input)), // what is queued is still written
        Err(error) => match error.kind() {
            // What a signal interrupted tells nothing.
            ErrorKind::Interrupted => {}
            ErrorKind::WouldBlock | ErrorKind::TimedOut if *writing => {
                connection.handle_transmitted(0, clock());
            }
            ErrorKind::WouldBlock | ErrorKind::TimedOut => connection.handle_drained(input, clock()),
            kind if *writing => drop(connection.handle_write_error(kind.into(), input, clock())),
            kind => return Err(connection.handle_transport_error(kind.into(), input).into()),
        },
    }
    Ok(())
}

fn handle_event(peer: &mut Peer, event: &Event, now: Time) -> Done {
    let text = match event {
        Event::Version(version) => format!("version of {}", version.user_agent),
        Event::Message(message) => format!("{} {}", message.command(), message.summary()),
        other => format!("{other:?}"),
    };
    print(format_args!("{} {text}", peer.stats()));
    if *event == Event::Established {
        peer.send(&Message::SendHeaders, now)?;
    }
    Ok(())
}

/// Prints a line. Exits if standard output is closed, as by `head`.
fn print(line: impl Display) {
    if let Err(error) = writeln!(stdout(), "{line}") {
        std::process::exit(i32::from(error.kind() != ErrorKind::BrokenPipe));
    }
}
