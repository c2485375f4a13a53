//! Counts by command of many connections together.

use std::collections::BTreeMap;
use std::io::{self, Write};

use peer_core::{Command, CommandCount};
use serde::{Serialize, Serializer};

use crate::format::Count;
use crate::layout;
use crate::output::{FAINT, Styled};

/// The sum of the counts of many connections, by command. There is one for each command of the protocol at most, and one
/// for all others together.
#[derive(Clone, Debug, Default)]
pub(crate) struct CommandTotals(BTreeMap<Option<Command>, CommandCount>);

impl CommandTotals {
    /// Adds the counts of a connection.
    pub(crate) fn add(&mut self, counts: &[CommandCount]) {
        for count in counts {
            let add = |sum: &mut CommandCount| {
                sum.messages_sent = sum.messages_sent.saturating_add(count.messages_sent);
                sum.bytes_sent = sum.bytes_sent.saturating_add(count.bytes_sent);
                sum.messages_received = sum.messages_received.saturating_add(count.messages_received);
                sum.bytes_received = sum.bytes_received.saturating_add(count.bytes_received);
            };
            self.0.entry(count.command).and_modify(add).or_insert(*count);
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &CommandCount> {
        self.0.values()
    }

    /// Writes a line for each command.
    pub(crate) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        // In a narrow terminal there are no bytes.
        let is_narrow = layout::terminal_width().is_some_and(|width| width < 58);
        let (width, title) = if is_narrow { (11, "messages in") } else { (20, "messages (bytes) in") };
        let head = format!("{:LABEL$}  {title:>width$}  {:>width$}", "", "out");
        writeln!(out, "  {}", Styled(FAINT, head))?;
        for count in self.iter() {
            let cell = |messages, bytes| match is_narrow {
                true => Count(messages).to_string(),
                false => format!("{} ({})", Count(messages), Count(bytes)),
            };
            let received = cell(count.messages_received, count.bytes_received);
            let sent = cell(count.messages_sent, count.bytes_sent);
            writeln!(out, "  {:LABEL$}  {received:>width$}  {sent:>width$}", Styled(FAINT, name(count)))?;
        }
        Ok(())
    }
}

impl Serialize for CommandTotals {
    /// A list of objects, as in the statistics of a connection.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

/// What a row is called.
pub(crate) fn name(count: &CommandCount) -> String {
    count.command.map_or_else(|| "other".to_owned(), |command| command.to_string())
}

/// Width of the names: that of the longest command.
const LABEL: usize = 12;
