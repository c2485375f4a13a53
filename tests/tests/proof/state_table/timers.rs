//! What time does.

use core::time::Duration;

use peer_core::message::{Ping, Pong};
use peer_core::{Direction, Hash, Message, OnTimeout, RequestOptions, Timer, TransportError};
use peer_tests::invariants::END_OF_TIME;
use peer_tests::remote::Remote;
use peer_tests::requests::{Told, headers_after, items, told};
use peer_tests::samples::{block_item, getdata, tx_item};

use crate::state_table::receiving::name;
use crate::state_table::states::State;

/// A state, with what a timer may find in it.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    state: State,
    prepare: fn(&mut Remote),
    /// Whether the transport takes what is shown to it.
    takes: bool,
}

/// Cases for each timer.
pub(crate) fn cases() -> Vec<Case> {
    let case = |name, state, prepare: fn(&mut Remote)| Case { name, state, prepare, takes: true };
    let stuck = |name, state, prepare: fn(&mut Remote)| Case { name, state, prepare, takes: false };
    let nothing: fn(&mut Remote) = |_| {};
    use State::{AwaitVerack, AwaitVersion, Established, Failed, Offered, Parting};
    vec![
        case("await version", AwaitVersion, nothing),
        case("version received: the owner has not pulled since", Offered, nothing),
        case("await verack", AwaitVerack, nothing),
        case("established", Established, nothing),
        case("established, an event is with the owner", Established, |remote| {
            remote.say(&Message::GetAddr);
            remote.pull().unwrap();
        }),
        case("established, an item waits to be announced", Established, |remote| {
            remote.machine.announce(tx_item(1), remote.now).unwrap();
        }),
        case("established, `getdata` written", Established, |remote| {
            remote.machine.send(&getdata([block_item(1)]), remote.now).unwrap();
            remote.hears();
        }),
        case("established, `getheaders` written", Established, |remote| {
            remote.machine.request_headers(&[], Hash::ZERO, remote.now).unwrap();
            remote.hears();
        }),
        case("established, a request for a block written", Established, |remote| {
            remote.is_asked(&items([block_item(1)]));
        }),
        case(
            "established, a request for a block written, with reports and a deadline of 5 s",
            Established,
            |remote| {
                let options =
                    RequestOptions::new().on_timeout(OnTimeout::Report).deadline(Duration::from_secs(5));
                remote.is_asked_with(&items([block_item(1)]), options);
            },
        ),
        case("established, a request for headers written", Established, |remote| {
            remote.is_asked(&headers_after([Hash::ZERO]));
        }),
        case(
            "established, a request for headers written, and the `pong` behind it came",
            Established,
            |remote| {
                remote
                    .machine
                    .request(&headers_after([Hash::ZERO]), RequestOptions::new(), remote.now)
                    .unwrap();
                for message in remote.hears() {
                    if let Message::Ping(ping) = message {
                        remote.is_told(&Pong { nonce: ping.nonce }.into());
                    }
                }
            },
        ),
        stuck("established, a frame is shown and not taken", Established, |remote| {
            remote.machine.send(&Message::GetAddr, remote.now).unwrap();
            remote.machine.poll_transmit(remote.now);
        }),
        stuck("established, reading pauses: the remote does not take its pongs", Established, |remote| {
            while remote.machine.wants_read() {
                remote.say(&Message::Ping(Ping { nonce: 1 }));
                remote.events();
            }
            remote.machine.poll_transmit(remote.now);
        }),
        case("established, writing failed", Established, |remote| {
            assert_eq!(remote.machine.handle_write_error(TransportError::Other, remote.now), None);
            remote.events();
        }),
        case("established, the owner left and everything is written", Established, |remote| {
            remote.machine.leave(END_OF_TIME, remote.now);
        }),
        stuck("rejecting, the last frame is shown and not taken", Parting, |remote| {
            remote.machine.poll_transmit(remote.now);
        }),
        case("failed", Failed, nothing),
    ]
}

impl Case {
    /// What happens while the remote is silent, or `None` where there is no such state.
    pub(crate) fn story(&self, version: u32, direction: Direction) -> Option<String> {
        let mut remote = self.state.reach(version, direction)?;
        (self.prepare)(&mut remote);
        let mut story = Vec::new();
        while let Some((after, timer)) = remote.deadline() {
            if story.len() == MOST {
                story.push("and so on".into());
                break;
            }
            story.push(self.next(&mut remote, after, timer));
        }
        Some(if story.is_empty() { "nothing".into() } else { story.join("; ") })
    }

    fn next(&self, remote: &mut Remote, after: Duration, timer: Timer) -> String {
        let when = if timer == Timer::Trickle {
            let delays = Duration::from_millis(100)..=Duration::from_millis(500);
            assert!(delays.contains(&after), "{after:?}");
            "100 to 500 ms".into()
        } else {
            format!("{} s", (remote.now.elapsed() + after).as_secs())
        };
        let (due, result) = remote.wait_for_deadline();
        assert_eq!(due, timer);
        let effect = result.map_or_else(|error| name(&error), |()| self.effect(remote));
        format!("{when} {timer}: {effect}")
    }

    /// What a timer that does not end the connection does.
    fn effect(&self, remote: &mut Remote) -> String {
        assert!(self.takes, "a transport that takes nothing fails first");
        if remote.machine.wants_pull() {
            let ends: Vec<_> = told(remote).iter().map(reason).collect();
            return format!("the request ends: {}", ends.join(", "));
        }
        let said: Vec<_> = remote.hears().iter().map(|said| format!("`{}`", said.command())).collect();
        if said.is_empty() { "nothing".into() } else { format!("{} is sent", said.join(" and ")) }
    }
}

fn reason(told: &Told) -> String {
    let Told::Ended(_, reason, _) = told else { panic!("{told:?} came of itself") };
    format!("{reason:?}")
}

/// Entries after which a story repeats itself.
const MOST: usize = 3;
