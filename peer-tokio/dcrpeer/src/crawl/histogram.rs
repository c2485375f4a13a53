//! Round trips in bins of growing width.

use core::time::Duration;

/// Counts in bins that are nearly equally wide on a logarithmic scale.
#[derive(Debug)]
pub(crate) struct Histogram {
    bins: Vec<Bin>,
}

/// Durations from one to, but not including, another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bin {
    pub(crate) from: Duration,
    pub(crate) to: Duration,
    pub(crate) count: u64,
}

/// Where bins begin in each decade, times ten.
const STEPS: [u64; 6] = [10, 15, 20, 30, 50, 70];

/// Decades from 10 microseconds on; the last ends far beyond any deadline.
const DECADES: u32 = 8;

/// Fewest bins, so that few round trips do not give a few wide bars.
const FEWEST: usize = 18;

impl Histogram {
    pub(crate) fn of(durations: &[Duration]) -> Self {
        let edges: Vec<_> = (0..DECADES).flat_map(|decade| STEPS.map(|step| edge(decade, step))).collect();
        let mut bins: Vec<_> = edges
            .iter()
            .zip(edges.iter().skip(1))
            .map(|(from, to)| Bin { from: *from, to: *to, count: 0 })
            .collect();
        for duration in durations {
            // Durations outside of all bins count in the first or the last.
            let index = bins.partition_point(|bin| bin.to <= *duration).min(bins.len().saturating_sub(1));
            if let Some(bin) = bins.get_mut(index) {
                bin.count = bin.count.saturating_add(1);
            }
        }
        Self { bins: trim(&bins) }
    }

    pub(crate) fn bins(&self) -> &[Bin] {
        &self.bins
    }

    /// The highest count.
    pub(crate) fn most(&self) -> u64 {
        self.bins.iter().map(|bin| bin.count).max().unwrap_or_default()
    }

    /// The position of a duration on the axis, from 0 to 1.
    pub(crate) fn position(&self, duration: Duration) -> f64 {
        let index = self.bins.partition_point(|bin| bin.to <= duration);
        let within = self.bins.get(index).map_or(0.0, |bin| {
            let width = bin.to.saturating_sub(bin.from).as_secs_f64();
            duration.saturating_sub(bin.from).as_secs_f64() / width
        });
        (index as f64 + within) / self.bins.len().max(1) as f64
    }

    /// Where bins begin and the last one ends, and whether that is a round number.
    pub(crate) fn ticks(&self) -> Vec<(Duration, bool)> {
        let edges = self.bins.iter().map(|bin| bin.from).chain(self.bins.last().map(|bin| bin.to));
        edges.map(|edge| (edge, is_round(edge))).collect()
    }
}

fn edge(decade: u32, step: u64) -> Duration {
    Duration::from_micros(step.saturating_mul(10_u64.saturating_pow(decade)))
}

/// Whether it is 1, 2 or 5 times a power of ten.
fn is_round(edge: Duration) -> bool {
    let mut micros = edge.as_micros();
    while micros >= 10 && micros.is_multiple_of(10) {
        micros /= 10;
    }
    matches!(micros, 1 | 2 | 5)
}

/// The range of bins that are not empty, widened on both sides to [`FEWEST`].
fn trim(bins: &[Bin]) -> Vec<Bin> {
    let is_used = |bin: &Bin| bin.count > 0;
    let (Some(first), Some(last)) = (bins.iter().position(is_used), bins.iter().rposition(is_used)) else {
        return bins.iter().take(FEWEST).copied().collect();
    };
    let missing = FEWEST.saturating_sub(last.saturating_sub(first).saturating_add(1));
    let first = first.saturating_sub((missing / 2).max(1));
    let last = first.saturating_add(FEWEST).max(last.saturating_add(2)).min(bins.len());
    bins.get(first..last).unwrap_or_default().to_vec()
}
