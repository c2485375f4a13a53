//! The program of the README, so that it is compiled and run.
#![expect(clippy::std_instead_of_core, reason = "as its readers write it")]

include!("../../../docs/code/first.rs");
