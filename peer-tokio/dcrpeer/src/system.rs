//! What the tool asks the operating system: memory, open files, and whether hang-ups are ignored.

/// Files that are open besides connections: standard streams, the listener, what the runtime needs.
const OTHER_FILES: u64 = 32;

/// What figures of memory count, for people.
pub(crate) const MEMORY_NOTE: &str = "resident memory of this process";

/// Memory that this process has in use, in bytes, where the system tells.
pub(crate) fn memory() -> Option<u64> {
    memory_stats::memory_stats().map(|stats| stats.physical_mem as u64)
}

/// Raises the limit of open files for `wanted` connections at a time, and returns how many it allows. A system without
/// a known limit allows all.
pub(crate) fn room_for(wanted: u32) -> u32 {
    let files = u64::from(wanted).saturating_add(OTHER_FILES);
    let limit = rlimit::increase_nofile_limit(files).unwrap_or(files);
    let room = limit.saturating_sub(OTHER_FILES).max(1);
    u32::try_from(room).unwrap_or(u32::MAX).min(wanted)
}

/// The shell command that makes room for so many connections.
pub(crate) fn how_to_make_room(wanted: u32) -> String {
    format!("`ulimit -n {}`", u64::from(wanted).saturating_add(OTHER_FILES))
}

/// Whether this process was started with hang-ups ignored, as `nohup` does. Only Linux tells; elsewhere it is taken
/// not to be so.
#[cfg(unix)]
pub(crate) fn ignores_hang_ups() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    // The lowest bit is signal 1, SIGHUP.
    ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 != 0)
}
