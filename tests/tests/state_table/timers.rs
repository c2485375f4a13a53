//! What time does.

use core::time::Duration;

use peer_core::{Direction, Message, Timer};
use peer_tests::remote::Remote;
use peer_tests::samples::{block_item, getdata, tx_item};

use crate::receiving::name;
use crate::states::State;

/// A state, with what a timer may find in it.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    state: State,
    prepare: fn(&mut Remote),
    /// Whether the transport takes what is shown to it.
    takes: bool,
}

/// Cases for each timer, at newest version and in the old era.
pub(crate) fn cases() -> Vec<Case> {
    let case = |name, state, prepare: fn(&mut Remote)| Case { name, state, prepare, takes: true };
    let nothing: fn(&mut Remote) = |_| {};
    let mut cases = vec![
        case("await version", State::AwaitVersion, nothing),
        case("version offered: the owner has not pulled since", State::Offered, nothing),
        case("await verack", State::AwaitVerack, nothing),
        case("established", State::Established, nothing),
        case("established, an event is with the owner", State::Established, |remote| {
            remote.say(&Message::GetAddr);
            remote.pull().unwrap();
        }),
        case("established, an item waits to be announced", State::Established, |remote| {
            remote.machine.announce(tx_item(1), remote.now).unwrap();
        }),
        case("established, `getdata` written", State::Established, |remote| {
            remote.machine.send(&getdata([block_item(1)]), remote.now).unwrap();
            remote.hears();
        }),
        case("established, `getheaders` written", State::Established, |remote| {
            remote.machine.request_headers(&[], peer_core::Hash::ZERO, remote.now).unwrap();
            remote.hears();
        }),
        case(
            "established, reading pauses for what the remote leaves untaken",
            State::Established,
            |remote| {
                while remote.machine.wants_read() {
                    remote.say(&Message::Ping(peer_core::message::Ping { nonce: 1 }));
                    remote.events();
                }
            },
        ),
        case("established, a frame is shown and not taken", State::Established, |remote| {
            remote.machine.send(&Message::GetAddr, remote.now).unwrap();
            remote.machine.transmit(remote.now);
        }),
        case("parting, the last word is shown and not taken", State::Parting, |remote| {
            remote.machine.transmit(remote.now);
        }),
        case("parting, nothing is shown", State::Parting, nothing),
        case("failed", State::Failed, nothing),
    ];
    let untaken = ["reading pauses", "not taken", "nothing is shown"];
    for case in &mut cases {
        case.takes = !untaken.iter().any(|words| case.name.contains(words));
    }
    cases
}

impl Case {
    /// What happens while the remote is silent, or `None` where there is no such state.
    pub(crate) fn story(&self, version: u32, direction: Direction) -> Option<String> {
        let mut remote = self.state.reach(version, direction)?;
        (self.prepare)(&mut remote);
        let mut story = Vec::new();
        while let Some((after, timer)) = remote.deadline() {
            story.push(self.next(&mut remote, after, timer));
            if story.len() == MOST {
                story.push("and so on".into());
                break;
            }
        }
        Some(if story.is_empty() { "nothing".into() } else { story.join("; ") })
    }

    fn next(&self, remote: &mut Remote, after: Duration, timer: Timer) -> String {
        let at = remote.now.elapsed() + after;
        let when = match timer {
            Timer::Trickle => {
                let delays = Duration::from_millis(100)..=Duration::from_millis(500);
                assert!(delays.contains(&after), "{after:?}");
                "100 to 500 ms".into()
            }
            _ => format!("{} s", at.as_secs()),
        };
        let (due, result) = remote.wait_for_deadline();
        assert_eq!(due, timer);
        let effect = match result {
            Err(error) => name(&error),
            Ok(()) if self.takes => {
                let said: Vec<_> =
                    remote.hears().iter().map(|said| format!("`{}`", said.command())).collect();
                format!("{} is sent", said.join(" and "))
            }
            Ok(()) => "`ping` is queued".into(),
        };
        format!("{when} {timer}: {effect}")
    }
}

/// Entries after which a story repeats itself.
const MOST: usize = 3;
