//! The states, and machines that are in them.

use peer_core::{Config, Direction, Message, Node, ProtocolVersion};
use peer_tests::remote::{NETWORK, Remote, introduction};

/// A state that a message or a timer may meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Nothing came. An outbound peer has sent its `version`.
    AwaitVersion,
    /// The remote's `version` surfaced and the owner has not pulled since.
    Offered,
    /// The owner has accepted the remote.
    AwaitVerack,
    Established,
    /// Below version 9: the last word waits to be written.
    Parting,
    Failed,
}

impl State {
    /// Those in which a message may come.
    pub(crate) const ALL: [Self; 6] = [
        Self::AwaitVersion,
        Self::Offered,
        Self::AwaitVerack,
        Self::Established,
        Self::Parting,
        Self::Failed,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::AwaitVersion => "await version",
            Self::Offered => "version received",
            Self::AwaitVerack => "await verack",
            Self::Established => "established",
            Self::Parting => "rejecting",
            Self::Failed => "failed",
        }
    }

    /// A machine in this state that speaks at most `version`, with a remote that does too. `None` where there
    /// is no such state.
    pub(crate) fn reach(self, version: u32, direction: Direction) -> Option<Remote> {
        if self == Self::Parting && version >= 9 {
            return None;
        }
        let builder = Config::builder(NETWORK).min_protocol_version(ProtocolVersion::INITIAL);
        let config = builder.protocol_version(ProtocolVersion::new(version)).build().unwrap();
        let mut remote = Remote::new(&Node::new(config), direction);
        remote.hears();
        match self {
            Self::AwaitVersion => {}
            Self::Offered => {
                remote.say(&introduction(version.cast_signed()).into());
                assert!(remote.pull().unwrap().is_some());
            }
            Self::AwaitVerack => remote.introduce(ProtocolVersion::new(version)),
            Self::Established => establish(&mut remote, version),
            Self::Parting => {
                establish(&mut remote, version);
                remote.say(&introduction(version.cast_signed()).into());
                assert_eq!(remote.pull(), Ok(None));
                assert!(remote.machine.wants_write() && remote.machine.failure().is_none());
            }
            Self::Failed => {
                establish(&mut remote, version);
                remote.machine.close(remote.now);
            }
        }
        Some(remote)
    }
}

fn establish(remote: &mut Remote, version: u32) {
    remote.introduce(ProtocolVersion::new(version));
    remote.say(&Message::Verack);
    remote.events();
    remote.hears();
}
