//! Targets `peer`, `established`, `requests` and `misuse`: one machine under a script.
//!
//! Input: protocol versions (1 byte), a bit for each choice of the [setting](super::setting) (1 byte), how to run
//! it (1 byte), then calls. `requests` begins as `established` does, and also makes requests. `misuse` reads a time and a height before them, and makes calls of any kind.

use peer_core::Node;

use super::call::Call;
use super::script::Script;
use super::setting::{Setting, info_of};
use super::subject::{Generator, Subject, is_thorough};

/// Bit of the byte that says how to run a script: begin after the handshake.
const ESTABLISHED: u8 = 0x08;

/// Runs a script on a peer from its first moment on. Panics if a promise is broken.
pub fn peer(data: &[u8]) {
    let mut script = Script::new(data);
    let (setting, how) = (Setting::new(script.array()), script.byte());
    let mut rng = Generator::new(u64::from(how));
    let peer = setting.fresh(&mut rng);
    run(Subject::new(peer, rng, is_thorough(data)), script, Call::read);
}

/// Runs a script on a peer whose handshake is complete. Panics if a promise is broken.
pub fn established(data: &[u8]) {
    let mut script = Script::new(data);
    let (setting, how) = (Setting::new(script.array()), script.byte());
    let subject = Subject::new(setting.established(), Generator::new(u64::from(how)), is_thorough(data));
    run(subject, script, Call::read);
}

/// Runs a script of requests and what may respond to them, on a peer whose handshake is complete. Panics if a promise is
/// broken.
pub fn requests(data: &[u8]) {
    let mut script = Script::new(data);
    let (setting, how) = (Setting::new(script.array()), script.byte());
    let subject = Subject::new(setting.established(), Generator::new(u64::from(how)), is_thorough(data));
    run(subject, script, super::requests::read);
}

/// Runs a script of calls in any order and with any argument. Panics if a promise is broken.
pub fn misuse(data: &[u8]) {
    let mut script = Script::new(data);
    let (setting, how) = (Setting::new(script.array()), script.byte());
    let mut rng = Generator::new(u64::from(how));
    let peer = if how & ESTABLISHED != 0 {
        setting.established()
    } else {
        let info = info_of(i32::from_le_bytes(script.array()), script.number());
        Setting::peer_of(&Node::new(setting.config()), setting.direction(), info, &mut rng)
    };
    run(Subject::new(peer, rng, is_thorough(data)), script, Call::read_any);
}

fn run<'a>(mut subject: Subject, mut script: Script<'a>, read: fn(&mut Script<'a>) -> Call<'a>) {
    while !script.is_over() {
        let call = read(&mut script);
        subject.call(&call);
    }
    subject.finish();
}
