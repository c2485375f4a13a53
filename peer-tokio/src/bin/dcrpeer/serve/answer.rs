//! What `serve` says in return, beyond what the machine says by itself. It keeps no chain and says so, so that
//! nobody waits for blocks; what it knows of addresses is in its
//! `address_book`.

use peer_core::Message;
use peer_core::message::{Headers, Inv, NotFound};

/// The honest answer of who has nothing; `None` where the protocol asks for no answer.
pub(super) fn with_nothing(message: &Message) -> Option<Message> {
    match message {
        Message::GetData(request) => {
            Some(Message::NotFound(NotFound { inventory: request.inventory.clone() }))
        }
        Message::GetHeaders(_) => Some(Message::Headers(Headers::default())),
        Message::GetBlocks(_) => Some(Message::Inv(Inv::default())),
        Message::GetInitState(_) => Some(Message::InitState(Box::default())),
        _ => None,
    }
}
