//! Checks of what is asked for by name: blocks, filters, the initial state.

use peer_core::message::{
    Block, BlockHeader, FeeFilter, GetCFilterV2, GetCfsV2, GetData, GetInitState, Headers, InitStateType,
    Inv, Inventory, InventoryKind, Pong,
};
use peer_core::{Hash, Message};

use super::catalogue::{Check, Needs};
use super::headers;
use super::lab::Lab;
use super::stop::{Outcome, Stop};
use super::wire::Wire;

/// The checks of this file.
pub(super) const CHECKS: &[Check] = &[
    Check {
        name: "block",
        sends: "`getdata` of a block",
        passes: "that `block`",
        needs: Needs::Nothing,
        source: "dcrd's server",
        cases: &["getdata of a known block"],
        run: |lab| Box::pin(block(lab)),
    },
    Check {
        name: "block-order",
        sends: "`getdata` of three blocks, the last first",
        passes: "each `block` in the order of the request",
        needs: Needs::Nothing,
        source: "dcrd's server",
        cases: &[],
        run: |lab| Box::pin(block_order(lab)),
    },
    Check {
        name: "notfound",
        sends: "`getdata` of an unknown block and an unknown transaction",
        passes: "one `notfound` of both, in order",
        needs: Needs::Nothing,
        source: "dcrd's server",
        cases: &["getdata of 3 unknown blocks"],
        run: |lab| Box::pin(not_found(lab)),
    },
    Check {
        name: "notfound-last",
        sends: "`getdata` of an unknown, a known and an unknown block",
        passes: "the `block`, then one `notfound` of the others",
        needs: Needs::Nothing,
        source: "dcrd's server",
        cases: &["getdata: unknown, known, unknown block"],
        run: |lab| Box::pin(not_found_last(lab)),
    },
    Check {
        name: "unasked-block",
        sends: "`block` that it did not ask for",
        passes: "it closes",
        needs: Needs::Nothing,
        source: "dcrd's server",
        cases: &["unasked block (zero header, no transactions)"],
        run: |lab| Box::pin(unasked_block(lab)),
    },
    Check {
        name: "filter",
        sends: "`getcfilterv2` of a block",
        passes: "`cfilterv2` of that block",
        needs: Needs::Nothing,
        source: "dcrd's server",
        cases: &[],
        run: |lab| Box::pin(filter(lab)),
    },
    Check {
        name: "filters",
        sends: "`getcfsv2` of up to 100 blocks",
        passes: "`cfiltersv2`, one for each block, in order",
        needs: Needs::Nothing,
        source: "dcrd's server",
        cases: &["getcfsv2 of 100 blocks"],
        run: |lab| Box::pin(filters(lab)),
    },
    Check {
        name: "unknown-filter",
        sends: "`getcfilterv2` of an unknown block, then `ping`",
        passes: "the `pong` alone",
        needs: Needs::Nothing,
        source: "dcrd's server",
        cases: &["getcfilterv2 of an unknown block"],
        run: |lab| Box::pin(unknown_filter(lab)),
    },
    Check {
        name: "init-state",
        sends: "`getinitstate` of all three types",
        passes: "`initstate`",
        needs: Needs::Nothing,
        source: "dcrd's server",
        cases: &["getinitstate of all three"],
        run: |lab| Box::pin(init_state(lab)),
    },
    Check {
        name: "harmless",
        sends: "`sendheaders` twice, `feefilter` of -1, unasked `pong`, empty `headers`, `inv` of an unknown kind, then `ping`",
        passes: "it stays, and answers the `ping`",
        needs: Needs::Nothing,
        source: "dcrd's server",
        cases: &["sendheaders twice", "feefilter of -1", "pong unasked", "headers of none, unasked"],
        run: |lab| Box::pin(harmless(lab)),
    },
];

/// A block comes when it is asked for.
async fn block(lab: &Lab) -> Outcome {
    let mut wire = lab.meet().await?;
    let first = hashes(lab, &mut wire, 1).await?;
    request(&mut wire, first.iter().copied().map(Inventory::block)).await?;
    let size = served(&mut wire, &first).await?;
    Ok(format!("the block at height 1, {size} bytes"))
}

/// Blocks come in the order in which they are asked for.
async fn block_order(lab: &Lab) -> Outcome {
    let mut wire = lab.meet().await?;
    let mut asked = hashes(lab, &mut wire, 3).await?;
    asked.reverse();
    if asked.len() < 2 {
        return Err(Stop::skip("its chain has only one block"));
    }
    request(&mut wire, asked.iter().copied().map(Inventory::block)).await?;
    let size = served(&mut wire, &asked).await?;
    Ok(format!("{} blocks in the order of the request, {size} bytes", asked.len()))
}

/// What is not there is named by one `notfound`, in order.
async fn not_found(lab: &Lab) -> Outcome {
    let mut wire = lab.meet().await?;
    let asked = [Inventory::block(lab.unknown_hash()?), Inventory::tx(lab.unknown_hash()?)];
    request(&mut wire, asked).await?;
    missing(&mut wire, &asked).await?;
    Ok("one notfound of a block and a transaction".to_owned())
}

/// `notfound` comes behind what was found.
async fn not_found_last(lab: &Lab) -> Outcome {
    let mut wire = lab.meet().await?;
    let known = hashes(lab, &mut wire, 1).await?;
    let unknown = [lab.unknown_hash()?, lab.unknown_hash()?].map(Inventory::block);
    let [before, after] = unknown;
    let middle = known.iter().copied().map(Inventory::block);
    request(&mut wire, [before].into_iter().chain(middle).chain([after])).await?;
    served(&mut wire, &known).await?;
    missing(&mut wire, &unknown).await?;
    Ok("the block, then one notfound of the two others".to_owned())
}

