//! The program of the page on requests, against a node that serves.

use peer_core::message::{CFilterV2, CFiltersV2, FilterData, Headers, List};
use peer_core::{Config, Event, Message, Network, Node};
use peer_tokio::{SystemRng, connection_info, inbound, outbound};
use tokio::io::{DuplexStream, duplex};

include!("../../../docs/code/requests.rs");

/// A chain of 250 blocks behind the first hash that is asked for. The filters of every hundredth block match.
async fn serve(stream: DuplexStream) {
    let node = Node::new(Config::builder(Network::SIMNET).build().unwrap());
    let info = connection_info(([127, 0, 0, 1], 1).into(), 0);
    let (peer, mut events, driver) = inbound(stream, &node, info, SystemRng);
    tokio::spawn(driver);
    let mut chain: Vec<BlockHeader> = Vec::new();
    while let Some(event) = events.next().await {
        let Event::Message(message) = event else { continue };
        match message {
            Message::GetHeaders(request) => {
                let mut prev_block = request.locator[0];
                for height in 0..250 {
                    let header = BlockHeader { height, prev_block, ..BlockHeader::default() };
                    prev_block = header.hash();
                    chain.push(header);
                }
                peer.send(Headers { headers: chain.clone().try_into().unwrap() }).await.unwrap();
            }
            Message::GetCfsV2(request) => {
                let mut is_over = false;
                let blocks = chain.iter().skip_while(|header| header.hash() != request.start_hash);
                let blocks = blocks.take_while(|header| {
                    !core::mem::replace(&mut is_over, header.hash() == request.end_hash)
                });
                let filter = |header: &BlockHeader| CFilterV2 {
                    block_hash: header.hash(),
                    data: FilterData::new(if header.height.is_multiple_of(100) { &[7][..] } else { &[] })
                        .unwrap(),
                    proof_index: 0,
                    proof_hashes: List::new(),
                };
                let cfilters = blocks.map(filter).collect::<Vec<_>>().try_into().unwrap();
                peer.send(CFiltersV2 { cfilters }).await.unwrap();
            }
            Message::GetData(request) => {
                let is_wanted =
                    |header: &&BlockHeader| request.inventory.iter().any(|item| item.hash == header.hash());
                for header in chain.iter().filter(is_wanted) {
                    peer.send(Block::new(header, &[], &[]).unwrap()).await.unwrap();
                }
            }
            _ => {}
        }
    }
}

#[tokio::test]
async fn the_program_on_the_page_of_requests_finds_the_blocks_that_match() {
    let (near, far) = duplex(64 * 1024);
    tokio::spawn(serve(far));
    let node = Node::new(Config::builder(Network::SIMNET).build().unwrap());
    let info = connection_info(([127, 0, 0, 1], 1).into(), 0);
    let (peer, events, driver) = outbound(near, &node, info, SystemRng).unwrap();
    tokio::spawn(driver);
    let blocks = matching((peer, events), Hash::from_bytes([1; 32]), |filter| filter == [7]).await.unwrap();
    let heights: Vec<_> = blocks.iter().map(|block| block.header().height).collect();
    assert_eq!(heights, [0, 100, 200]);
}
