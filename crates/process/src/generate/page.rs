//! Manual pages. Their sections are those of `--help`; a page names only pages that are written with it.

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

/// A manual page.
pub(super) struct Page {
    /// The name of its file.
    pub(super) file: String,
    /// Its text.
    pub(super) text: String,
}

/// What comes before the sections of `--help`, from the definition of the command.
type Section = fn(&Man, &mut dyn std::io::Write) -> std::io::Result<()>;

/// The pages of a program and of its commands, that of the program first.
pub(super) fn pages(command: Command) -> Vec<Page> {
    // Its page would be named, but says nothing.
    let mut command = command.disable_help_subcommand(true).subcommand_value_name("COMMAND");
    command.build();
    let program = Program {
        name: command.get_name().to_owned(),
        version: command.get_version().unwrap_or_default().to_owned(),
    };
    let commands = command.get_subcommands().filter(|command| !command.is_hide_set());
    std::iter::once(&command).chain(commands).map(|command| program.page(command)).collect()
}

struct Program {
    name: String,
    version: String,
}

impl Program {
    fn page(&self, command: &Command) -> Page {
        let man = Man::new(command.clone())
            .source(format!("{} {}", self.name, self.version))
            .manual("User Commands");
        let mut sections: Vec<Section> = vec![
            Man::render_title,
            Man::render_name_section,
            Man::render_synopsis_section,
            Man::render_description_section,
            Man::render_options_section,
        ];
        if command.has_subcommands() {
            sections.push(Man::render_subcommands_section);
        }
        let mut text = Vec::new();
        for section in sections {
            // Writing to memory cannot fail.
            let _ = section(&man, &mut text);
        }
        let _ = self.further(command).to_writer(&mut text);
        Page { file: man.get_filename(), text: String::from_utf8_lossy(&text).into_owned() }
    }

    /// What stands below the options: exit status, environment, examples and the page of the program.
    fn further(&self, command: &Command) -> Roff {
        let help = command.get_after_long_help().map(ToString::to_string).unwrap_or_default();
        let mut roff = Roff::new();
        if let Some(codes) = section(&help, "Exit codes") {
            roff.control("SH", ["EXIT STATUS"]);
            verbatim(&mut roff, codes);
        }
        environment(&mut roff, command, section(&help, "Environment"));
        if let Some(examples) = section(&help, "Examples") {
            roff.control("SH", ["EXAMPLES"]);
            verbatim(&mut roff, examples);
        }
        if !command.has_subcommands() {
            roff.control("SH", ["SEE ALSO"]);
            roff.text([bold(self.name.as_str()), roman("(1)")]);
        }
        roff
    }
}

/// The lines below a heading of `--help`, up to the next heading.
fn section<'a>(help: &'a str, heading: &str) -> Option<&'a str> {
    let start = help.lines().find(|line| line.starts_with(heading) && line.ends_with(':'))?;
    let (_, body) = help.split_once(start)?;
    let body = body.trim_start_matches('\n');
    let is_heading = |line: &&str| !line.is_empty() && !line.starts_with(' ');
    let end = body.lines().find(is_heading).and_then(|next| body.find(&format!("\n{next}")));
    body.get(..end.unwrap_or(body.len())).map(str::trim_end)
}

/// The variables that flags are read from, and those that `--help` lists.
fn environment(roff: &mut Roff, command: &Command, listed: Option<&str>) {
    let flags = command.get_arguments().filter_map(|argument| {
        Some((argument.get_env()?.to_string_lossy().into_owned(), argument.get_long()?.to_owned()))
    });
    let flags: Vec<_> = flags.collect();
    if flags.is_empty() && listed.is_none() {
        return;
    }
    roff.control("SH", ["ENVIRONMENT"]);
    for (variable, flag) in flags {
        roff.control("TP", []);
        roff.text([bold(variable)]);
        roff.text([roman("The value of "), bold(format!("--{flag}")), roman(", unless the flag is given.")]);
    }
    if let Some(listed) = listed {
        roff.control("PP", []);
        verbatim(roff, listed);
    }
}

/// Lines as they are.
fn verbatim(roff: &mut Roff, text: &str) {
    roff.control("nf", []);
    for line in text.lines() {
        roff.text([roman(line)]);
    }
    roff.control("fi", []);
}