/// A block that was not asked for ends the connection.
async fn unasked_block(lab: &Lab) -> Outcome {
    let mut wire = lab.meet().await?;
    wire.lives().await?;
    wire.send(Block::new(&BlockHeader::default(), &[], &[])?).await?;
    wire.closes("a block that it did not ask for").await
}

/// A filter comes with the hash of its block.
async fn filter(lab: &Lab) -> Outcome {
    let mut wire = lab.meet().await?;
    for block_hash in hashes(lab, &mut wire, 1).await? {
        wire.send(GetCFilterV2 { block_hash }).await?;
        match wire.answer("cfilterv2").await? {
            Message::CFilterV2(filter) if filter.block_hash == block_hash => {}
            Message::CFilterV2(_) => return Err(Stop::fail("the filter of another block")),
            other => return Err(Stop::unexpected(&other, "cfilterv2")),
        }
    }
    Ok("the filter of the block at height 1".to_owned())
}

/// Filters of a range come together, each with its block, oldest first.
async fn filters(lab: &Lab) -> Outcome {
    let mut wire = lab.meet().await?;
    let due = hashes(lab, &mut wire, FILTERS).await?;
    let (Some(start_hash), Some(end_hash)) = (due.first().copied(), due.last().copied()) else {
        return Err(Stop::skip("its chain has no block"));
    };
    wire.send(GetCfsV2 { start_hash, end_hash }).await?;
    let filters = match wire.answer("cfiltersv2").await? {
        Message::CFiltersV2(filters) => filters.cfilters,
        other => return Err(Stop::unexpected(&other, "cfiltersv2")),
    };
    if !filters.iter().map(|filter| filter.block_hash).eq(due.iter().copied()) {
        return Err(Stop::fail(format!("{} filters, not those of the {} blocks", filters.len(), due.len())));
    }
    Ok(format!("{} filters, in the order of their blocks", filters.len()))
}

/// A filter of an unknown block is met with silence.
async fn unknown_filter(lab: &Lab) -> Outcome {
    let mut wire = lab.meet().await?;
    wire.send(GetCFilterV2 { block_hash: lab.unknown_hash()? }).await?;
    let (_, before) = wire.fence(lab.limits.answer).await?;
    match before.first() {
        None => Ok("silence, and the pong behind it".to_owned()),
        Some(message) => Err(Stop::fail(format!("it answered with {}", message.command()))),
    }
}

/// `getinitstate` is answered.
async fn init_state(lab: &Lab) -> Outcome {
    let mut wire = lab.meet().await?;
    let types = [InitStateType::TREASURY_SPENDS, InitStateType::HEAD_BLOCKS, InitStateType::HEAD_BLOCK_VOTES];
    wire.send(GetInitState { types: types.to_vec().try_into()? }).await?;
    match wire.answer("initstate").await? {
        Message::InitState(state) => Ok(format!(
            "{} blocks, {} votes, {} treasury spends",
            state.block_hashes.len(),
            state.vote_hashes.len(),
            state.tspend_hashes.len()
        )),
        other => Err(Stop::unexpected(&other, "initstate")),
    }
}

/// What needs no answer does no harm.
async fn harmless(lab: &Lab) -> Outcome {
    let mut wire = lab.meet().await?;
    let unknown = Inventory { kind: InventoryKind::new(UNKNOWN_KIND), hash: lab.unknown_hash()? };
    wire.send(Message::SendHeaders).await?;
    wire.send(Message::SendHeaders).await?;
    wire.send(FeeFilter { min_fee: -1 }).await?;
    wire.send(Pong { nonce: lab.random()? }).await?;
    wire.send(Headers { headers: Vec::new().try_into()? }).await?;
    wire.send(Inv { inventory: vec![unknown].try_into()? }).await?;
    wire.lives().await?;
    Ok("it stays".to_owned())
}

/// Hashes of the first blocks, at least one.
async fn hashes(lab: &Lab, wire: &mut Wire<'_>, most: usize) -> Result<Vec<Hash>, Stop> {
    let headers = headers::first(lab, wire).await?;
    Ok(headers.iter().take(most).map(BlockHeader::hash).collect())
}

async fn request(wire: &mut Wire<'_>, items: impl IntoIterator<Item = Inventory>) -> Result<(), Stop> {
    let items: Vec<_> = items.into_iter().collect();
    wire.send(GetData { inventory: items.try_into()? }).await
}

/// Waits for these blocks, in this order. Returns their size.
async fn served(wire: &mut Wire<'_>, hashes: &[Hash]) -> Result<usize, Stop> {
    let mut size = 0_usize;
    for hash in hashes {
        match wire.answer("block").await? {
            Message::Block(block) if block.hash() == *hash => {
                size = size.saturating_add(block.as_bytes().len());
            }
            Message::Block(_) => return Err(Stop::fail("another block than the one that was due")),
            other => return Err(Stop::unexpected(&other, "block")),
        }
    }
    Ok(size)
}

/// Waits for a `notfound` of just these.
async fn missing(wire: &mut Wire<'_>, items: &[Inventory]) -> Result<(), Stop> {
    match wire.answer("notfound").await? {
        Message::NotFound(answer) if *answer.inventory == *items => Ok(()),
        Message::NotFound(answer) => Err(Stop::fail(format!(
            "a notfound of {} items, not of the {} in order",
            answer.inventory.len(),
            items.len()
        ))),
        other => Err(Stop::unexpected(&other, "notfound")),
    }
}

/// Most filters of one answer.
const FILTERS: usize = 100;
/// A kind of inventory that does not exist.
pub(super) const UNKNOWN_KIND: u32 = 77;
