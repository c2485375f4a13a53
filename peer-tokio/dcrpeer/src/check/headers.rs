//! Checks of `getheaders` and `getblocks`.

use peer_core::message::{BlockHeader, GetBlocks, GetHeaders, Inventory, Locator};
use peer_core::{Hash, Message};

use super::catalogue::{Check, Needs};
use super::lab::Lab;
use super::stop::{Outcome, Stop};
use super::wire::Wire;
use crate::format::Count;

/// The checks of this file.
pub(super) const CHECKS: &[Check] = &[
    Check {
        name: "headers-link",
        sends: "`getheaders` from the first block on",
        passes: "up to 2,000 `headers` that follow each other from height 1 on",
        needs: Needs::Nothing,
        source: "dcrd's server",
        cases: &["getheaders from genesis"],
        run: |lab| Box::pin(link(lab)),
    },
    Check {
        name: "headers-go-on",
        sends: "`getheaders` behind the 2,000th",
        passes: "`headers` that follow it; skipped if its chain is shorter",
        needs: Needs::Nothing,
        source: "dcrd's server",
        cases: &[],
        run: |lab| Box::pin(go_on(lab)),
    },
    Check {
        name: "headers-at-tip",
        sends: "`getheaders` behind the last one",
        passes: "`headers` with none; skipped if its chain has 8,000 blocks or more",
        needs: Needs::Nothing,
        source: "dcrd's server",
        cases: &["getheaders from the tip"],
        run: |lab| Box::pin(at_tip(lab)),
    },
    Check {
        name: "headers-again",
        sends: "the same `getheaders` twice",
        passes: "the same `headers` twice",
        needs: Needs::Nothing,
        source: "dcrd's server",
        cases: &["getheaders twice the same"],
        run: |lab| Box::pin(repeat(lab)),
    },
    Check {
        name: "headers-stop",
        sends: "`getheaders` with the third block as stop",
        passes: "`headers` up to that one",
        needs: Needs::Nothing,
        source: "dcrd's server",
        cases: &["getheaders from genesis, stop at block 2"],
        run: |lab| Box::pin(stop(lab)),
    },
    Check {
        name: "unknown-locator",
        sends: "`getheaders` behind an unknown block",
        passes: "`headers` from height 1 on",
        needs: Needs::Nothing,
        source: "dcrd's server",
        cases: &["getheaders with unknown locator"],
        run: |lab| Box::pin(unknown_locator(lab)),
    },
    Check {
        name: "empty-locator",
        sends: "`getheaders` without a locator, with an unknown stop",
        passes: "`headers` with none",
        needs: Needs::Nothing,
        source: "dcrd's server",
        cases: &["testnet3, new node: getheaders with unknown locator"],
        run: |lab| Box::pin(empty_locator(lab)),
    },
    Check {
        name: "stop-alone",
        sends: "`getheaders` without a locator, with a known stop",
        passes: "the `headers` of that one alone",
        needs: Needs::Nothing,
        source: "dcrd's server",
        cases: &["getheaders with empty locator, stop known"],
        run: |lab| Box::pin(stop_alone(lab)),
    },
    Check {
        name: "answer-order",
        sends: "8 `getheaders` at once, each for another header",
        passes: "their `headers` in the order of the requests",
        needs: Needs::Nothing,
        source: "dcrd's server",
        cases: &["getcfsv2 with pings around"],
        run: |lab| Box::pin(order(lab)),
    },
    Check {
        name: "block-names",
        sends: "`getblocks` from the first block on",
        passes: "an `inv` of up to 500 blocks in their order",
        needs: Needs::Nothing,
        source: "dcrd's server",
        cases: &["getblocks from genesis"],
        run: |lab| Box::pin(inventory(lab)),
    },
];

/// The first headers of the chain link from the first block on.
async fn link(lab: &Lab) -> Outcome {
    let mut wire = lab.meet().await?;
    let headers = first(lab, &mut wire).await?;
    let tip = linked(lab.genesis()?, 1, &headers)?;
    Ok(format!("{} headers, each the parent of the next; last {}", Count::from(headers.len()), short(&tip)))
}

