//! From bytes to what the node does about them.

use peer_core::frame::{Frame, Rules};
use peer_core::message::Address;
use peer_core::{ErrorKind, FrameError, Message, Time};

use super::ConnectionId;
use super::connection::{Connection, Stage};
use super::rules::Rule;
use super::shared::Shared;

impl Shared {
    /// Reads every whole frame and handles it.
    pub(super) fn receive(
        &mut self,
        id: ConnectionId,
        connection: &mut Connection,
        now: Time,
    ) -> Result<(), Rule> {
        loop {
            let rules = Rules::new(connection.network, connection.version);
            let frame = connection.reader.read(&mut connection.input, &rules);
            let Some(frame) = frame.map_err(|error| rule_of(&error))? else { return Ok(()) };
            connection.last_message = now;
            self.on_frame(id, connection, frame, now)?;
        }
    }

    fn on_frame(
        &mut self,
        id: ConnectionId,
        connection: &mut Connection,
        frame: Frame,
        now: Time,
    ) -> Result<(), Rule> {
        let message = frame.decode(connection.version).map_err(|error| rule_of(&error))?;
        match connection.stage {
            Stage::AwaitVersion => self.on_first(connection, message, now),
            Stage::AwaitVerack => {
                for early in self.on_second(id, connection, frame, &message, now)? {
                    self.on_frame(id, connection, early, now)?;
                }
                Ok(())
            }
            Stage::Established => self.on_message(id, connection, message, now),
        }
    }

    fn on_message(
        &mut self,
        id: ConnectionId,
        connection: &mut Connection,
        message: Message,
        now: Time,
    ) -> Result<(), Rule> {
        match message {
            Message::Version(_) => return Err(Rule::RepeatedVersion),
            Message::Verack => return Err(Rule::RepeatedVerack),
            Message::Ping(ping) => Self::on_ping(connection, ping.nonce),
            Message::GetHeaders(request) => self.on_getheaders(connection, &request),
            Message::GetBlocks(request) => self.on_getblocks(connection, &request, now),
            Message::GetCFilterV2(request) => self.on_getcfilterv2(connection, &request.block_hash),
            Message::GetCfsV2(request) => self.on_getcfsv2(connection, &request),
            Message::GetInitState(request) => self.on_getinitstate(connection, &request)?,
            Message::GetAddr => self.on_getaddr(connection),
            Message::MemPool => self.on_mempool(connection, now)?,
            Message::GetData(request) => self.on_getdata(connection, request.inventory.into_vec(), now)?,
            Message::Inv(inv) => self.on_inv(connection, &inv.inventory, now)?,
            Message::NotFound(answer) => self.on_notfound(connection, &answer.inventory, now)?,
            Message::Tx(tx) => self.on_tx(connection, tx, now),
            Message::Headers(headers) => self.on_headers(id, connection, &headers.headers, now)?,
            Message::Block(block) => self.on_block(connection, block, now)?,
            Message::InitState(state) => self.on_initstate(connection, &state, now)?,
            Message::SendHeaders => connection.wants_headers = true,
            Message::Addr(addr) => self.on_addresses(addr.addresses.is_empty(), false)?,
            Message::AddrV2(addr) => {
                let foreign = |address| matches!(address, Address::Ipv6(ip) if ip.to_ipv4_mapped().is_some());
                self.on_addresses(false, addr.addresses().iter().any(|entry| foreign(entry.address)))?;
            }
            Message::GetMinings | Message::MiningState(_) => return Err(Rule::MiningState),
            Message::GetCFilter(_) | Message::GetCfHeaders(_) | Message::GetCfTypes => {
                return Err(Rule::OldFilters);
            }
            // A signature is not checked here: what a test makes up has none.
            mixing if mixing.as_mix().is_some() => return Err(Rule::BadMix),
            // `pong`, `feefilter`, filters: without effect, asked or not.
            _ => {}
        }
        Ok(())
    }

    /// Where addresses mean nothing, nothing about them is wrong.
    fn on_addresses(&self, is_empty: bool, is_foreign: bool) -> Result<(), Rule> {
        match (self.is_local_network(), is_empty, is_foreign) {
            (true, ..) | (_, false, false) => Ok(()),
            (_, true, _) => Err(Rule::EmptyAddr),
            (..) => Err(Rule::AddrNotCanonical),
        }
    }
}

/// Payloads that end too early are taken for an end of the stream, which costs nothing.
fn rule_of(error: &FrameError) -> Rule {
    if error.kind() == ErrorKind::Truncated { Rule::CutPayload } else { Rule::Wire }
}
