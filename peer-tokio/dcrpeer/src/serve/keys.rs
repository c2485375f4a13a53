//! The keys that the user presses while the table is shown. Only Unix has them.

use tokio::sync::mpsc::{self, Receiver};

/// Keys that may wait to be handled.
const KEYS: usize = 16;

/// The keys as they are pressed, if the table is shown on a terminal that has a keyboard. Elsewhere there are none.
pub(super) fn read(is_shown: bool) -> Receiver<u8> {
    let (sender, receiver) = mpsc::channel(KEYS);
    #[cfg(unix)]
    if is_shown {
        // Without this thread no keys are read, and Ctrl-C ends the program as ever.
        std::thread::Builder::new().name("keys".to_owned()).spawn(move || unix::forward(&sender)).ok();
    }
    #[cfg(windows)]
    let _ = (is_shown, sender);
    receiver
}

#[cfg(unix)]
mod unix {
    use core::time::Duration;
    use std::io;
    use std::thread;

    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::io::{Errno, read};
    use tokio::sync::mpsc::Sender;

    use crate::terminal;

    const POLL_INTERVAL: Duration = Duration::from_millis(200);

    /// Forwards keys until their receiver is dropped or the keyboard is gone.
    pub(super) fn forward(keys: &Sender<u8>) {
        while !keys.is_closed() {
            // The system stops a program that reads from a terminal in the background.
            if !terminal::is_ours() || !terminal::is_foreground() {
                thread::sleep(POLL_INTERVAL);
                continue;
            }
            match pressed() {
                Ok(None) | Err(Errno::INTR) => {}
                Ok(Some(key)) if keys.blocking_send(key).is_ok() => {}
                _ => return,
            }
        }
    }

    /// The next key, if one is pressed soon.
    fn pressed() -> Result<Option<u8>, Errno> {
        let stdin = io::stdin();
        let wait = Timespec::try_from(POLL_INTERVAL).ok();
        if poll(&mut [PollFd::new(&stdin, PollFlags::IN)], wait.as_ref())? == 0 {
            return Ok(None);
        }
        let mut key = [0];
        if read(&stdin, &mut key)? == 0 { Err(Errno::PIPE) } else { Ok(Some(key[0])) }
    }
}
