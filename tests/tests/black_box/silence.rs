//! Remotes that say nothing, or stop saying anything.

use core::time::Duration;
use std::net::TcpListener;

use peer_core::{Error, Timer};

use crate::client::{Client, version};
use crate::subject::{Adapter, Subject};

const SOON: Duration = Duration::from_millis(200);

pub(crate) fn no_version<A: Adapter>() {
    let mut subject = Subject::with::<A>(|config| config.handshake_timeout(SOON));
    let _client = Client::connect(subject.address);
    assert_eq!(subject.ended(0), Error::Timeout(Timer::Handshake));
}

pub(crate) fn no_version_of_one_that_we_dialled<A: Adapter>() {
    let mut subject = Subject::with::<A>(|config| config.handshake_timeout(SOON));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    subject.dial(listener.local_addr().unwrap());
    let _client = Client::accept(&listener);
    assert_eq!(subject.ended(0), Error::Timeout(Timer::Handshake));
}

pub(crate) fn no_verack<A: Adapter>() {
    let mut subject = Subject::with::<A>(|config| config.handshake_timeout(SOON));
    let mut client = Client::connect(subject.address);
    client.write(&version());
    assert_eq!(subject.ended(0), Error::Timeout(Timer::Handshake));
}

/// Our pings do not keep a connection alive that no one answers on.
pub(crate) fn silence_after_the_handshake<A: Adapter>() {
    let mut subject = Subject::with::<A>(|config| config.idle_timeout(5 * SOON).ping_interval(SOON));
    let _silent = Client::established(&mut subject, 0);
    assert_eq!(subject.ended(0), Error::Timeout(Timer::Idle));
}

/// Half a frame is not more than silence.
pub(crate) fn silence_inside_a_frame<A: Adapter>() {
    let mut subject = Subject::with::<A>(|config| config.idle_timeout(5 * SOON).ping_interval(SOON));
    let mut client = Client::established(&mut subject, 0);
    client.write(&version()[..10]);
    assert_eq!(subject.ended(0), Error::Timeout(Timer::Idle));
}
