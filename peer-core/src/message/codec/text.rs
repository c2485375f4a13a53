//! Texts: those that may hold printable ASCII only, and those that may hold any bytes.

/// Whether every byte is printable ASCII, `0x20..=0x7e`. True of the empty text.
pub(crate) const fn is_strict_ascii(mut text: &[u8]) -> bool {
    while let [0x20..=0x7e, rest @ ..] = text {
        text = rest;
    }
    text.is_empty()
}

/// A text that may hold any bytes; what is not UTF-8 is replaced.
#[cfg(feature = "serde")]
pub(crate) struct Lossy<T>(pub(crate) T);

#[cfg(feature = "serde")]
impl<T: AsRef<[u8]>> serde::Serialize for Lossy<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&alloc::string::String::from_utf8_lossy(self.0.as_ref()))
    }
}

/// For `#[serde(serialize_with = "…")]` on texts that may hold any bytes.
#[cfg(feature = "serde")]
pub(crate) fn serialize<S: serde::Serializer>(
    bytes: &impl AsRef<[u8]>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serde::Serialize::serialize(&Lossy(bytes), serializer)
}
