//! `Arbitrary` for messages and what they are made of, behind the feature `arbitrary`.
//!
//! Every value is made by the constructor that users have, so only valid ones come out. Sizes follow the data at hand.

mod chain;
mod filters;
mod legacy;
mod mixing;
mod network;

use alloc::string::String;
use alloc::vec::Vec;

use arbitrary::{Arbitrary, Error, Result, Unstructured};
use bytes::Bytes;

use crate::hash::Hash;
use crate::message::{Bound, Command, List, Message, Raw, Timestamp};
use crate::protocol_version::ProtocolVersion;
use crate::services::Services;

/// Implements the trait for structs whose fields may all have any value of their type. A macro because no function can
/// make an implementation.
macro_rules! any_fields {
    ($($name:ident { $($field:ident),* })*) => {$(
        impl<'a> arbitrary::Arbitrary<'a> for $name {
            fn arbitrary(u: &mut arbitrary::Unstructured<'a>) -> arbitrary::Result<Self> {
                Ok(Self { $($field: u.arbitrary()?),* })
            }
        }
    )*};
}
use any_fields;

/// Implements the trait for types that are made of one value, whatever it is.
macro_rules! any_value {
    ($($name:ident: $make:expr;)*) => {$(
        impl<'a> arbitrary::Arbitrary<'a> for $name {
            fn arbitrary(u: &mut arbitrary::Unstructured<'a>) -> arbitrary::Result<Self> {
                u.arbitrary().map($make)
            }
        }
    )*};
}
use any_value;

any_value! {
    Hash: Hash::from_bytes;
    Services: Services::from_bits;
}

impl<'a> Arbitrary<'a> for Message {
    /// A message of any command, or a raw one. It can be encoded at one protocol version at least.
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let index = u.int_in_range(0..=Self::COMMANDS)?;
        let message = Self::arbitrary_of(index, u)?;
        // Only data of megabytes makes a message above the limit of its whole.
        let fits =
            (0..=ProtocolVersion::LATEST.get()).map(ProtocolVersion::new).any(|v| message.check(v).is_ok());
        if fits { Ok(message) } else { Err(Error::IncorrectFormat) }
    }
}

impl<'a> Arbitrary<'a> for Raw {
    /// The command is one that no protocol version has.
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let command: Command = u.arbitrary()?;
        let is_known = crate::message::lookup(command).is_some();
        let command = if is_known { valid(Command::new("unknown"))? } else { command };
        Ok(Self { command, payload: bytes(u, usize::MAX)? })
    }
}

impl<'a> Arbitrary<'a> for Command {
    /// A name of 1 to 12 characters.
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let name = text(u, Self::LEN)?;
        valid(Self::new(if name.is_empty() { "a" } else { &name }))
    }
}

impl<'a> Arbitrary<'a> for Timestamp {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        valid(Self::new(u.int_in_range(0..=Self::MAX.seconds())?))
    }
}

impl<'a, T: Arbitrary<'a>, B: Bound> Arbitrary<'a> for List<T, B> {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        list(u, B::MAX)
    }
}

/// A list of at most `max` items.
fn list<'a, T: Arbitrary<'a>, B: Bound>(u: &mut Unstructured<'a>, max: usize) -> Result<List<T, B>> {
    let items: Result<Vec<T>> = u.arbitrary_iter()?.take(max).collect();
    valid(items?.try_into())
}

/// At most `max` bytes.
fn bytes(u: &mut Unstructured<'_>, max: usize) -> Result<Bytes> {
    let bytes: &[u8] = u.arbitrary()?;
    Ok(Bytes::copy_from_slice(bytes.get(..max).unwrap_or(bytes)))
}

/// At most `max` characters of printable ASCII.
fn text(u: &mut Unstructured<'_>, max: usize) -> Result<String> {
    let printable = |byte: &u8| char::from(b' '.saturating_add(byte % 95));
    Ok(bytes(u, max)?.iter().map(printable).collect())
}

/// What a constructor made. It refuses nothing that is within its limits.
fn valid<T, E>(made: core::result::Result<T, E>) -> Result<T> {
    debug_assert!(made.is_ok());
    made.map_err(|_| Error::IncorrectFormat)
}
