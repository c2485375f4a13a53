//! Requests with an id, and how each of them ends.
//!
//! A request is sent as messages that [`send`](super::Peer::send) takes, by its rules. In addition there is a table:
//! which request waits for what, which message responds to it, and by when. The table exists only while it has entries.
//!
//! | part | file |
//! | --- | --- |
//! | what the owner says and hears | `types`, `options`, `interest` |
//! | making and cancelling them | `commands` |
//! | the table: who waits for what, and until when | `table`, `times` |
//! | which message responds to which request | `respond`, `items`, `headers`, `filters` |
//! | what the machine does around the table | `hooks` |
//!
//! **Two clocks.** A timeout runs on the clock of waiting from when the request was written, and blames the remote. A
//! deadline runs on the plain clock and does not blame the remote.
//!
//! **Fence.** A remote handles messages in order. So the `pong` of a `ping` right behind a request that has no negative
//! response shows that no response will come. Some remotes may let a `pong` overtake, so the rest of the timeout only
//! shrinks to 2 s.

mod commands;
mod filters;
mod headers;
mod hooks;
mod interest;
mod items;
mod options;
mod respond;
mod table;
mod times;
mod types;

pub use self::interest::Interest;
pub use self::options::{OnTimeout, RequestOptions};
pub(super) use self::table::Table;
pub use self::types::{BlockRange, Request, RequestId, Response, Unanswered};
