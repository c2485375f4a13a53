//! `dcrpeer serve`: a small listening node that keeps many peers, and shows them in a table.
//!
//! Each peer is one task, which drives its connection and answers it (`guest`, `address_book`). The owner of them
//! all accepts and counts (`house`, `status`), and twice a second asks those few for their statistics whose
//! lines are shown (`table`, `screen`).

mod address_book;
mod guest;
mod house;
mod screen;
mod status;
mod table;

use core::sync::atomic::AtomicU64;
use core::time::Duration;
use std::io::{self, Write};
use std::sync::{Arc, OnceLock};

use clap::Args;
use tokio::time::{MissedTickBehavior, interval, sleep};

use self::address_book::AddressBook;
use self::guest::Common;
use self::house::House;
pub(crate) use self::screen::give_terminal_back;
pub(crate) use self::status::Status;
use crate::args::PeerArgs;
use crate::error::Failure;
use crate::listen::{self, PAUSE};
use crate::node;
use crate::output::Count;
use crate::report::{Notice, Report};
use crate::services::ServiceArgs;
use crate::stop::Stop;
use crate::system;
use crate::target::Target;

#[derive(Args, Debug)]
pub(crate) struct ServeArgs {
    /// Where to listen, with or without a port; port 0 takes a free one
    #[arg(default_value = "127.0.0.1")]
    addr: Target,
    /// Most peers at a time; more wait at the door
    #[arg(long, default_value_t = 10_000, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    max: u32,
    /// Keep and tell addresses of private networks and of this machine too, as a test network needs
    #[arg(long)]
    allow_private: bool,
    #[command(flatten)]
    service: ServiceArgs,
    #[command(flatten)]
    pub(crate) peer: PeerArgs,
}

/// Time between two looks at how things are.
const PERIOD: Duration = Duration::from_millis(500);

/// Keeps peers until it is time to leave.
pub(crate) async fn run(args: ServeArgs) -> Result<(), Failure> {
    let network = args.peer.network;
    let mut stop = Stop::after(args.peer.duration)?;
    let node = node::build(args.service.configure(node::configure(&args.peer)).build())?;
    let (listener, address) = listen::bind(&args.addr, network, &mut stop).await?;
    let report = Report::about_many(args.peer.json);
    let max = room_for(args.max);
    report.tell(None, &Notice::Listening { address, network })?;

    let common = Common {
        node,
        report,
        traffic: Arc::default(),
        established: AtomicU64::new(0),
        addresses: AddressBook::new(args.allow_private, args.service.services),
        leaving: OnceLock::new(),
    };
    let mut house = House::open(address, max, common)?;
    let mut looks = interval(PERIOD);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let reason = loop {
        tokio::select! {
            accepted = listener.accept(), if house.has_room() => match accepted {
                Ok((stream, address)) => house.welcome(stream, address)?,
                Err(_) => sleep(PAUSE).await,
            },
            parted = house.parted() => parted?,
            _ = looks.tick() => house.show().await?,
            reason = stop.wait() => break reason,
        }
    };
    drop(listener);
    house.close(reason).await
}

/// As many of the peers that are wanted as the system has room for. Says so if these are fewer.
fn room_for(wanted: u32) -> u32 {
    let room = system::room_for(wanted);
    if room < wanted {
        let (few, many, how) = (Count(room.into()), Count(wanted.into()), system::how_to_make_room(wanted));
        // Where nobody can be told, nobody is.
        writeln!(
            io::stderr(),
            "dcrpeer: the limit of open files lets {few} peers in at a time, not {many}; raise it with \
             {how}, or say --max {room}"
        )
        .ok();
    }
    room
}
