//! The Decred peer-to-peer protocol as a pure state machine.
#![no_std]

extern crate alloc;

pub mod blake256;