/// After 2,000 headers the next ones follow.
async fn go_on(lab: &Lab) -> Outcome {
    let mut wire = lab.meet().await?;
    let headers = first(lab, &mut wire).await?;
    if headers.len() < FULL {
        return Err(Stop::skip(format!("its chain has only {} blocks", headers.len())));
    }
    let tip = linked(lab.genesis()?, 1, &headers)?;
    let more = ask(&mut wire, &[tip], Hash::ZERO).await?;
    if more.is_empty() {
        return Err(Stop::skip("its chain has just 2,000 blocks"));
    }
    linked(tip, AFTER_FULL, &more)?;
    Ok(format!("2,000 headers, then {} that follow them", Count::from(more.len())))
}

/// Behind the last header there is none.
async fn at_tip(lab: &Lab) -> Outcome {
    let mut wire = lab.meet().await?;
    let mut headers = first(lab, &mut wire).await?;
    let (mut tip, mut height) = (linked(lab.genesis()?, 1, &headers)?, headers.len());
    for _ in 0..FURTHER {
        if headers.len() < FULL {
            break;
        }
        headers = ask(&mut wire, &[tip], Hash::ZERO).await?;
        let next = u32::try_from(height).unwrap_or(u32::MAX).saturating_add(1);
        (tip, height) = (linked(tip, next, &headers)?, height.saturating_add(headers.len()));
    }
    if headers.len() == FULL {
        return Err(Stop::skip(format!("its chain is longer than {} blocks", Count::from(height))));
    }
    let behind = ask(&mut wire, &[tip], Hash::ZERO).await?;
    // A block may have come in the meantime.
    if behind.len() > 2 {
        return Err(Stop::fail(format!("{} headers behind the last one", behind.len())));
    }
    Ok(format!("height {}, and no header behind it", Count::from(height)))
}

/// The same request is answered again.
async fn repeat(lab: &Lab) -> Outcome {
    let mut wire = lab.meet().await?;
    let once = first(lab, &mut wire).await?;
    let again = ask(&mut wire, &[lab.genesis()?], Hash::ZERO).await?;
    let is_same = once.iter().zip(&again).all(|(once, again)| once == again);
    if !is_same || again.len() < once.len() {
        return Err(Stop::fail("the second answer is another one"));
    }
    Ok(format!("twice the same {} headers", Count::from(once.len())))
}

/// Headers go up to the stop hash.
async fn stop(lab: &Lab) -> Outcome {
    let mut wire = lab.meet().await?;
    let headers = first(lab, &mut wire).await?;
    let asked = headers.get(..3).unwrap_or(&headers);
    let last = asked.last().ok_or_else(none)?.hash();
    let got = ask(&mut wire, &[lab.genesis()?], last).await?;
    if got != asked {
        return Err(Stop::fail(format!("{} headers up to the stop hash, not {}", got.len(), asked.len())));
    }
    Ok(format!("{} headers, the last is the stop hash", got.len()))
}

/// A locator that the node does not know means the first block.
async fn unknown_locator(lab: &Lab) -> Outcome {
    let mut wire = lab.meet().await?;
    let headers = first(lab, &mut wire).await?;
    let got = ask(&mut wire, &[lab.unknown_hash()?], Hash::ZERO).await?;
    if got.first() != headers.first() {
        return Err(Stop::fail(format!("{} headers, which do not begin at height 1", got.len())));
    }
    Ok(format!("{} headers from height 1 on", Count::from(got.len())))
}

/// Without a locator and a known stop hash there is nothing to tell.
async fn empty_locator(lab: &Lab) -> Outcome {
    let mut wire = lab.meet().await?;
    let got = ask(&mut wire, &[], lab.unknown_hash()?).await?;
    if !got.is_empty() {
        return Err(Stop::fail(format!("{} headers for no locator and an unknown stop hash", got.len())));
    }
    Ok("headers with none".to_owned())
}

/// Without a locator the header of the stop hash comes alone.
async fn stop_alone(lab: &Lab) -> Outcome {
    let mut wire = lab.meet().await?;
    let headers = first(lab, &mut wire).await?;
    let third = headers.get(..3).unwrap_or(&headers).last().ok_or_else(none)?;
    let got = ask(&mut wire, &[], third.hash()).await?;
    if got != [*third] {
        return Err(Stop::fail(format!("{} headers, not the one of the stop hash alone", got.len())));
    }
    Ok(format!("the header at height {} alone", third.height))
}

