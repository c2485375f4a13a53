//! Properties over conversations that nobody wrote down: random, simulated, fuzzed, exhaustive.

mod corpus;
mod dcrd_node;
mod invariants;
mod model;
mod requests;
mod schedules;
mod state_table;
mod world;
