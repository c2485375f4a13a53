//! Properties over conversations that no one wrote down: random, simulated, fuzzed, exhaustive.

mod corpus;
mod dcrd_node;
mod invariants;
mod model;
mod requests;
mod schedules;
mod state_table;
mod world;
