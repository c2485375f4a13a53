//! A machine and a model of its transport, under schedules of single steps that come in any order.
//!
//! The model knows what the machine cannot: when the remote was really given what it is asked for, what it really took,
//! and when. So it can judge whether a remote that was blamed had its time.

mod prompt;
mod record;
mod world;

pub use world::{Kind, Step, World};
