//! The pages for people who build on this crate. `peer_core::guide` has more: states, clocks, limits, neighbours, migration.
//!
//! | page | |
//! | --- | --- |
//! | [`requests`] | ask a remote for something and get its response |
//! | [`cookbook`] | reconnecting, bans, limits, Tor, logs, metrics, asking several peers |

// Of two definitions of a link the first one counts: here those of a page lead to documentation, in the repository to
// files.

/// [clocks]: https://docs.rs/peer-core/latest/peer_core/guide/clocks/
/// [table]: https://docs.rs/peer-core/latest/peer_core/guide/states/#requests-that-the-owner-makes
#[doc = include_str!("../guide/requests.md")]
pub mod requests {}

/// [neighbours]: https://docs.rs/peer-core/latest/peer_core/guide/neighbours/
/// [requests]: crate::guide::requests
#[doc = include_str!("../guide/cookbook.md")]
pub mod cookbook {}
