//! Counting what is held.

use std::alloc::System;

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Counts from its making on.
#[derive(Debug)]
pub(crate) struct Meter(Region<'static, System>);

impl Meter {
    pub(crate) fn start() -> Self {
        Self(Region::new(ALLOCATOR))
    }

    /// Bytes that are held now and were not at the start.
    pub(crate) fn held(&self) -> usize {
        let change = self.0.change();
        change.bytes_allocated.saturating_sub(change.bytes_deallocated)
    }

    /// How often something was moved into more or less memory.
    pub(crate) fn reallocations(&self) -> usize {
        self.0.change().reallocations
    }
}

/// What `act` returns, the bytes that are held because of it, and the bytes allocated on the way.
pub(crate) fn measured<T>(act: impl FnOnce() -> T) -> (T, usize, usize) {
    let meter = Meter::start();
    let result = act();
    let change = meter.0.change();
    (result, change.bytes_allocated.saturating_sub(change.bytes_deallocated), change.bytes_allocated)
}
