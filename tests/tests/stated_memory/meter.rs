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
}
