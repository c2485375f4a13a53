//! Policies: choices of the owner about how the machine treats messages.

/// What to do with a message that can only be an answer, while no such request is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnrequestedAnswers {
    /// End the connection once the header of such a message is read.
    #[default]
    Refuse,
    /// Deliver it, as the reference does. The remote may then send up to the command's limit without a request: 26 MB
    /// for `cfiltersv2`.
    Deliver,
}

/// Who answers the remote's `getinitstate`. Today's nodes send it to every peer, and disconnect one that does not answer
/// within 30 s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum InitStateRequests {
    /// The machine: it answers the first request with an empty `initstate`, which satisfies a node.
    #[default]
    AnswerEmpty,
    /// The owner, which has an initial state to send.
    LeaveToOwner,
}

/// What to do with a message that today's nodes would ban us for. See [`BanRule`](crate::BanRule).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum BannableMessages {
    /// Refuse to send it.
    #[default]
    Refuse,
    /// Send it: for tests of nodes, and for networks whose nodes have other rules.
    Send,
}

/// What to do with a command that is not [part](crate::Command::is_known_at) of the protocol version in force: one that
/// no version has, or that only other versions have, such as `addrv2` at 11.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnknownCommands {
    /// End the connection, as the reference does, with the same errors: [`UnknownCmd`](crate::FrameError::UnknownCmd),
    /// and for most commands of other versions [`MsgInvalidForPVer`](crate::CodecError::MsgInvalidForPVer) or
    /// [`PayloadTooLarge`](crate::FrameError::PayloadTooLarge).
    #[default]
    Refuse,
    /// Read the frame and drop it.
    Ignore,
    /// Deliver it as [`Message::Raw`](crate::Message::Raw).
    Deliver,
}
