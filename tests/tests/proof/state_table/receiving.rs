//! What a message that comes does.

use peer_core::{Direction, Error, Event, Message};
use peer_tests::remote::{Remote, frame};

use crate::state_table::samples::{self, Sample};
use crate::state_table::states::State;

/// What a frame with this sample does, or `None` where there is no such state.
pub(crate) fn outcome(sample: &Sample, state: State, version: u32, direction: Direction) -> Option<String> {
    let mut remote = state.reach(version, direction)?;
    let plain = outcome_at(&mut remote, sample, state);
    if state != State::Established {
        return Some(plain);
    }
    let Some(request) = samples::request(sample, version) else {
        let is_answer = plain == "Unrequested" && sample.is_valid_at(version);
        assert!(!is_answer, "{}: which request asks for it? `samples::request` must know", sample.name);
        return Some(plain);
    };
    let mut remote = state.reach(version, direction)?;
    if remote.machine.send(&request, remote.now).is_err() {
        return Some(plain);
    }
    remote.hears();
    let asked = outcome_at(&mut remote, sample, state);
    assert_ne!(asked, "Unrequested", "{}: the table does not say that {request:?} asks for it", sample.name);
    Some(if asked == plain { plain } else { format!("{asked} if asked for, else {plain}") })
}

fn outcome_at(remote: &mut Remote, sample: &Sample, state: State) -> String {
    let command = if sample.message.is_none() { "unknown" } else { &sample.name };
    let bytes = frame(command, &sample.payload);
    remote.say_bytes(&bytes);
    let mut events = Vec::new();
    let error = loop {
        match remote.pull() {
            Ok(Some(event)) => events.push(event),
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
    };
    if state == State::Failed {
        assert_eq!(error, Some(Error::ClosedByOwner));
        return "refused".into();
    }
    if state == State::Parting {
        assert_eq!((events.len(), remote.machine.input().len()), (0, bytes.len()));
        return "not read".into();
    }
    match error {
        Some(error) => name(&error),
        None if !remote.machine.wants_read() => farewell(remote),
        None => {
            assert!(remote.machine.input().is_empty(), "{command}: something is left");
            consequence(remote, &events, state)
        }
    }
}

/// The connection ends as soon as its last word is written.
fn farewell(remote: &mut Remote) -> String {
    let said = remote.hears();
    let says_reject = matches!(said.last(), Some(Message::Reject(_)));
    assert!(says_reject, "said {said:?}");
    format!("{} after `reject`", name(&remote.error()))
}

fn consequence(remote: &mut Remote, events: &[Event], state: State) -> String {
    let answers: Vec<_> = remote.hears().iter().map(|answer| format!("`{}`", answer.command())).collect();
    let answered =
        if answers.is_empty() { String::new() } else { format!(", answered with {}", answers.join(" and ")) };
    match events {
        [Event::Version(_)] => format!("surfaces{answered}"),
        [Event::Established] => format!("completes{answered}"),
        [Event::Message(_)] => format!("delivered{answered}"),
        [] if state == State::Established => "dropped".into(),
        [] => kept(remote),
        more => panic!("{more:?}"),
    }
}

/// What came early surfaces once the handshake is complete, or ends the connection then, or not at all.
fn kept(remote: &mut Remote) -> String {
    remote.say(&Message::Verack);
    assert_eq!(remote.pull(), Ok(Some(Event::Established)));
    match remote.pull() {
        Ok(Some(Event::Message(_))) => "kept".into(),
        Ok(None) if !remote.machine.wants_read() => format!("kept, then {}", farewell(remote)),
        Ok(None) => "dropped".into(),
        Err(error) => format!("kept, then {}", name(&error)),
        Ok(Some(other)) => panic!("{other:?}"),
    }
}

/// The name of an error, as in the documentation.
pub(crate) fn name(error: &Error) -> String {
    if let Some(kind) = error.kind() {
        return kind.to_string();
    }
    let text = format!("{error:?}");
    text.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_owned()
}
