//! `dcrpeer completions` and `dcrpeer man`: what a shell needs to know about the tool. Both are made from the definition
//! of the command line, which the caller passes.

use std::io::{self, Write};

use clap::{Args, Command};
use clap_complete::Shell;
use clap_mangen::Man;

use crate::error::Failure;

#[derive(Args, Debug)]
pub(crate) struct CompletionsArgs {
    /// The shell that reads the script
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

#[derive(Args, Debug)]
pub(crate) struct ManArgs {
    /// The command that the page is about, like serve
    #[arg(value_name = "COMMAND")]
    command: Option<String>,
}

/// Prints the script that completes commands and options.
pub(crate) fn print_completions(args: &CompletionsArgs, mut tool: Command) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut tool, "dcrpeer", &mut script);
    print(&script)
}

/// Prints the page for `man` about the tool or one of its commands.
pub(crate) fn print_man(args: &ManArgs, mut tool: Command) -> Result<(), Failure> {
    // Gives each command its full name, and builds `help`.
    tool.build();
    let about = match &args.command {
        None => tool,
        Some(name) => find(&tool, name)?,
    };
    let help = about.get_after_help().map(ToString::to_string).unwrap_or_default();
    let (notes, examples) = split_examples(&help);
    let mut page = Vec::new();
    Man::new(about.after_help(notes)).render(&mut page)?;
    let mut page = String::from_utf8_lossy(&page).replace(".SH EXTRA", ".SH NOTES");
    if !examples.is_empty() {
        page.push_str(&unfilled(&examples));
    }
    print(page.as_bytes())
}

/// The help without its examples, and the examples: the paragraph that begins with that word.
fn split_examples(help: &str) -> (String, String) {
    let (examples, notes): (Vec<_>, Vec<_>) =
        help.split("\n\n").partition(|paragraph| paragraph.starts_with("Examples"));
    (notes.join("\n\n"), examples.join("\n\n"))
}

/// A section of examples whose lines stay as they are. Their title is that of the section, unless it says more.
fn unfilled(examples: &str) -> String {
    let mut section = String::from(".SH EXAMPLES\n.nf\n");
    for line in examples.lines().filter(|line| *line != "Examples:") {
        // A backslash and a hyphen would be changed, a leading period or apostrophe read as a request.
        let text = line.replace('\\', "\\e").replace('-', "\\-");
        let guard = if text.starts_with(['.', '\'']) { "\\&" } else { "" };
        section.extend([guard, text.as_str(), "\n"]);
    }
    section.push_str(".fi\n");
    section
}

fn find(tool: &Command, name: &str) -> Result<Command, Failure> {
    tool.find_subcommand(name).cloned().ok_or_else(|| {
        let names: Vec<_> = tool.get_subcommands().map(Command::get_name).collect();
        Failure::Usage(format!("{name:?} is not a command; choose one of {}", names.join(", ")))
    })
}

fn print(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()?;
    Ok(())
}
