//! How many sockets there may be.

/// Connections that are measured together; both ends of each are in this process.
const CONNECTIONS: usize = 5000;

/// Fewer do not show what one of them holds.
const FEWEST: usize = 100;

/// Files that may be open besides the sockets.
const SPARE: usize = 100;

/// As many connections as the system allows files for, two for each.
pub(crate) fn affordable() -> usize {
    let open = rlimit::increase_nofile_limit((2 * CONNECTIONS + SPARE) as u64).unwrap();
    let possible = usize::try_from(open).unwrap_or(usize::MAX).saturating_sub(SPARE) / 2;
    let least = 2 * FEWEST + SPARE;
    assert!(
        possible >= FEWEST,
        "only {open} files may be open here, and {FEWEST} connections need {least}: raise the hard limit \
         (ulimit -Hn {least})"
    );
    if possible < CONNECTIONS {
        println!("at most {open} files may be open here, so {possible} connections instead of {CONNECTIONS}");
    }
    possible.min(CONNECTIONS)
}
