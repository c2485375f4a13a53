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
    let mut page = Vec::new();
    Man::new(about).render(&mut page)?;
    print(&page)
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
