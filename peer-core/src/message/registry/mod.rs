//! The table of messages and the words it is written in: what each command is called, when it exists, how large it may
//! be, what it requests or responds to, and which struct reads and writes it.

mod command;
mod lookup;
mod raw;
mod response;
mod spec;
mod table;

pub use self::command::Command;
pub(crate) use self::lookup::{find, lookup};
pub use self::raw::Raw;
pub(crate) use self::response::{Response, ResponseKind};
pub(crate) use self::spec::{Lane, Spec};
pub use self::table::Message;
