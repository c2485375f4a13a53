//! What every payload is made of: a cursor that reads, integers of variable length, lists with a limit, texts and
//! times. Nothing here knows a message.

pub mod bounds;
mod cursor;
mod list;
mod payload;
mod text;
pub mod var_int;

pub(crate) use self::cursor::{
    MAX_PAYLOAD, Reader, Sink, check_size, narrow, put_hashes, put_var_bytes, put_var_int, read_whole,
    var_bytes_len, var_int_len,
};
pub use self::list::{Bound, List};
pub(crate) use self::payload::Payload;
pub use self::text::Timestamp;
pub(crate) use self::text::{Hex, is_strict_ascii};
