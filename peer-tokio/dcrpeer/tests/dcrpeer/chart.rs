//! `crawl --svg`.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::{env, fs, process};

use serde_json::json;
use tokio::runtime::Runtime;

use crate::crawl::take_apart;
use crate::network::{config, listeners, not_listening, spawn_peer};
use crate::{dcrpeer, run};

#[test]
fn the_demo_finds_its_network_and_draws_it() {
    let file = Temporary::new("demo.svg");
    let run = run(&["crawl", "--demo", "300", "--json", "--svg", file.path()]);
    run.assert_succeeds();
    let (told, summary) = take_apart(&run);
    assert_eq!((told.len(), &summary["known"]), (300, &json!(300)));
    assert_eq!(summary["visited"], 300);
    let outcomes: BTreeSet<_> = summary["unreachable"].as_object().unwrap().keys().cloned().collect();
    for outcome in ["refused", "silent", "closed", "other_network", "too_old", "not_decred"] {
        assert!(outcomes.contains(outcome), "no {outcome} in {outcomes:?}");
    }

    let text = fs::read_to_string(file.path()).unwrap();
    let chart = roxmltree::Document::parse(&text).unwrap();
    assert_eq!(chart.root_element().tag_name().name(), "svg");
    let texts: Vec<_> = texts(&chart);
    let reachable = &summary["reachable"];
    assert!(texts.contains(&format!("Crawl of simnet: {reachable} of 300 known addresses reachable")));
    for title in
        ["Round-trip times (rtt)", "User agents", "Heights", "Protocol versions", "Services", "Not reachable"]
    {
        assert!(texts.iter().any(|text| text == title), "no {title:?} in {texts:?}");
    }
    assert!(texts.iter().any(|text| text == "10 ms"), "the axis has no unit: {texts:?}");
    assert!(texts.iter().any(|text| text == "/dcrwire:1.0.0/dcrd:2.0.6/"));
    let clipped = |text: &&String| text.starts_with("/dcrwire:1.0.0/a-node-with") && text.ends_with('…');
    assert_eq!(texts.iter().filter(clipped).count(), 1, "a long name is not clipped: {texts:?}");
}

#[test]
fn markup_in_a_user_agent_is_text_of_the_chart() {
    let runtime = Runtime::new().unwrap();
    let config = config().user_agent("<b a=\"1\">&", "]]>");
    let peer = spawn_peer(&runtime, listeners(1).remove(0), config, 5, Vec::new());
    let file = Temporary::new("markup.svg");
    let run = run(&["crawl", &peer.address.to_string(), "--network", "simnet", "--svg", file.path()]);
    run.assert_succeeds();
    let text = fs::read_to_string(file.path()).unwrap();
    let chart = roxmltree::Document::parse(&text).unwrap();
    let texts = texts(&chart);
    assert!(texts.iter().any(|text| text.ends_with("/<b a=\"1\">&:]]>/")), "{texts:?}");
}

#[test]
fn a_chart_is_replaced_only_by_a_complete_one() {
    let file = Temporary::new("old.svg");
    let sockets = not_listening(1);
    let unanswered = sockets[0].local_addr().unwrap().to_string();
    let onion = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion";
    run(&["crawl", onion, "--svg", file.path()]).assert_fails(1, "add --proxy");
    assert!(!PathBuf::from(file.path()).exists(), "there was nothing to draw");
    fs::write(file.path(), "<old/>".repeat(10_000)).unwrap();
    run(&["crawl", onion, "--svg", file.path()]).assert_fails(1, "add --proxy");
    assert_eq!(fs::read_to_string(file.path()).unwrap(), "<old/>".repeat(10_000));
    run(&["crawl", &unanswered, "--svg", file.path()]).assert_fails(1, "no peer was reached");
    let text = fs::read_to_string(file.path()).unwrap();
    roxmltree::Document::parse(&text).unwrap();
}

#[test]
fn a_crawl_whose_output_is_closed_is_still_drawn() {
    for format in [["--json"].as_slice(), &[]] {
        let file = Temporary::new("alone.svg");
        let args = [["crawl", "--demo", "60", "--svg", file.path()].as_slice(), format].concat();
        let mut child = dcrpeer(&args).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &[][..]));
        let text = fs::read_to_string(file.path()).unwrap();
        let chart = roxmltree::Document::parse(&text).unwrap();
        let texts = texts(&chart);
        assert!(texts.iter().any(|text| text.contains(" of 60 known addresses reachable")), "{texts:?}");
    }
}

