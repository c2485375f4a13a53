//! What the checks of one run share: the node's address, the limits, the recordings.

use core::cell::{Cell, RefCell};
use core::net::SocketAddr;
use core::time::Duration;
use std::path::PathBuf;
use std::rc::Rc;

use peer_core::frame::encode;
use peer_core::recording::{Header, RecordingOptions};
use peer_core::{Config, Direction, Error, Hash, Message, Network, ProtocolVersion};
use rand_core::Rng;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::stop::Stop;
use super::wire::Wire;
use crate::clock::Stopwatch;
use crate::dial::CONNECT_TIMEOUT;
use crate::error::{Failure, about_file, chain};
use crate::format::Span;
use crate::node;
use crate::record::{self, Recording, numbered, record};

/// What the checks of one run share.
pub(super) struct Lab {
    pub(super) address: SocketAddr,
    pub(super) config: Config,
    pub(super) limits: Limits,
    /// Where recordings go.
    files: Option<(PathBuf, record::Recordings)>,
    /// The name of the check that runs.
    check: Cell<&'static str>,
    recordings: RefCell<Vec<Recorded>>,
    last: Cell<Option<Stopwatch>>,
}

/// What the command line says about times.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// How long an answer may take.
    pub(super) answer: Duration,
    /// How long a `pong` may take while another connection burdens the node.
    pub(super) busy_pong: Duration,
    /// How long the node's own time-outs may take, where they are checked.
    pub(super) slow: Duration,
    /// The least time between two connections; without it, what a node demands.
    pub(super) every: Option<Duration>,
}

/// The recording of one connection.
struct Recorded {
    path: PathBuf,
    recording: Recording,
    /// Whether the node ended the connection.
    is_closed: Rc<Cell<bool>>,
}

/// The files of one check, and what is wrong with them.
#[derive(Debug, Default)]
pub(super) struct Files {
    pub(super) paths: Vec<String>,
    pub(super) warnings: Vec<String>,
}

impl Lab {
    pub(super) fn new(
        address: SocketAddr,
        network: Network,
        limits: Limits,
        folder: Option<PathBuf>,
    ) -> Result<Self, Failure> {
        let config = Config::builder(network).user_agent("dcrpeer", env!("CARGO_PKG_VERSION")).build();
        let config = config.map_err(|error| Failure::new(chain(&error)))?;
        let files = folder.map(open_folder).transpose()?;
        Ok(Self {
            address,
            config,
            limits,
            files,
            check: Cell::new("first-contact"),
            recordings: RefCell::default(),
            last: Cell::new(None),
        })
    }

    pub(super) fn begin(&self, check: &'static str) {
        self.check.set(check);
    }

    pub(super) const fn network(&self) -> Network {
        self.config.network()
    }

    /// The hash of the network's first block.
    pub(super) fn genesis(&self) -> Result<Hash, Stop> {
        self.network().genesis_hash().ok_or_else(|| Stop::skip("the network's first block is not known"))
    }

    /// The bytes of a message at the newest version.
    pub(super) fn frame(&self, message: &Message) -> Result<Vec<u8>, Stop> {
        Ok(encode(message, self.network(), ProtocolVersion::LATEST)?)
    }

    /// A number that nothing else uses.
    pub(super) fn random(&self) -> Result<u64, Stop> {
        Ok(node::generator()?.next_u64())
    }

    /// A hash that no block has.
    pub(super) fn unknown_hash(&self) -> Result<Hash, Stop> {
        let mut bytes = [0; Hash::LEN];
        node::generator()?.fill_bytes(&mut bytes);
        Ok(Hash::from_bytes(bytes))
    }

    /// Connects, and says nothing yet.
    pub(super) async fn open(&self) -> Result<Wire<'_>, Stop> {
        if let Some(last) = self.last.get() {
            // A node limits the connections of one address, but those of its own machine.
            let default = if self.address.ip().is_loopback() { Duration::ZERO } else { PACE };
            sleep(self.limits.every.unwrap_or(default).saturating_sub(last.elapsed())).await;
        }
        let stream = match timeout(CONNECT_TIMEOUT, TcpStream::connect(self.address)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(Stop::fail(format!("cannot connect: {error}"))),
            Err(_) => return Err(Stop::fail(format!("cannot connect within {}", Span(CONNECT_TIMEOUT)))),
        };
        Ok(self.adopt(stream)?)
    }

    /// Connects and shakes hands at the newest version.
    pub(super) async fn meet(&self) -> Result<Wire<'_>, Stop> {
        let mut wire = self.open().await?;
        wire.shake_hands(ProtocolVersion::LATEST.get()).await?;
        Ok(wire)
    }

    /// Takes a stream that is connected.
    pub(super) fn adopt(&self, stream: TcpStream) -> Result<Wire<'_>, Failure> {
        self.last.set(Some(Stopwatch::start()));
        // Nagle's algorithm would join the pieces of a frame that is split on purpose.
        stream.set_nodelay(true).ok();
        let is_closed = Rc::<Cell<bool>>::default();
        let recording = self.start_recording()?;
        let stream = record(stream, recording.as_ref().map(|(_, recording)| recording));
        if let Some((path, recording)) = recording {
            let recorded = Recorded { path, recording, is_closed: Rc::clone(&is_closed) };
            self.recordings.borrow_mut().push(recorded);
        }
        Ok(Wire::new(self, stream, is_closed))
    }

    fn start_recording(&self) -> Result<Option<(PathBuf, Recording)>, Failure> {
        let Some((folder, files)) = &self.files else { return Ok(None) };
        let path = folder.join(self.check.get()).with_extension("jsonl");
        let path = match self.recordings.borrow().len() {
            0 => path,
            others => numbered(&path, (others as u64).saturating_add(1)),
        };
        let info = peer_tokio::connection_info(self.address, 0);
        let name = self.address.to_string();
        let header = Header::new(self.config.clone(), Direction::Outbound);
        let header = header.unix_time(info.unix_time).address(&name);
        let recording = files.start_at(path.clone(), header)?;
        Ok(recording.map(|recording| (path, recording)))
    }

    /// Ends the recordings of a check. Its connections must have been dropped.
    pub(super) async fn finish_recordings(&self) -> Files {
        let recordings = self.recordings.take();
        let mut files = Files::default();
        for Recorded { path, recording, is_closed } in recordings {
            files.paths.push(path.display().to_string());
            let reason = if is_closed.get() { Error::ClosedByRemote } else { Error::ClosedByOwner };
            files.warnings.extend(recording.finish(&reason).await);
        }
        files
    }
}

/// Makes the folder if it is not there.
fn open_folder(folder: PathBuf) -> Result<(PathBuf, record::Recordings), Failure> {
    std::fs::create_dir_all(&folder).map_err(|error| {
        Failure::Usage(format!("cannot record to {}: {}", folder.display(), about_file(&error)))
    })?;
    let files = record::Recordings::in_folder(folder.clone(), RecordingOptions::default())?;
    Ok((folder, files))
}

/// Between two connections from outside: a node lets three in at once, and then one each 5 s.
const PACE: Duration = Duration::from_secs(6);
