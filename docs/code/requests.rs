use peer_tokio::peer_core::message::{Block, BlockHeader};
use peer_tokio::peer_core::{Hash, Interest};
use peer_tokio::{Events, Handle, ResponseError};

/// The blocks behind `tip` whose filters match, of up to 2,000.
async fn matching(
    (peer, events): (Handle, Events),
    tip: Hash,
    matches: fn(&[u8]) -> bool,
) -> Result<Vec<Block>, ResponseError> {
    let _open = events.only(Interest::NONE).await?; // the handshake is complete
    let headers = peer.headers(vec![tip], Hash::ZERO).await?;
    let mut wanted = Vec::new();
    for batch in BlockHeader::hash_many(&headers).chunks(100) {
        let filters = peer.filters(batch).await?;
        let matching = filters.iter().filter(|filter| matches(&filter.data));
        wanted.extend(matching.map(|filter| filter.block_hash));
    }
    let (mut blocks, mut found) = (peer.blocks(wanted), Vec::new());
    while let Some(block) = blocks.next().await {
        found.push(block?);
    }
    Ok(found)
}
