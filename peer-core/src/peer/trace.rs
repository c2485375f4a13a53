//! The log lines of the feature `tracing`: at the reference's levels, in its words.
//!
//! Texts of the remote are safe to log: user agents are printable ASCII, and the texts of an old `reject` are cleaned
//! in its summary and escaped in a dump.

#[cfg(feature = "tracing")]
mod lines {
    use core::fmt;

    use crate::error::{Error, FrameError};
    use crate::frame::Parts;
    use crate::hash::Hash;
    use crate::message::{Command, Message};
    use crate::peer::{Peer, Timer};

    pub(crate) fn received(peer: &Peer, message: &Message, payload: &[u8]) {
        tracing::debug!("Received {}{} from {peer}", message.command(), Summary(message));
        tracing::trace!("{message:#?}");
        dump([payload, &[]]);
    }

    pub(crate) fn sending(peer: &Peer, message: &Message, parts: &mut Parts) {
        tracing::debug!("Sending {}{} to {peer}", message.command(), Summary(message));
        tracing::trace!("{message:#?}");
        if tracing::enabled!(tracing::Level::TRACE) {
            parts.hash();
        }
        dump([&parts.head, &parts.body]);
    }

    fn dump(parts: [&[u8]; 2]) {
        if parts.iter().any(|part| !part.is_empty()) {
            tracing::trace!("{}", Hexdump(parts));
        }
    }

    pub(crate) fn negotiated(peer: &Peer) {
        tracing::debug!("Negotiated protocol version {} for peer {peer}", peer.protocol_version());
    }

    pub(crate) fn expects(peer: &Peer, command: Command) {
        tracing::debug!("Adding deadline for command {command} for peer {peer}");
    }

    pub(crate) fn filtered(request: &str, locator: &[Hash], stop: &Hash) {
        if let Some(begin) = locator.first() {
            tracing::trace!("Filtering duplicate [{request}] with begin hash {begin}, stop hash {stop}");
        }
    }

    pub(crate) fn height(peer: &Peer, to: i32) {
        let from = peer.stats().last_block;
        tracing::trace!("Updating last block height of peer {peer} from {from} to {to}");
    }

    pub(crate) fn ended(peer: &Peer, error: &Error) {
        match error {
            Error::Frame(source) if !matches!(**source, FrameError::Truncated { .. }) => {
                tracing::error!("Can't read message from {peer}: {source}");
            }
            Error::Timeout(Timer::Idle) => {
                let idle = peer.node().config().idle_timeout;
                tracing::warn!("Peer {peer} no answer for {idle:?} -- disconnecting");
            }
            Error::Stalled(expected) => {
                tracing::info!(
                    "Peer {peer} appears to be stalled or misbehaving (reason: deadline exceeded for \
                     {expected}) -- disconnecting"
                );
            }
            other => tracing::debug!("Peer {peer} is done: {other}"),
        }
    }

    /// A summary in parentheses behind a space, or nothing.
    struct Summary<'a>(&'a Message);

    impl fmt::Display for Summary<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            let summary = self.0.summary();
            if summary.is_empty() { Ok(()) } else { write!(f, " ({summary})") }
        }
    }

    /// Bytes as `hexdump -C` shows them, every line written out.
    struct Hexdump<'a>([&'a [u8]; 2]);

    impl fmt::Display for Hexdump<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            let mut bytes = self.0.iter().flat_map(|part| part.iter().copied());
            let mut offset = 0_usize;
            loop {
                let mut line = [0; 16];
                let mut len = 0_usize;
                for (place, byte) in line.iter_mut().zip(bytes.by_ref().take(16)) {
                    *place = byte;
                    len = len.saturating_add(1);
                }
                let Some(shown) = line.get(..len).filter(|shown| !shown.is_empty()) else {
                    return write!(f, "{offset:08x}");
                };
                write_line(f, offset, shown)?;
                offset = offset.saturating_add(len);
            }
        }
    }

    fn write_line(f: &mut fmt::Formatter<'_>, offset: usize, bytes: &[u8]) -> fmt::Result {
        write!(f, "{offset:08x} ")?;
        for place in 0..16 {
            let gap = if place % 8 == 0 { " " } else { "" };
            match bytes.get(place) {
                Some(byte) => write!(f, "{gap}{byte:02x} ")?,
                None => write!(f, "{gap}   ")?,
            }
        }
        f.write_str(" |")?;
        for byte in bytes {
            let shown = if matches!(byte, b' '..=b'~') { char::from(*byte) } else { '.' };
            fmt::Write::write_char(f, shown)?;
        }
        f.write_str("|\n")
    }
}

#[cfg(feature = "tracing")]
pub(super) use self::lines::{ended, expects, filtered, height, negotiated, received, sending};

#[cfg(not(feature = "tracing"))]
mod silence {
    use crate::error::Error;
    use crate::frame::Parts;
    use crate::hash::Hash;
    use crate::message::{Command, Message};
    use crate::peer::Peer;

    pub(crate) const fn received(_: &Peer, _: &Message, _: &[u8]) {}

    pub(crate) const fn sending(_: &Peer, _: &Message, _: &mut Parts) {}

    pub(crate) const fn negotiated(_: &Peer) {}

    pub(crate) const fn expects(_: &Peer, _: Command) {}

    pub(crate) const fn filtered(_: &str, _: &[Hash], _: &Hash) {}

    pub(crate) const fn height(_: &Peer, _: i32) {}

    pub(crate) const fn ended(_: &Peer, _: &Error) {}
}

#[cfg(not(feature = "tracing"))]
pub(super) use self::silence::{ended, expects, filtered, height, negotiated, received, sending};
