//! The program of the README, so that it is compiled and run.

include!("../../../docs/code/first.rs");
