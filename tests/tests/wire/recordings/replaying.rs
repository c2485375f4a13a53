//! Machines in the place of a recorded side: no difference where there is none, and the first one where there is.

use core::time::Duration;

use peer_core::message::Pong;
use peer_core::recording::{
    Action, Difference, Entry, EntryKind, Problem, Recording, Replay, ReplayError, Side,
};
use peer_core::{Message, Network, Time, Timer};
use peer_tests::recordings::{assert_replays, hello};

#[test]
fn a_conversation_of_ours_goes_again_as_either_side() {
    let file = hello();
    let dialer = assert_replays(&file, Side::Dialer);
    // Version, verack, the owner's ping, two pings of the machine and two pongs.
    assert_eq!(dialer.frames, 7);
    assert_eq!(dialer.until, Time::from_elapsed(Duration::from_secs(230)));
    let listener = assert_replays(&file, Side::Listener);
    assert_eq!(listener.frames, 7);
}

#[test]
fn a_byte_that_we_would_not_have_sent_is_the_first_difference() {
    let mut recording = Recording::read(&hello()).unwrap();
    let pong = recording.messages(Side::Listener).into_iter().flatten();
    let pong = pong.into_iter().find(|said| matches!(said.message, Message::Pong(_))).unwrap();
    let other = peer_core::frame::encode(
        &Message::Pong(Pong { nonce: 8 }),
        Network::SIMNET,
        peer_core::ProtocolVersion::LATEST,
    );
    let kind = EntryKind::Bytes { from: Side::Listener, bytes: other.unwrap().into() };
    recording.entries[pong.entry] = Entry { at: pong.at, kind };

    let difference = first_difference(&recording, Side::Listener);
    assert!(
        matches!(&difference.expected, Action::Frame { message: Some(Message::Pong(pong)), .. } if pong.nonce == 8)
    );
    assert!(
        matches!(&difference.ours, Action::Frame { message: Some(Message::Pong(pong)), .. } if pong.nonce == 7)
    );
    // The checksum.
    assert_eq!(difference.offset(), Some(20));
    assert!(difference.is_established);
    let text = difference.to_string();
    assert!(text.starts_with("at 0 ms: expected pong of 8 bytes"), "{text}");
    assert!(text.ends_with("first difference at byte 20; state: established; no timeout"), "{text}");
    // The dialer hears a pong to no ping, and says the same.
    Replay::new(&recording, Side::Dialer).unwrap().run().unwrap();
}

#[test]
fn a_word_that_the_recording_lacks_is_a_difference() {
    let mut recording = Recording::read(&hello()).unwrap();
    let said: Vec<_> = recording.messages(Side::Dialer).into_iter().flatten().collect();
    let ping = said.iter().find(|said| said.at > Time::ZERO).unwrap();
    recording.entries.remove(ping.entry);
    let difference = first_difference(&recording, Side::Dialer);
    assert_eq!(difference.expected, Action::Nothing);
    assert!(matches!(difference.ours, Action::Frame { message: Some(Message::Ping(_)), .. }));
    assert_eq!(difference.at, ping.at);
}

#[test]
fn a_word_that_we_do_not_say_is_a_difference() {
    let mut recording = Recording::read(&hello()).unwrap();
    let said: Vec<_> = recording.messages(Side::Dialer).into_iter().flatten().collect();
    let pong = said.iter().find(|said| matches!(said.message, Message::Pong(_))).unwrap();
    let twice = recording.entries[pong.entry].clone();
    recording.entries.insert(pong.entry, twice);
    let difference = first_difference(&recording, Side::Dialer);
    assert_eq!((difference.ours, difference.at), (Action::Nothing, pong.at));
}

