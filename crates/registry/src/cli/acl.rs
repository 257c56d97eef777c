//! `acl explain`: which rule decides about a request. It decides as the server does.

use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};
use std::io::Write as _;
use std::net::IpAddr;
use std::path::PathBuf;

use decide::registry::acl::{Acl, Explanation, Request};
use decide::registry::labels::Labels;
use decide::registry::scope::{Action, CATALOG, ResourceType};
use policy::registries::is_repository_name;
use process::exit::Exit;
use process::printed;
use process::yaml::Places;

/// The arguments of `acl explain`.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct ExplainArgs {
    /// The file of rules: `auth_config.yml`
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The account; without it, a client that has not logged in
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    account: String,
    /// A value of a label of the account; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = label)]
    label: Vec<(String, String)>,
    /// The repository
    #[arg(long, value_name = "NAME", value_parser = repository, required_unless_present = "catalog")]
    repository: Option<String>,
    /// Asks for the list of all repositories instead of one
    #[arg(long, conflicts_with_all = ["repository", "action"])]
    catalog: bool,
    /// What the client asks for: pull, push, delete or *; may be repeated
    #[arg(long, value_delimiter = ',', value_parser = action, default_value = "pull")]
    action: Vec<Action>,
    /// The address of the client; without it, rules with `ip` do not match
    #[arg(long, value_name = "ADDRESS")]
    ip: Option<IpAddr>,
    /// The name of the registry
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    service: String,
}

pub(super) fn explain(args: ExplainArgs) -> Exit {
    let path = args.file.display();
    let text = match std::fs::read_to_string(&args.file) {
        Ok(text) => text,
        Err(error) => return Exit::Unreadable.because(format_args!("{path}: {error}")),
    };
    let places = Places::of(&text);
    let line = |field: &str| places.line_of(field);
    let acl = match Acl::read(&text) {
        Ok(acl) => acl,
        Err(errors) => {
            return errors.0.iter().fold(Exit::Unreadable, |exit, error| {
                exit.because(format_args!("{path}:{}: {error}", line(&error.field)))
            });
        }
    };
    for warning in acl.warnings() {
        // Without a standard error nobody can read it.
        let _ = writeln!(std::io::stderr(), "warning: {path}:{}: {warning}", line(&warning.field));
    }
    match question(args) {
        Ok(question) => {
            let (text, exit) = question.answer(&acl, line);
            printed::print(format_args!("{text}"), exit)
        }
        Err(error) => Exit::Usage.because(format_args!("--label {error}")),
    }
}

/// What is asked.
struct Question {
    account: String,
    labels: Labels,
    address: Option<IpAddr>,
    service: String,
    kind: ResourceType,
    name: String,
    actions: Vec<Action>,
}

fn question(args: ExplainArgs) -> Result<Question, impl Display> {
    let mut labels: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in args.label {
        labels.entry(name).or_default().push(value);
    }
    let (kind, name, actions) = match args.repository {
        Some(repository) => (ResourceType::Repository, repository, args.action),
        None => (ResourceType::Registry, CATALOG.to_owned(), vec![Action::All]),
    };
    let (account, address, service) = (args.account, args.ip, args.service);
    Labels::new(labels).map(|labels| Question { account, labels, address, service, kind, name, actions })
}

impl Question {
    /// What is printed, and how the program ends: well, if everything that is asked for is allowed.
    fn answer(&self, acl: &Acl, line: impl Fn(&str) -> usize) -> (String, Exit) {
        let request = Request {
            account: &self.account,
            labels: &self.labels,
            address: self.address,
            service: &self.service,
            kind: self.kind,
            name: &self.name,
        };
        let asked = match (self.kind, self.actions.as_slice()) {
            // What a client gets that asks for everything.
            (ResourceType::Repository, [Action::All]) => &[Action::Pull, Action::Push, Action::Delete],
            (_, actions) => actions,
        };
        let Explanation { rule, allowed } = acl.explain(&request, asked);
        let mut text = match rule {
            None => "no rule matches\n".to_owned(),
            Some(rule) => {
                let field = format!("acl[{}]", rule.index);
                let comment = rule.comment.map(|comment| format!(": {comment}")).unwrap_or_default();
                let why = if rule.is_not_for_anonymous { "; it is not for anonymous clients" } else { "" };
                format!("{field}, line {}, decides{comment}{why}\n", line(&field))
            }
        };
        for action in asked {
            let answer = if allowed.contains(action) { "allowed" } else { "refused" };
            // A text takes everything.
            let _ = writeln!(text, "{action}: {answer}");
        }
        let is_all = asked.iter().all(|action| allowed.contains(action));
        (text, if is_all { Exit::Success } else { Exit::Refused })
    }
}

fn label(text: &str) -> Result<(String, String), &'static str> {
    let (name, value) = text.split_once('=').ok_or("must be NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn repository(text: &str) -> Result<String, &'static str> {
    if is_repository_name(text) {
        Ok(text.to_owned())
    } else {
        Err(
            "must be lower-case letters and digits, with '.', '_' or '-' between them and '/' between its parts",
        )
    }
}

fn action(text: &str) -> Result<Action, &'static str> {
    Action::parse(text).ok_or("must be pull, push, delete or *")
}

#[cfg(test)]
mod tests;
