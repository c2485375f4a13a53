//! Requests with an id, and how each of them ends.
//!
//! A request is sent as the messages that [`send`](super::Peer::send) takes, so all that holds of those holds here, too. What
//! this adds is a table: who waits for what, which message responds to which request, and by when. The table exists
//! only while something is in it.
//!
//! | part | file |
//! | --- | --- |
//! | what the owner says and hears | `types`, `options`, `interest` |
//! | making and cancelling them | `commands` |
//! | the table: who waits for what, and until when | `table`, `times` |
//! | which message responds to which request | `respond`, `items`, `headers`, `filters` |
//! | what the machine does around the table | `hooks` |
//!
//! **Two clocks.** A timeout runs on the clock of waiting from the moment when the request has been written, and blames
//! the remote. A deadline runs on the plain clock and blames no one.
//!
//! **Fence.** A remote handles messages in order. So the `pong` of a `ping` right behind a request that has no negative response
//! tells that none will come. Some remotes may let a `pong` overtake, so what is left of the timeout shrinks to 2 s only.

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
