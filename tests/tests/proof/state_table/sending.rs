//! What the owner's wish to send a message comes to.

use peer_core::{Direction, SendError};

use crate::state_table::samples::Sample;
use crate::state_table::states::State;

/// What `send` says, or `None` where there is no such state.
pub(crate) fn outcome(sample: &Sample, state: State, version: u32, direction: Direction) -> Option<String> {
    let mut remote = state.reach(version, direction)?;
    let message = sample.message.as_ref()?;
    let before = remote.machine.queued();
    let result = remote.machine.send(message, remote.now);
    assert_eq!(result.is_err(), remote.machine.queued() == before, "{}: refusal and queue", sample.name);
    Some(match result {
        Ok(_) => "sent".into(),
        Err(SendError::Encode(error)) => error.kind().to_string(),
        Err(error) => {
            let text = format!("{error:?}");
            text.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_owned()
        }
    })
}
