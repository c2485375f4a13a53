//! Serving items, as fast as the remote takes them.

use peer_core::message::{Inventory, InventoryKind, NotFound};
use peer_core::{Message, Time};

use super::connection::{Asked, Connection};
use super::rules::{self, Rule};
use super::shared::Shared;

impl Shared {
    pub(super) fn on_getdata(
        &self,
        connection: &mut Connection,
        items: Vec<Inventory>,
        now: Time,
    ) -> Result<(), Rule> {
        if items.is_empty() {
            return if connection.bans { Err(Rule::EmptyGetData) } else { Ok(()) };
        }
        let count = u32::try_from(items.len()).unwrap();
        connection.blame(0, count * rules::FULL_GETDATA / rules::MOST_ITEMS, now)?;
        if connection.getdata.len() >= rules::GETDATA_MESSAGES {
            return Err(Rule::GetDataMessages);
        }
        if connection.waiting_items() + items.len() > rules::GETDATA_ITEMS {
            return Err(Rule::GetDataItems);
        }
        connection.getdata.push_back(Asked { rest: items.into(), missing: Vec::new() });
        self.serve(connection, now);
        Ok(())
    }

    /// Loads items until enough of them wait to be taken.
    pub(super) fn serve(&self, connection: &mut Connection, now: Time) {
        while let Some(mut asked) = connection.getdata.pop_front() {
            while connection.output.loaded_items() < rules::LOADED_ITEMS
                && let Some(item) = asked.rest.pop_front()
            {
                self.serve_item(connection, &item, &mut asked.missing, now);
            }
            if !asked.rest.is_empty() {
                connection.getdata.push_front(asked);
                return;
            }
            if !asked.missing.is_empty() {
                connection.send(&NotFound { inventory: asked.missing.try_into().unwrap() }.into());
            }
        }
    }

    fn serve_item(
        &self,
        connection: &mut Connection,
        item: &Inventory,
        missing: &mut Vec<Inventory>,
        now: Time,
    ) {
        let found = match item.kind {
            InventoryKind::BLOCK => self.chain.block(&item.hash).cloned().map(Message::Block),
            InventoryKind::TX => self.transaction(&item.hash, now).map(Message::Tx),
            InventoryKind::MIX => None,
            _ => {
                connection.stuck += 1;
                return;
            }
        };
        match found {
            Some(message) => {
                connection.send_item(&message);
                self.continue_blocks(connection, &item.hash);
            }
            None => missing.push(*item),
        }
    }
}
