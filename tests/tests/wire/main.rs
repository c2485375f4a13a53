//! Bytes: the reference's golden vectors and conversations, a node's reactions, hashes.

mod arbitrary;
mod blake256;
mod commands;
mod hashes;
mod payloads;
mod recordings;
mod scenarios;
mod server_case;
mod transcripts;
mod vectors;
mod vectors_folder;
mod versions;
