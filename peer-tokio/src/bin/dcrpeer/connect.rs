//! `dcrpeer connect`: a visit to one peer.

use core::net::SocketAddr;

use peer_core::Direction;
use tokio::net::TcpStream;

use crate::args::ConnectArgs;
use crate::dial::{dial, resolve};
use crate::error::Failure;
use crate::node;
use crate::report::{End, Notice, Report};
use crate::stop::Stop;
use crate::watch::Watch;

/// The only peer's number.
const NUMBER: u64 = 1;

/// Visits the peer until the end.
pub(crate) async fn run(args: ConnectArgs) -> Result<(), Failure> {
    let network = args.peer.network;
    let report = Report::about_one(args.peer.json);
    let stop = Stop::after(args.peer.duration)?;
    let node = node::from_args(&args.peer)?;
    let (stream, address) = match reach(&args, &report, stop.clone()).await {
        Ok(connected) => connected,
        Err(failure) => return Err(tell_unreachable(&report, failure)),
    };
    let direction = Direction::Outbound;
    let watch = Watch { number: NUMBER, address, direction, node, report, stop };
    let outcome = watch.run(stream).await?;
    if outcome.is_success() {
        return Ok(());
    }
    Err(Failure::new(format!("{address}: {}", outcome.detail(network))))
}

/// Finds the address and connects.
async fn reach(
    args: &ConnectArgs,
    report: &Report,
    mut stop: Stop,
) -> Result<(TcpStream, SocketAddr), Failure> {
    let network = args.peer.network;
    let connected = async {
        let addresses = resolve(&args.addr, network).await?;
        if let [address, ..] = *addresses.as_slice() {
            report.tell(Some(NUMBER), &Notice::Connecting { address, network })?;
        }
        dial(&addresses, network).await
    };
    tokio::select! {
        connected = connected => connected,
        reason = stop.wait() => {
            Err(Failure::new(format!("{}: no connection yet ({reason})", args.addr.host)))
        }
    }
}

/// Programs are told what people read on standard error.
fn tell_unreachable(report: &Report, failure: Failure) -> Failure {
    let Failure::Told(detail) = failure else {
        return failure;
    };
    if report.is_for_people() {
        return Failure::Told(detail);
    }
    let reason = "Unreachable".to_owned();
    let end = End { ok: false, established: false, reason, detail: detail.clone(), stats: None };
    match report.tell(Some(NUMBER), &Notice::End(end)) {
        Ok(()) => Failure::Told(detail),
        Err(failure) => failure,
    }
}
