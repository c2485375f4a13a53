//! The help fits the terminal, the completions know every command, and the pages for `man` are whole.

use crate::run;

const COMMANDS: [&str; 12] = [
    "demo",
    "connect",
    "crawl",
    "listen",
    "decode",
    "replay",
    "proxy",
    "serve",
    "load",
    "check",
    "completions",
    "man",
];

/// The help of a command on a terminal of this width; of the tool for no command.
fn help(command: &str, width: usize) -> String {
    let mut help = crate::dcrpeer(&["help", command][..if command.is_empty() { 1 } else { 2 }]);
    let output = help.env("COLUMNS", width.to_string()).output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn every_help_has_examples() {
    for command in COMMANDS.into_iter().filter(|command| *command != "demo").chain([""]) {
        let help = help(command, 80);
        assert!(help.contains("Examples") && help.contains(":\n  dcrpeer"), "{help}");
    }
    assert_eq!(run(&["--version"]).out, format!("dcrpeer {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn help_is_also_a_command() {
    assert_eq!(run(&["help"]).out, run(&["--help"]).out);
    for command in COMMANDS {
        let help = run(&["help", command]);
        help.assert_succeeds();
        assert_eq!(help.out, run(&[command, "--help"]).out);
    }
}

#[test]
fn at_80_columns_no_line_of_the_help_is_wider() {
    for command in COMMANDS.into_iter().chain([""]) {
        for line in help(command, 80).lines() {
            assert!(line.chars().count() <= 80, "{command}: {line}");
        }
    }
}

#[test]
fn at_40_columns_only_one_long_word_or_the_usage_is_wider() {
    for command in COMMANDS.into_iter().chain([""]) {
        for line in help(command, 40).lines() {
            let is_word = line.split_whitespace().count() == 1 || line.starts_with("Usage: ");
            assert!(line.chars().count() <= 40 || is_word, "{command}: {line}");
        }
    }
}

#[test]
fn paragraphs_of_the_help_are_broken_only_where_the_terminal_ends() {
    for command in COMMANDS.into_iter().chain([""]) {
        let help = help(command, 80);
        let lines: Vec<_> = help.lines().collect();
        for pair in lines.windows(2) {
            let (line, next) = (pair[0], pair[1]);
            let is_prose = |line: &str| !line.is_empty() && !line.starts_with(' ');
            if is_prose(line) && is_prose(next) {
                let word = next.split(' ').next().unwrap();
                let is_full = line.chars().count() + 1 + word.chars().count() > 80;
                assert!(is_full, "{command}: {line:?} has room for {word:?}");
            }
        }
    }
}

#[test]
fn a_wide_terminal_gets_no_long_lines() {
    assert_eq!(help("serve", 200), help("serve", 80));
}

#[test]
fn completions_of_each_shell_name_every_command_and_option() {
    for shell in ["bash", "zsh", "fish"] {
        let script = run(&["completions", shell]);
        script.assert_succeeds();
        for word in COMMANDS.into_iter().chain(["allow-private", "ports-per-host"]) {
            assert!(script.out.contains(word), "{shell} knows no {word}");
        }
    }
}

#[test]
fn a_shell_without_completions_is_told_which_have_them() {
    run(&["completions", "tcsh"]).assert_fails(2, "possible values: bash, elvish, fish, powershell, zsh");
}

#[test]
fn the_page_for_man_lists_the_commands_and_each_command_has_its_own() {
    let page = run(&["man"]);
    page.assert_succeeds();
    assert!(page.out.contains(".TH dcrpeer 1"), "{}", page.out);
    for command in COMMANDS {
        assert!(page.out.contains(command), "{command}");
        let own = run(&["man", command]);
        own.assert_succeeds();
        assert!(own.out.contains(&format!(".TH dcrpeer-{command} 1")), "{}", own.out);
    }
    run(&["man", "frobnicate"])
        .assert_fails(2, "\"frobnicate\" is not a command; choose one of demo, connect");
}
