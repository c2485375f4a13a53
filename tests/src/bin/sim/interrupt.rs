//! Ctrl-C: the first one ends a run with what it has so far, the second one at once.

use core::sync::atomic::{AtomicBool, Ordering};
use std::process::{self, ExitCode};
use std::thread;

use tokio::runtime::Builder;
use tokio::signal::ctrl_c;

use crate::text::plain;

/// The exit status of a program that Ctrl-C ended.
const STATUS: u8 = 130;

static CAME: AtomicBool = AtomicBool::new(false);

/// Whether Ctrl-C was pressed.
pub(crate) fn came() -> bool {
    CAME.load(Ordering::Relaxed)
}

/// The exit status of a run that was cut short.
pub(crate) fn exit_code() -> ExitCode {
    ExitCode::from(STATUS)
}

/// Ends the process from inside of a world.
pub(crate) fn exit() -> ! {
    process::exit(STATUS.into())
}

/// Notes Ctrl-C from now on. Returns once it does.
pub(crate) fn watch() -> Result<(), String> {
    let failed = |error: std::io::Error| format!("cannot watch for Ctrl-C: {}", plain(&error));
    let runtime = Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let (sender, receiver) = std::sync::mpsc::channel();
    let watch = move || {
        runtime.block_on(async {
            let mut first = Box::pin(ctrl_c());
            // Polled once, so that the handler is set before the run begins.
            let ready = core::future::poll_fn(|cx| core::task::Poll::Ready(first.as_mut().poll(cx)));
            let is_early = ready.await.is_ready();
            sender.send(()).ok();
            if !is_early && first.await.is_err() {
                return;
            }
            CAME.store(true, Ordering::Relaxed);
            if ctrl_c().await.is_ok() {
                exit();
            }
        });
    };
    thread::Builder::new().name("signals".into()).spawn(watch).map_err(failed)?;
    // It fails only if the thread has ended, and then nothing is noted.
    receiver.recv().ok();
    Ok(())
}
