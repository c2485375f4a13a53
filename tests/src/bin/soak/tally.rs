//! What is counted, from all threads.

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Most losses and stuck connections that are described.
const DESCRIBED: usize = 20;

#[derive(Debug)]
pub(crate) struct Tally {
    pub(crate) accepted: AtomicU64,
    pub(crate) messages: AtomicU64,
    pub(crate) lost: AtomicU64,
    pub(crate) stuck: AtomicU64,
    /// Plans that were begun.
    pub(crate) begun: AtomicU64,
    /// No connection is begun any more.
    stops: AtomicBool,
    /// Parts that still dial.
    dialling: AtomicU64,
    ends: Mutex<BTreeMap<String, u64>>,
    details: Mutex<Vec<String>>,
}

impl Tally {
    /// For so many parts that dial.
    pub(crate) fn new(parts: u64) -> Self {
        let zero = || AtomicU64::new(0);
        Self {
            accepted: zero(),
            messages: zero(),
            lost: zero(),
            stuck: zero(),
            begun: zero(),
            stops: AtomicBool::new(false),
            dialling: AtomicU64::new(parts),
            ends: Mutex::default(),
            details: Mutex::default(),
        }
    }

    /// A part has stopped to dial.
    pub(crate) fn end_dialling(&self) {
        self.dialling.fetch_sub(1, Relaxed);
    }

    /// Whether connections may still come.
    pub(crate) fn is_dialling(&self) -> bool {
        self.dialling.load(Relaxed) > 0
    }

    pub(crate) fn in_short(&self) -> String {
        let [accepted, messages, lost, stuck] =
            [&self.accepted, &self.messages, &self.lost, &self.stuck].map(|count| count.load(Relaxed));
        format!("{accepted} accepted, {messages} messages, {lost} lost, {stuck} stuck")
    }

    pub(crate) fn add_accepted(&self) {
        self.accepted.fetch_add(1, Relaxed);
    }

    pub(crate) fn add_message(&self) {
        self.messages.fetch_add(1, Relaxed);
    }

    /// The number of the next plan.
    pub(crate) fn begin(&self) -> u64 {
        self.begun.fetch_add(1, Relaxed)
    }

    pub(crate) fn lose(&self, detail: &str, count: u32) {
        self.lost.fetch_add(count.into(), Relaxed);
        self.describe(format!("lost {count}: {detail}"));
    }

    pub(crate) fn stick(&self, detail: &str) {
        self.stuck.fetch_add(1, Relaxed);
        self.describe(format!("stuck: {detail}"));
    }

    /// Ends are counted by what they say without numbers.
    pub(crate) fn end(&self, reason: &str) {
        let reason = reason.split(|c: char| c.is_ascii_digit()).next().unwrap_or_default().trim().to_owned();
        *self.ends.lock().unwrap_or_else(PoisonError::into_inner).entry(reason).or_default() += 1;
    }

    pub(crate) fn ends(&self) -> BTreeMap<String, u64> {
        self.ends.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn details(&self) -> Vec<String> {
        self.details.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn stop(&self) {
        self.stops.store(true, Relaxed);
    }

    pub(crate) fn stops(&self) -> bool {
        self.stops.load(Relaxed)
    }

    fn describe(&self, detail: String) {
        let mut details = self.details.lock().unwrap_or_else(PoisonError::into_inner);
        if details.len() < DESCRIBED {
            details.push(detail);
        }
    }
}
