//! The pages for people who build on this crate. `peer_tokio::guide` has two more: requests, and a cookbook.
//!
//! | page | |
//! | --- | --- |
//! | [`driving`] | write a driver: the contract, a checklist, two examples |
//! | [`clocks`] | how time is measured, and when a remote is blamed |
//! | [`limits`] | what a remote can and cannot make us hold |
//! | [`neighbours`] | what nodes demand of a peer and ban for |
//! | [`states`] | every message and timer in every state |
//! | [`recording`] | keep what crossed a connection, and replay it |
//! | [`migration`] | from dcrd's `peer`, name by name |

// Of two definitions of a link the first one counts: here those of a page lead to its neighbours in this documentation,
// in the repository to files.

/// [neighbours]: crate::guide::neighbours
/// [clocks]: crate::guide::clocks
/// [overview]: crate#one-turn-of-a-driver
/// [requests]: https://docs.rs/peer-tokio/latest/peer_tokio/guide/requests/
#[doc = include_str!("../guide/driving.md")]
pub mod driving {}

/// [Driving]: crate::guide::driving
/// [limits]: crate::guide::limits
/// [requests]: https://docs.rs/peer-tokio/latest/peer_tokio/guide/requests/
#[doc = include_str!("../guide/clocks.md")]
pub mod clocks {}

/// [clocks]: crate::guide::clocks
#[doc = include_str!("../guide/limits.md")]
pub mod limits {}

/// [requests]: https://docs.rs/peer-tokio/latest/peer_tokio/guide/requests/
#[doc = include_str!("../guide/neighbours.md")]
pub mod neighbours {}

/// [overview]: crate#life-of-a-connection
#[doc = include_str!("../guide/states.md")]
pub mod states {}

/// [Requests]: https://docs.rs/peer-tokio/latest/peer_tokio/guide/requests/
#[doc = include_str!("../guide/migration.md")]
pub mod migration {}

/// [check]: https://docs.rs/crate/dcrpeer/latest
#[doc = include_str!("../guide/recording.md")]
pub mod recording {}
