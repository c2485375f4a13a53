//! Durations on the command line.

use crate::run;

#[test]
fn a_duration_may_have_decimals_or_several_parts() {
    for duration in ["50ms", "0.05s", "0s 50ms"] {
        let run = run(&["listen", "127.0.0.1:0", "--for", duration, "--json"]);
        run.assert_fails(1, "no handshake was completed");
        assert_eq!(run.objects().pop().unwrap()["detail"], "--for 50 ms is over", "{duration}");
    }
}

#[test]
fn a_duration_that_is_none_is_explained() {
    for duration in ["", "10", "1x", "1e2s", "-1s"] {
        let argument = format!("--for={duration}");
        run(&["listen", &argument]).assert_fails(2, "a number and its unit, like 500ms, 10s, 2m or 1h");
    }
    for duration in ["9000h", "99999999999999999999s"] {
        let argument = format!("--for={duration}");
        run(&["listen", &argument]).assert_fails(2, "a duration is between 0s and 8760h");
    }
}
