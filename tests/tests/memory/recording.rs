//! Lines of a recording that wait to be written.

use peer_core::recording::{Buffer, Header, Side};
use peer_core::{Config, Direction, Time};
use peer_tests::remote::NETWORK;

use crate::meter::Meter;

const LIMIT: usize = 1024 * 1024;

pub(crate) fn waiting() {
    let header = Header::new(Config::builder(NETWORK).build().unwrap(), Direction::Outbound);
    for size in [1, 10, 100, 1000, 100_000, LIMIT / 2 - 1000] {
        let piece = vec![7; size];
        let (meter, mut most) = (Meter::start(), 0);
        let mut buffer = Buffer::new(&header, LIMIT);
        while buffer.dropped() == 0 {
            buffer.piece(Time::ZERO, Side::Dialer, [&piece[..]]);
            most = most.max(meter.held());
        }
        // The first line comes on top.
        assert!(most < LIMIT + 1000, "{most} bytes for pieces of {size}");
        drop(buffer.take());
        assert!(meter.held() < 1000, "{} bytes after all was taken", meter.held());
    }
}
