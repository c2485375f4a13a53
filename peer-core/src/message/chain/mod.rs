//! Messages about blocks and transactions: what exists, and what it holds.

mod block;
mod block_header;
mod checksum;
mod init_state;
mod inventory;
mod locator;
mod transaction;

pub use self::block::{Block, Transactions};
pub use self::block_header::{BlockHeader, HeaderList, Headers};
pub use self::init_state::{
    BlockHashes, GetInitState, InitState, InitStateType, InitStateTypeList, MiningState, TreasurySpendHashes,
    VoteHashes,
};
pub use self::inventory::{GetData, Inv, Inventory, InventoryKind, InventoryList, NotFound};
pub use self::locator::{GetBlocks, GetHeaders, Locator};
pub use self::transaction::{Inputs, OutPoint, Outputs, Transaction, TxIn, TxOut, TxType};
