//! How long a request may take, and what follows.

use core::time::Duration;

/// The default timeout.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The longest timeout. A remote that talks without a pause is judged after twice this time.
const MAX_TIMEOUT: Duration = Duration::from_secs(90);

/// What follows when the remote does not respond in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "complete by definition")]
pub enum OnTimeout {
    /// The connection ends with [`Error::Stalled`](crate::Error::Stalled).
    Close,
    /// The request ends with [`Unanswered::TimedOut`](crate::Unanswered::TimedOut), and the connection continues.
    ///
    /// Its items may still come, as [`Event::Message`](crate::Event::Message). Until they come or a `notfound` names
    /// them, they count for [`max_requests`](crate::ConfigBuilder::max_requests).
    Report,
}

/// How long a request may take, and what follows.
///
/// ```
/// use core::time::Duration;
/// use peer_core::{OnTimeout, RequestOptions};
///
/// let patient = RequestOptions::new().timeout(Duration::from_secs(60)).on_timeout(OnTimeout::Report);
/// let interactive = RequestOptions::new().deadline(Duration::from_secs(5));
/// # let _ = (patient, interactive);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[must_use]
pub struct RequestOptions {
    timeout: Option<Duration>,
    on_timeout: Option<OnTimeout>,
    pub(super) deadline: Option<Duration>,
    no_fence: bool,
}

impl RequestOptions {
    /// 30 s. A late response ends the connection for items and the initial state, and is reported for other requests.
    pub const fn new() -> Self {
        Self { timeout: None, on_timeout: None, deadline: None, no_fence: false }
    }

    /// How long the remote may take: 30 s by default, at most 90 s. A longer time counts as 90 s.
    ///
    /// It begins when the request was written, and runs only while we wait for the remote. The bytes of an arriving
    /// response buy time.
    pub const fn timeout(self, timeout: Duration) -> Self {
        Self { timeout: Some(timeout), ..self }
    }

    /// What happens after the timeout.
    pub const fn on_timeout(self, on_timeout: OnTimeout) -> Self {
        Self { on_timeout: Some(on_timeout), ..self }
    }

    /// How long the owner waits, by the plain clock, from now on. By default there is no deadline.
    ///
    /// The remote still has its timeout. What it sends after the deadline is dropped.
    pub const fn deadline(self, after: Duration) -> Self {
        Self { deadline: Some(after), ..self }
    }

    /// Whether a `ping` follows a request that has no negative response, as a fence. By default it does, except for
    /// items, the initial state and pings.
    pub const fn fence(self, fence: bool) -> Self {
        Self { no_fence: !fence, ..self }
    }

    pub(super) fn effective_timeout(&self) -> Duration {
        self.timeout.unwrap_or(TIMEOUT).min(MAX_TIMEOUT)
    }

    pub(super) fn closes(&self, by_default: bool) -> bool {
        self.on_timeout.map_or(by_default, |choice| choice == OnTimeout::Close)
    }

    pub(super) const fn has_fence(&self) -> bool {
        !self.no_fence
    }
}
