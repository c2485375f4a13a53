//! The locks of a connection's shared state. Tests that explore interleavings switch tasks before each lock and each
//! look at the end.

#[cfg(shuttle)]
pub(crate) use shuttle::sync::{Mutex, MutexGuard};
#[cfg(not(shuttle))]
pub(crate) use std::sync::{Mutex, MutexGuard};
#[cfg(not(shuttle))]
pub(crate) use tokio::sync::SetOnce;

#[cfg(shuttle)]
#[derive(Debug)]
pub(crate) struct SetOnce<T> {
    value: tokio::sync::SetOnce<T>,
    /// Where tasks are switched.
    point: Mutex<()>,
}

#[cfg(shuttle)]
impl<T> SetOnce<T> {
    pub(crate) fn new() -> Self {
        Self { value: tokio::sync::SetOnce::new(), point: Mutex::new(()) }
    }

    pub(crate) fn get(&self) -> Option<&T> {
        drop(self.point.lock());
        self.value.get()
    }

    pub(crate) fn set(&self, value: T) -> Result<(), tokio::sync::SetOnceError<T>> {
        drop(self.point.lock());
        self.value.set(value)
    }

    pub(crate) async fn wait(&self) -> &T {
        drop(self.point.lock());
        self.value.wait().await
    }
}
