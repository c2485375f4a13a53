//! The program of the README, as its user runs it.

use std::process::{Command, Output};

use peer_core::{Config, Network, Node};
use peer_tests::remote::hands;
use peer_tokio::{SystemRng, connection_info, inbound};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

fn first(arguments: &[String]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_first")).args(arguments).output().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_program_asks_a_node() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let program = tokio::task::spawn_blocking(move || first(&[address.to_string()]));
    let (stream, address) = listener.accept().await.unwrap();
    let config = Config::builder(Network::MAINNET).user_agent_prefix("/host:1/").build().unwrap();
    let (peer, mut events, driver) =
        inbound(stream, &Node::new(config), connection_info(address, 0), SystemRng);
    tokio::spawn(driver);
    while events.next().await.is_some() {}
    let output = program.await.unwrap();
    let output_text = String::from_utf8(output.stdout).unwrap();
    assert!(output_text.starts_with("/host:1/ answered a ping in "), "{output_text}");
    assert!(output.status.success());
    assert!(peer.stats().await.user_agent.as_str().ends_with("/first:0.1.0/"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_program_says_why_there_was_no_handshake() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let program = tokio::task::spawn_blocking(move || first(&[address.to_string()]));
    // A close with unread bytes resets the connection, which is another reason.
    let (mut stream, _) = listener.accept().await.unwrap();
    assert_ne!(stream.read(&mut [0; 1024]).await.unwrap(), 0);
    drop(stream);
    let output = program.await.unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.starts_with("Error: closed by the remote before its version: another network"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_program_says_in_words_that_the_node_is_of_another_network() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let program = tokio::task::spawn_blocking(move || first(&[address.to_string()]));
    let (mut stream, _) = listener.accept().await.unwrap();
    stream.write_all(&hands()).await.unwrap();
    let output = program.await.unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.starts_with("Error: frame of another network: SimNet"), "{said}");
}

#[test]
fn the_first_program_says_in_words_that_nothing_listens() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let output = first(&[free.to_string()]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.starts_with("Error: cannot connect: "), "{said}");
    assert!(said.contains("no node listens at this address"), "{said}");
}

#[test]
fn the_first_program_says_in_words_how_it_is_called() {
    assert_eq!(String::from_utf8(first(&[]).stderr).unwrap(), "Error: usage: first ADDRESS\n");
}
