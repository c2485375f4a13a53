//! What happens to programs: no descriptors left, addresses that cannot be reached.

#[cfg(unix)]
use std::net::TcpStream;

use peer_core::Message;
use peer_core::message::{GetData, Inv, Transaction};
use tokio::time::timeout;

use crate::program::run_beside;
#[cfg(unix)]
use crate::program::{Program, example_with_descriptors, start};
use crate::{LIMIT, Remote, listen, refusing};

/// Takes all descriptors of an example, and gives them back when accepting has failed.
#[cfg(unix)]
fn exhaust(program: &Program, address: core::net::SocketAddr) {
    let visitors: Vec<_> = (0..40).map(|_| TcpStream::connect(address).unwrap()).collect();
    program.line("cannot accept: ");
    drop(visitors);
}

#[cfg(unix)]
#[tokio::test]
async fn server_and_node_go_on_after_accepting_failed() {
    for name in ["server", "node"] {
        let program = start(example_with_descriptors(24, name, &["simnet", "127.0.0.1:0"]));
        let address = crate::node::address(&program);
        exhaust(&program, address);
        Remote::dial(address).await;
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn proxy_goes_on_after_accepting_failed_and_after_a_visitor_without_upstream() {
    let (upstream, behind) = listen().await;
    let program = start(example_with_descriptors(24, "proxy", &["127.0.0.1:0", &behind]));
    let address = crate::node::address(&program);
    exhaust(&program, address);
    // Those of before are in the way, without a word.
    let host = tokio::spawn(async move {
        loop {
            tokio::spawn(Remote::accept(&upstream).await.end());
        }
    });
    // While there is a descriptor for the visitor and none for its upstream, the proxy sends it away.
    let served = async { while Remote::try_dial(address).await.is_none() {} };
    timeout(LIMIT, served).await.expect("the proxy serves no one");
    host.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn broadcaster_and_monitor_go_on_with_an_address_that_cannot_be_reached() {
    let (dead, (listener, address)) = (refusing().await, listen().await);
    let all = vec![dead.clone(), "not an address".to_owned(), address.clone()];
    let hex: String = Transaction::new(1, &[], &[], 0, 0)
        .unwrap()
        .as_bytes()
        .iter()
        .map(|it| format!("{it:02x}"))
        .collect();
    let args = ["simnet".to_owned(), hex].into_iter().chain(all.clone()).collect();
    let run = tokio::spawn(run_beside("broadcaster", args));
    let mut remote = Remote::accept(&listener).await;
    let Inv { inventory } = remote.hear(|it| if let Message::Inv(it) = it { Some(it) } else { None }).await;
    remote.send(GetData { inventory }).await;
    remote.end().await;
    let run = run.await.unwrap();
    run.assert_succeeds();
    assert!(run.has_line(&format!("{dead}  failed: ")) && run.has_line("not an address  failed: "));
    assert!(run.has_line("1 of 3 asked for it"), "{:?}", run.out);

    let args = ["simnet".to_owned()].into_iter().chain(all).collect();
    let run = tokio::spawn(run_beside("monitor", args));
    let mut remote = Remote::accept(&listener).await;
    while remote.next().await.unwrap() != peer_core::Event::Established {}
    remote.send(Message::SendHeaders).await;
    remote.handle.flush().await.unwrap();
    remote.handle.close();
    let run = run.await.unwrap();
    run.assert_succeeds();
    assert!(run.out.iter().any(|line| line.contains(&dead) && line.contains("\"end\"")), "{:?}", run.out);
    assert!(
        run.out.iter().any(|line| line.contains(&address) && line.contains("sendheaders")),
        "{:?}",
        run.out
    );
}
