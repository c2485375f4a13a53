//! What every payload is made of: a cursor that reads, integers of variable length, lists with a limit, texts and
//! times. Nothing here knows a message.

pub mod bounds;
mod cursor;
pub(crate) mod hex;
mod list;
mod payload;
mod sink;
pub(crate) mod text;
mod timestamp;
pub mod var_int;

pub(crate) use self::cursor::{Cursor, MAX_PAYLOAD, check_size, narrow, read_whole};
pub(crate) use self::hex::Hex;
pub use self::list::{Bound, List};
pub(crate) use self::payload::Payload;
pub(crate) use self::sink::{Sink, put_hashes, put_var_bytes, put_var_int, var_bytes_len, var_int_len};
pub(crate) use self::text::is_strict_ascii;
pub use self::timestamp::Timestamp;
