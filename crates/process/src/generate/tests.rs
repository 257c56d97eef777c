//! Manual pages of a small program.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use clap::{Arg, Command};

use super::page::pages;
use crate::help;

fn program() -> Command {
    let serve = Command::new("serve")
        .about("Serves")
        .arg(Arg::new("listen").long("listen").env("TOOL_LISTEN").help("Where"))
        .after_long_help(format!(
            "{}\nEnvironment of the file:\n  TOOL_MODE\n      mode\n",
            help::below(&[("Serve", "tool serve --listen :1"), ("Serve twice", "tool serve")])
        ));
    let tool = Command::new("tool").version("1.2.3").propagate_version(true).about("A tool");
    tool.subcommand(serve).subcommand(Command::new("stop").about("Stops")).subcommand_required(true)
}

#[test]
fn every_command_has_a_page_that_names_program_and_version() {
    let pages = pages(program());
    let files: Vec<_> = pages.iter().map(|page| page.file.as_str()).collect();
    assert_eq!(files, ["tool.1", "tool-serve.1", "tool-stop.1"]);
    for page in &pages {
        let title = page.text.lines().find(|line| line.starts_with(".TH")).unwrap();
        assert!(title.ends_with("1  \"tool 1.2.3\" \"User Commands\""), "{title}");
    }
}

#[test]
fn a_page_has_the_sections_of_the_help_and_names_only_pages_that_exist() {
    let pages = pages(program());
    let headings = |text: &str| -> Vec<String> {
        text.lines().filter_map(|line| line.strip_prefix(".SH ")).map(str::to_owned).collect()
    };
    let [tool, serve, _] = &pages[..] else { panic!("{}", pages.len()) };
    assert_eq!(headings(&tool.text), ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "SUBCOMMANDS"]);
    assert!(!tool.text.contains("help(1)"), "{}", tool.text);
    assert_eq!(
        headings(&serve.text),
        [
            "NAME",
            "SYNOPSIS",
            "DESCRIPTION",
            "OPTIONS",
            "\"EXIT STATUS\"",
            "ENVIRONMENT",
            "EXAMPLES",
            "\"SEE ALSO\""
        ]
    );
    let (_, environment) = serve.text.split_once(".SH ENVIRONMENT\n").unwrap();
    let expected = ".TP\n\\fBTOOL_LISTEN\\fR\nThe value of \\fB\\-\\-listen\\fR, unless the flag is given.\n.PP\n.nf\n  TOOL_MODE\n      mode\n.fi\n.SH EXAMPLES\n.nf\n  # Serve\n  tool serve \\-\\-listen :1\n\n  # Serve twice\n  tool serve\n.fi\n";
    assert!(environment.starts_with(expected), "{environment}");
}
