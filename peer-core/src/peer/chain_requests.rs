//! Requests for blocks and headers without repetition, and telling responses from unrequested messages.

use super::matched::{Closed, Match};
use super::piece::Purpose;
use super::{Peer, trace};
use crate::error::{Error, SendError};
use crate::hash::Hash;
use crate::message::{GetBlocks, GetHeaders, InventoryKind, Locator, Message};
use crate::policy::UnrequestedAnswers;
use crate::protocol_version::ProtocolVersion;
use crate::time::Time;

/// The last queued requests for blocks and headers, to notice repetitions.
#[derive(Clone, Debug, Default)]
pub(crate) struct LastRequests {
    blocks: Option<Span>,
    headers: Option<Span>,
}

/// Where a request begins, if it has a locator, and where it stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    begin: Option<Hash>,
    stop: Hash,
}

impl Span {
    fn new(locator: &[Hash], stop: Hash) -> Self {
        Self { begin: locator.first().copied(), stop }
    }

    /// Whether this repeats `last`. A request without a locator repeats nothing.
    fn repeats(&self, last: Option<&Self>) -> bool {
        self.begin.is_some() && last == Some(self)
    }
}

impl Peer {
    /// Requests the hashes of blocks after the first locator entry that the remote knows, up to `stop`. Returns
    /// `false`, and sends nothing, if the last such request was the same and is unanswered.
    ///
    /// Requests are the same if they have the same first locator entry and the same stop. One without a locator is
    /// always sent.
    ///
    /// A node that knows no entry of the locator begins behind the genesis block. Without any entry, it looks up `stop`
    /// alone. To begin at the start of the chain, give the genesis block's hash,
    /// [`Network::genesis_hash`](crate::Network::genesis_hash). May change: queue.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send), and [`CodecError::TooManyLocators`](crate::CodecError::TooManyLocators) above
    /// 500 hashes. A refused request is not remembered.
    #[doc(alias = "PushGetBlocksMsg")]
    pub fn request_blocks(&mut self, locator: &[Hash], stop: Hash, now: Time) -> Result<bool, SendError> {
        self.can_send()?;
        let span = Span::new(locator, stop);
        if span.repeats(self.history.sent.as_ref().and_then(|sent| sent.last_requests.blocks.as_ref())) {
            trace::filtered("getblocks", locator, &stop);
            return Ok(false);
        }
        let protocol_version = ProtocolVersion::LATEST.get();
        let locator = Locator::try_from(locator.to_vec())?;
        self.send(&Message::GetBlocks(GetBlocks { protocol_version, locator, stop }), now)?;
        self.history.sent.get_or_insert_default().last_requests.blocks = Some(span);
        Ok(true)
    }

    /// Requests headers of blocks after the first locator entry that the remote knows, up to `stop`. Returns `false` if
    /// this repeats the last such request, by the rules of [`request_blocks`](Self::request_blocks). The two are
    /// compared separately. May change: queue.
    ///
    /// # Errors
    ///
    /// As [`request_blocks`](Self::request_blocks).
    #[doc(alias = "PushGetHeadersMsg")]
    pub fn request_headers(&mut self, locator: &[Hash], stop: Hash, now: Time) -> Result<bool, SendError> {
        self.can_send()?;
        let span = Span::new(locator, stop);
        if span.repeats(self.history.sent.as_ref().and_then(|sent| sent.last_requests.headers.as_ref())) {
            trace::filtered("getheaders", locator, &stop);
            return Ok(false);
        }
        let locator = Locator::try_from(locator.to_vec())?;
        self.send(&Message::GetHeaders(GetHeaders { protocol_version: 0, locator, stop }), now)?;
        self.history.sent.get_or_insert_default().last_requests.headers = Some(span);
        Ok(true)
    }

    /// Closes the request that `message` answers. Refuses a message that can only be an answer and answers nothing.
    /// `hash` is that of its payload.
    pub(super) fn match_request(&mut self, message: &Message, hash: &Hash) -> Result<Closed, Error> {
        let may_be_unasked = matches!(message, Message::Inv(_) | Message::Headers(_));
        let shown = if may_be_unasked { self.outbox.shown(&[Purpose::Request]) } else { 0 };
        let (session, waited) = (self.lifecycle.session_mut(), self.silence.waited());
        let none = || Closed::from(Match::Nothing);
        let closed = session.map_or_else(none, |session| session.close_request(message, hash, waited, shown));
        // Its kind was admitted by the header; only its content tells which item it is.
        let only_answers = message.spec().is_some_and(|spec| spec.response.is_some());
        let says_nothing = matches!(message, Message::NotFound(answer) if answer.inventory.is_empty());
        let delivers = self.config().unrequested_answers == UnrequestedAnswers::Deliver;
        if closed.found == Match::Open {
            self.allow_repetition(message);
        }
        if closed.found == Match::Nothing && only_answers && !says_nothing && !delivers {
            return Err(Error::Unrequested(message.command()));
        }
        Ok(closed)
    }

    /// A request that was answered may be repeated: the remote may have news.
    fn allow_repetition(&mut self, answer: &Message) {
        let Some(sent) = &mut self.history.sent else { return };
        match answer {
            Message::Headers(_) => sent.last_requests.headers = None,
            Message::Inv(inv) if inv.inventory.iter().any(|item| item.kind == InventoryKind::BLOCK) => {
                sent.last_requests.blocks = None;
            }
            _ => {}
        }
    }
}
