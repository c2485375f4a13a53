//! Messages that the protocol has dropped: rejections up to version 8, alerts and bloom filters up to version 5.

mod alert;
mod bloom;
mod merkleblock;
mod reject;

pub use self::alert::{Alert, AlertPayload, CancelledAlertList, SubVersions};
pub use self::bloom::{BloomUpdate, FilterAdd, FilterLoad};
pub use self::merkleblock::{MerkleBlock, MerkleFlags, MerkleHashList};
pub use self::reject::{Reject, RejectCode};
