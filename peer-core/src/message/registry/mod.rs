//! The table of messages and the words it is written in: what each command is called, when it exists, how large it may
//! be, what it asks for or answers, and which struct reads and writes it.

mod answer;
mod command;
mod lookup;
mod raw;
mod spec;
mod table;

pub(crate) use self::answer::{Answer, Whole};
pub use self::command::Command;
pub(crate) use self::lookup::{find, lookup};
pub use self::raw::Raw;
pub(crate) use self::spec::{Lane, Spec};
pub use self::table::Message;
