//! Tables fit the terminal: nothing that people read in columns wraps.

use crate::serve::serve;
use crate::{Run, dcrpeer};

/// A run on a terminal of this width.
fn run_at(width: usize, args: &[&str]) -> Run {
    let output = dcrpeer(args).env("COLUMNS", width.to_string()).output().unwrap();
    Run {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

fn assert_fits(run: &Run, width: usize) {
    run.assert_succeeds();
    for line in run.out.lines() {
        assert!(line.chars().count() <= width, "wider than {width}: {line}");
    }
}

#[test]
fn the_summary_of_a_crawl_fits_the_terminal() {
    for width in [80, 60, 40] {
        assert_fits(&run_at(width, &["crawl", "--demo", "60"]), width);
    }
}

#[test]
fn the_summary_of_a_load_test_fits_the_terminal() {
    for width in [80, 40] {
        let server = serve(&[]);
        let args = ["load", &server.address(), "--network", "simnet", "-n", "30", "--rounds", "1"];
        let load = run_at(width, &args);
        load.assert_succeeds();
        // The first line is one sentence, not a table.
        let table = load.out.split_once('\n').unwrap().1;
        assert_fits(&Run { code: 0, out: table.to_owned(), err: String::new() }, width);
        assert!(
            load.out.replace("\n               ", " ").contains("resident memory of this process"),
            "{}",
            load.out
        );
    }
}

#[test]
fn the_statistics_of_a_connection_fit_the_terminal() {
    for width in [80, 40] {
        let server = serve(&[]);
        let args = ["connect", &server.address(), "--network", "simnet", "--for", "300ms"];
        let connect = run_at(width, &args);
        let (_, table) = connect.out.split_once("\n\n").unwrap();
        assert_fits(&Run { code: connect.code, out: table.to_owned(), err: connect.err }, width);
    }
}

#[test]
fn numbers_have_separated_thousands_and_services_their_short_names() {
    let crawl = run_at(80, &["crawl", "--demo", "60"]);
    assert!(crawl.out.contains("max 1,002,345"), "{}", crawl.out);
    assert!(crawl.out.contains("\n  network,cf "), "{}", crawl.out);
    assert!(crawl.out.contains("Round-trip times (rtt) "), "{}", crawl.out);
}