#[test]
fn another_end_is_a_difference() {
    let file = hello().replace(r#""end":"ClosedByOwner""#, r#""end":"IdleTimeout""#);
    let recording = Recording::read(&file).unwrap();
    let difference = first_difference(&recording, Side::Dialer);
    assert_eq!((difference.expected, difference.ours), (Action::End("IdleTimeout".into()), Action::Nothing));
    // What ended the side that recorded is not known of the other one.
    Replay::new(&recording, Side::Listener).unwrap().run().unwrap();
}

#[test]
fn an_idle_remote_ends_the_replay_as_it_ended_the_connection() {
    let file = hello();
    let mut recording = Recording::read(&file).unwrap();
    // The listener falls silent after its first pong; the dialer's ping goes unanswered.
    let entry_of = |side: Side, is_it: fn(&Message) -> bool, from: u64| {
        let said = recording.messages(side).into_iter().flatten();
        let found = said.into_iter().find(|said| is_it(&said.message) && said.at.elapsed().as_secs() >= from);
        found.unwrap().entry
    };
    let pong = entry_of(Side::Listener, |message| matches!(message, Message::Pong(_)), 0);
    let ping = entry_of(Side::Dialer, |message| matches!(message, Message::Ping(_)), 107);
    let ping = recording.entries[ping].clone();
    recording.entries.truncate(pong + 1);
    recording.entries.push(ping);
    let at = Time::from_elapsed(Duration::from_secs(121));
    let end = EntryKind::End { reason: "IdleTimeout".into(), detail: String::new() };
    recording.entries.extend([Entry { at, kind: EntryKind::Eof(Side::Dialer) }, Entry { at, kind: end }]);
    let outcome = Replay::new(&recording, Side::Dialer).unwrap().run().unwrap();
    assert_eq!(outcome.failure.unwrap().name(), "IdleTimeout");
}

#[test]
fn what_a_replay_cannot_do_without_is_said() {
    let file = hello();
    let (first, rest) = file.split_once('\n').unwrap();
    let headless = Recording::read(rest).unwrap();
    assert_eq!(Replay::new(&headless, Side::Dialer).unwrap_err(), ReplayError::NoNetwork);
    let other = format!("{first}\n{{\"t_ms\":0,\"from\":\"listener\",\"hex\":\"00\"}}\n");
    let other = Recording::read(&other).unwrap();
    assert_eq!(Replay::new(&other, Side::Listener).unwrap_err(), ReplayError::NoVersion(Side::Listener));
}

#[test]
fn a_side_that_said_nothing_is_the_same_without_a_frame() {
    let file = hello();
    let first_lines: Vec<_> = file.split_inclusive('\n').take(2).collect();
    let ends = [
        r#"{"t_ms":30000,"from":"listener","hex":""}"#,
        r#"{"t_ms":30000,"end":"ClosedBeforeVersion","detail":""}"#,
        r#"{"t_ms":30000,"end":"HandshakeTimeout","detail":""}"#,
    ];
    for end in ends {
        // The dialer's version, to which the listener said nothing.
        let unanswered = format!("{}{end}\n", first_lines.concat());
        let listener = assert_replays(&unanswered, Side::Listener);
        assert_eq!((listener.frames, listener.is_cut), (0, false));
        // Neither said anything.
        let refused = format!("{}{end}\n", first_lines[0]);
        for side in [Side::Dialer, Side::Listener] {
            let outcome = assert_replays(&refused, side);
            assert_eq!((outcome.frames, outcome.failure, outcome.is_cut), (0, None, false));
            assert_eq!(outcome.until, Time::from_elapsed(Duration::from_secs(30)));
        }
    }
}

#[test]
fn a_recording_that_is_cut_off_says_so() {
    let file = hello();
    assert!(!assert_replays(&file, Side::Dialer).is_cut);
    let lines: Vec<_> = file.split_inclusive('\n').collect();
    let within_a_line = format!("{}{}", lines[..4].concat(), &lines[4][..20]);
    // As a process leaves it that is killed between two writes.
    let between_lines = lines[..4].concat();
    for cut in [within_a_line, between_lines, lines[0].to_owned()] {
        for side in [Side::Dialer, Side::Listener] {
            assert!(assert_replays(&cut, side).is_cut, "as {side}: {cut}");
        }
    }
}

#[test]
fn a_replay_that_is_stopped_before_a_cut_does_not_speak_of_it() {
    let file = hello();
    let cut: Vec<_> = file.split_inclusive('\n').take(4).collect();
    let recording = Recording::read(&cut.concat()).unwrap();
    let mut replay = Replay::new(&recording, Side::Dialer).unwrap();
    replay.step().unwrap();
    assert!(!replay.stop().is_cut);
}

#[test]
fn the_first_difference_names_the_timer_that_is_next() {
    let mut recording = Recording::read(&hello()).unwrap();
    let version = recording.messages(Side::Dialer).into_iter().flatten().next().unwrap();
    let twice = Entry {
        at: Time::from_elapsed(Duration::from_micros(310)),
        kind: recording.entries[version.entry].kind.clone(),
    };
    recording.entries.insert(version.entry + 1, twice);
    let difference = first_difference(&recording, Side::Dialer);
    assert_eq!(
        difference.next_timeout,
        Some((Time::from_elapsed(Duration::from_secs(30)), Timer::Handshake))
    );
    let text = difference.to_string();
    assert!(text.starts_with("at 0.31 ms: expected version of "), "{text}");
    assert!(text.ends_with("; next timeout: handshake at 30 s"), "{text}");
}

#[test]
fn a_packed_recording_is_refused_by_the_name_of_its_form() {
    let packed = "{\"t_ms\":0.4,\"from\":\"dialer\",\"hex\":\"@6774035+141\"}\n";
    let error = Recording::read(packed).unwrap_err();
    assert_eq!((error.line, &error.problem), (1, &Problem::Packed("@6774035+141".into())));
    assert!(error.to_string().starts_with("line 1: the bytes are packed (\"@6774035+141\")"), "{error}");
}

fn first_difference(recording: &Recording, side: Side) -> Difference {
    *Replay::new(recording, side).unwrap().run().unwrap_err()
}

#[test]
fn a_file_that_asks_for_endless_pings_is_given_up_after_ten_thousand() {
    let file = hello().replace(r#""config":{"#, r#""config":{"ping_interval_ms":0.000010,"#);
    let mut recording = Recording::read(&file).unwrap();
    let ends = recording.entries.iter().position(|entry| entry.at > Time::ZERO).unwrap();
    recording.entries.truncate(ends);
    let at = Time::from_elapsed(Duration::from_millis(50));
    recording.entries.push(Entry { at, kind: EntryKind::Eof(Side::Dialer) });
    // Five million pings are due until then.
    let difference = first_difference(&recording, Side::Dialer);
    assert!(difference.failure.is_none());
    let waited = difference.next_timeout.unwrap().0.saturating_since(difference.at);
    assert_eq!(waited, Duration::from_nanos(10));
}

#[test]
fn a_replay_goes_step_by_step_and_shows_the_machine() {
    let recording = Recording::read(&hello()).unwrap();
    let mut replay = Replay::new(&recording, Side::Dialer).unwrap();
    let mut steps = 0;
    while let Some(entry) = replay.next_entry() {
        assert_eq!(replay.position(), steps);
        assert_eq!(replay.step().unwrap(), Some(entry));
        steps += 1;
        let peer = replay.connection().peer();
        assert_eq!(peer.timeouts().map(|(at, _)| at).min(), peer.next_timeout().map(|(at, _)| at));
        assert_eq!(replay.now(), entry.at);
    }
    assert_eq!(steps, recording.entries.len());
    assert_eq!(replay.step(), Ok(None));
    assert_eq!(replay.finish().unwrap(), Replay::new(&recording, Side::Dialer).unwrap().run().unwrap());
}
