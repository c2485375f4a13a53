//! What a real node did to its peers, case by case: played to the scripted node, which must do the same, and to the
//! machine, whose owner must not do what is banned.
//!
//! `PEER_VECTORS=DIR` plays the cases of another folder.

#![expect(clippy::arithmetic_side_effects, clippy::unwrap_used, reason = "a test fails by panicking")]

mod case;
mod machine;
mod node;
mod player;
mod sends;