/// The texts of a chart that are seen.
fn texts(chart: &roxmltree::Document<'_>) -> Vec<String> {
    let texts = chart.descendants().filter(|node| node.has_tag_name(("http://www.w3.org/2000/svg", "text")));
    texts.filter_map(|node| node.text().map(str::to_owned)).collect()
}

/// A file that is removed when the test is over.
struct Temporary(PathBuf);

impl Temporary {
    fn new(name: &str) -> Self {
        Self(env::temp_dir().join(format!("dcrpeer-test-{}-{name}", process::id())))
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        fs::remove_file(&self.0).ok();
    }
}

/// A system that lets no file grow beyond one block is, to a writer, one whose disk is full.
#[cfg(unix)]
#[test]
fn a_full_disk_keeps_the_previous_chart_and_the_summary_is_reported() {
    for format in ["--json", ""] {
        let folder = Folder::new("full");
        let file = folder.path("a.svg");
        fs::write(&file, "<old/>").unwrap();
        let tool = env!("CARGO_BIN_EXE_dcrpeer");
        let script = format!(
            "trap '' XFSZ; ulimit -f 1; exec {tool} crawl --demo 20 {format} --svg {}",
            file.display()
        );
        let output = process::Command::new("sh").args(["-c", &script]).output().unwrap();
        let (out, err) =
            (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert_eq!(output.status.code(), Some(1), "{err}");
        assert!(err.starts_with("dcrpeer: cannot write ") && err.lines().count() == 1, "{err}");
        assert!(err.contains("; the previous chart is kept"), "{err}");
        if format.is_empty() {
            assert!(out.contains("Crawl of simnet: 20 addresses known"), "{out}");
        } else {
            assert!(out.contains("{\"event\":\"summary\"") && out.contains("{\"event\":\"failed\""), "{out}");
        }
        assert_eq!(fs::read_to_string(&file).unwrap(), "<old/>");
        assert_eq!(folder.names(), ["a.svg"], "what was written aside is left");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn the_summary_is_reported_if_the_chart_cannot_be_written() {
    let run = run(&["crawl", "--demo", "20", "--json", "--svg", "/dev/full"]);
    run.assert_fails(1, "cannot write /dev/full: ");
    let objects = run.objects();
    let events: Vec<_> = objects.iter().rev().take(2).map(|told| told["event"].as_str().unwrap()).collect();
    assert_eq!(events, ["failed", "summary"]);
}

#[cfg(unix)]
#[test]
fn a_chart_replaces_the_target_of_a_link_and_keeps_its_permissions() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let folder = Folder::new("link");
    let (file, link) = (folder.path("a.svg"), folder.path("link.svg"));
    fs::write(&file, "<old/>").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    symlink("a.svg", &link).unwrap();
    run(&["crawl", "--demo", "5", "--json", "--svg", link.to_str().unwrap()]).assert_succeeds();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    let text = fs::read_to_string(&file).unwrap();
    roxmltree::Document::parse(&text).unwrap();
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(folder.names(), ["a.svg", "link.svg"]);
}

#[cfg(unix)]
#[test]
fn a_new_chart_has_the_permissions_that_the_umask_allows() {
    use std::os::unix::fs::PermissionsExt;

    let folder = Folder::new("new");
    let file = folder.path("a.svg");
    let tool = env!("CARGO_BIN_EXE_dcrpeer");
    let script = format!("umask 027; exec {tool} crawl --demo 5 --json --svg {}", file.display());
    assert!(process::Command::new("sh").args(["-c", &script]).output().unwrap().status.success());
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
}

/// A folder that is removed when the test is over.
#[cfg(unix)]
struct Folder(PathBuf);

#[cfg(unix)]
impl Folder {
    fn new(name: &str) -> Self {
        let folder = env::temp_dir().join(format!("dcrpeer-test-{}-{name}", process::id()));
        fs::create_dir(&folder).unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The names of everything in it.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

#[cfg(unix)]
impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}