/// Answers come in the order of the requests.
async fn order(lab: &Lab) -> Outcome {
    let mut wire = lab.meet().await?;
    let headers = first(lab, &mut wire).await?;
    let asked: Vec<_> = headers.iter().take(8).rev().collect();
    if asked.len() < 2 {
        return Err(Stop::skip("its chain has only one block"));
    }
    for header in &asked {
        wire.send(request(&[], header.hash())?).await?;
    }
    for header in &asked {
        if answer(&mut wire).await? != [**header] {
            return Err(Stop::fail(format!("height {} was due, and another answer came", header.height)));
        }
    }
    Ok(format!("{} requests, {} answers in their order", asked.len(), asked.len()))
}

/// `getblocks` is answered by names of up to 500 blocks, in order.
async fn inventory(lab: &Lab) -> Outcome {
    let mut wire = lab.meet().await?;
    let headers = first(lab, &mut wire).await?;
    if headers.len() < 2 {
        return Err(Stop::skip("its chain has only one block"));
    }
    let locator = locator(&[lab.genesis()?])?;
    wire.send(GetBlocks { protocol_version: VERSION, locator, stop: Hash::ZERO }).await?;
    let got = match wire.answer("inv").await? {
        Message::Inv(inv) => inv.inventory.into_vec(),
        other => return Err(Stop::unexpected(&other, "inv")),
    };
    let due: Vec<_> = headers.iter().take(BLOCKS).map(|header| Inventory::block(header.hash())).collect();
    if got.len() > BLOCKS || !got.starts_with(&due) {
        return Err(Stop::fail(format!("{} names that are not those of the first blocks", got.len())));
    }
    Ok(format!("{} names of blocks in their order", got.len()))
}

/// The first headers of the node's chain, at least one.
pub(super) async fn first(lab: &Lab, wire: &mut Wire<'_>) -> Result<Vec<BlockHeader>, Stop> {
    let headers = ask(wire, &[lab.genesis()?], Hash::ZERO).await?;
    if headers.is_empty() { Err(none()) } else { Ok(headers) }
}

fn none() -> Stop {
    Stop::skip("it tells of no block behind the first one")
}

/// Asks for headers, and waits for them.
async fn ask(wire: &mut Wire<'_>, hashes: &[Hash], stop: Hash) -> Result<Vec<BlockHeader>, Stop> {
    wire.send(request(hashes, stop)?).await?;
    answer(wire).await
}

async fn answer(wire: &mut Wire<'_>) -> Result<Vec<BlockHeader>, Stop> {
    match wire.answer("headers").await? {
        Message::Headers(headers) => Ok(headers.headers.into_vec()),
        other => Err(Stop::unexpected(&other, "headers")),
    }
}

/// A request for headers behind the first of these hashes that the node knows.
pub(super) fn request(hashes: &[Hash], stop: Hash) -> Result<GetHeaders, Stop> {
    Ok(GetHeaders { protocol_version: VERSION, locator: locator(hashes)?, stop })
}

fn locator(hashes: &[Hash]) -> Result<Locator, Stop> {
    Ok(Locator::try_from(hashes.to_vec())?)
}

/// Fails unless the headers follow each other from this parent and height on. Returns the last hash.
fn linked(mut parent: Hash, mut height: u32, headers: &[BlockHeader]) -> Result<Hash, Stop> {
    for header in headers {
        if header.prev_block != parent {
            return Err(Stop::fail(format!("the header at height {height} does not follow its parent")));
        }
        if header.height != height {
            return Err(Stop::fail(format!("height {} where {height} was due", header.height)));
        }
        (parent, height) = (header.hash(), height.saturating_add(1));
    }
    Ok(parent)
}

/// The end of a hash, which is what differs where work is proven by zeros.
fn short(hash: &Hash) -> String {
    let text = hash.to_string();
    text.get(text.len().saturating_sub(12)..).map_or_else(|| text.clone(), |end| format!("…{end}"))
}

/// Most headers of one answer.
const FULL: usize = 2_000;
/// The height that follows those of a full answer.
const AFTER_FULL: u32 = 2_001;
/// How many more answers are read to find the end of a chain.
const FURTHER: usize = 3;
/// Most names of blocks in one answer.
const BLOCKS: usize = 500;
/// What a request says of its version, which no node looks at.
const VERSION: u32 = 12;
