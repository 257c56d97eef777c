//! `replay`: answers recorded reviews and shows what became of them, in process or by a server over HTTPS.

mod ask;
mod audit;
mod expect;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use process::exit::Exit;
use process::manifests::Document;
use serde_json::Value;

use super::input;
use super::output::{self, Format};
use super::report::{Finding, Item, Report, Unreadable, Words};
use super::show;
use crate::admission::review::Verdict;
use crate::admission::routes::{ENDPOINTS, Endpoint};
use crate::admission::wire::KIND;
use crate::config;
use ask::{Answer, Asker, Server};

/// The file of a fixture that holds the question.
const QUESTION: &str = "request.json";

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Files or folders with reviews of the API server (JSON, YAML, lines of JSON) or audit logs; - is the standard input
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Compares each answer with the response.json beside its request.json
    #[arg(long)]
    expect: bool,
    /// Writes each answer to the response.json beside its request.json
    #[arg(long, conflicts_with = "expect")]
    record: bool,
    /// Asks again about what became of each object: nothing more may be added to it
    #[arg(long)]
    twice: bool,
    /// The path of the endpoint to ask, if not the one that follows from the folder or the resource
    #[arg(long, value_name = "PATH", value_parser = endpoint_at)]
    endpoint: Option<&'static Endpoint>,
    /// How the findings are shown
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    output: Format,
    /// The configuration of presets, minima and runtimes
    #[arg(long, env = "WEBHOOK_CONFIG", value_name = "FILE", conflicts_with = "url")]
    config: Option<PathBuf>,
    #[command(flatten)]
    server: Server,
}

fn endpoint_at(path: &str) -> Result<&'static Endpoint, String> {
    let known = || ENDPOINTS.iter().map(|endpoint| endpoint.path).collect::<Vec<_>>().join(", ");
    ENDPOINTS
        .iter()
        .find(|endpoint| endpoint.path == path)
        .ok_or_else(|| format!("must be one of {}", known()))
}

pub(super) fn run(args: &Args) -> Exit {
    let mut asker = match asker(args) {
        Ok(asker) => asker,
        Err(error) => return Exit::Usage.because(format!("{error:#}")),
    };
    let mut report = Report::default();
    let files = input::files(&args.paths, holds_reviews, &mut report.unreadable);
    let progress = output::progress(files.len());
    for file in progress.wrap_iter(files.iter()) {
        let documents = input::documents(file, &mut report.unreadable);
        let several = documents.len() > 1;
        for (index, document) in documents.into_iter().enumerate() {
            let number = several.then_some(index + 1);
            Replay { args, asker: &mut asker, report: &mut report }.document(file, document, number);
        }
    }
    progress.finish_and_clear();
    let words = Words {
        items: "reviews",
        expected: args.expect || args.twice,
        places: false,
        skipped: "audit events skipped",
    };
    output::print(args.output, &mut report, &words);
    report.exit(args.expect)
}

fn asker(args: &Args) -> anyhow::Result<Asker> {
    if args.server.url.is_some() {
        return Asker::over_https(&args.server);
    }
    Ok(Asker::in_process(config::load(args.config.as_deref(), |name| std::env::var(name).ok())?))
}

fn holds_reviews(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let is_answer = path.file_name().is_some_and(|name| name == expect::ANSWER);
    ["json", "jsonl", "log", "yaml", "yml"].contains(&extension) && !is_answer
}

/// The replay of one document.
struct Replay<'a> {
    args: &'a Args,
    asker: &'a mut Asker,
    report: &'a mut Report,
}

impl Replay<'_> {
    fn document(&mut self, file: &Path, document: Document, number: Option<usize>) {
        let Document { line, value, .. } = document;
        let unreadable =
            |problem: &str| Unreadable { file: input::shown(file), line, problem: problem.to_owned() };
        let review = match value.get("kind").and_then(Value::as_str) {
            Some(KIND) => value,
            Some("Event") => match audit::review(&value) {
                Some(review) => review,
                None => return self.report.skipped += 1,
            },
            _ => {
                return self
                    .report
                    .unreadable
                    .push(unreadable("neither an AdmissionReview nor an audit event"));
            }
        };
        let fixture = fixture(file);
        let endpoints = match (self.args.endpoint, fixture) {
            (Some(endpoint), _) | (None, Some((endpoint, _))) => vec![endpoint],
            (None, None) => endpoints_for(&review),
        };
        if endpoints.is_empty() {
            return self.report.skipped += 1;
        }
        let several = endpoints.len() > 1;
        let mut review = review;
        for endpoint in endpoints {
            let name = match fixture {
                Some((endpoint, case)) => format!("{}/{case}", endpoint.label),
                None => name(file, number, several.then_some(endpoint.label)),
            };
            let answer = match self.asker.ask(endpoint, &review) {
                Ok(answer) => answer,
                Err(error) => return self.report.unreadable.push(unreadable(&format!("{error:#}"))),
            };
            let patched = answer.patched(&review);
            let item = self.item(name, file, line, endpoint, &review, &answer, patched.as_ref());
            let refused = matches!(item.verdict, Verdict::Refused | Verdict::Error);
            self.report.items.push(item);
            if refused {
                return;
            }
            review = patched.unwrap_or(review);
        }
    }

    #[allow(clippy::too_many_arguments, reason = "they are what an item is made of, used once")]
    fn item(
        &mut self,
        name: String,
        file: &Path,
        line: usize,
        endpoint: &'static Endpoint,
        review: &Value,
        answer: &Answer,
        patched: Option<&Value>,
    ) -> Item {
        let mut unexpected = Vec::new();
        if self.args.expect {
            unexpected.extend(expect::compare(file, answer));
        }
        if self.args.record {
            unexpected.extend(expect::record(file, answer).err());
        }
        if self.args.twice
            && let Some(patched) = patched
        {
            unexpected.extend(self.again(endpoint, patched));
        }
        let object = |review: &Value| review.pointer("/request/object").cloned().unwrap_or_default();
        let finding =
            |(field, reason, message): (String, String, String)| Finding { field, reason, message, line };
        Item {
            name,
            file: input::shown(file),
            line,
            operation: text_at(review, "/request/operation").to_owned(),
            endpoint: endpoint.label,
            verdict: answer.verdict(),
            findings: answer.causes().into_iter().map(finding).collect(),
            warnings: answer.warnings(),
            diff: patched.and_then(|patched| show::diff(&object(review), &object(patched))),
            unexpected,
            microseconds: Some(answer.microseconds),
        }
    }

    /// Asks about what became of an object.
    fn again(&mut self, endpoint: &'static Endpoint, patched: &Value) -> Option<String> {
        match self.asker.ask(endpoint, patched) {
            Err(error) => Some(format!("asked again: {error:#}")),
            Ok(second) if second.verdict() != Verdict::Allowed => {
                Some(format!("not idempotent: asked again, the object was {}", second.verdict().as_str()))
            }
            Ok(_) => None,
        }
    }
}

/// The endpoint and the case of a fixture, which its folders name.
fn fixture(file: &Path) -> Option<(&'static Endpoint, &str)> {
    if file.file_name()? != QUESTION {
        return None;
    }
    let case = file.parent()?;
    let label = case.parent()?.file_name()?.to_str()?;
    let endpoint = ENDPOINTS.iter().find(|endpoint| endpoint.label == label)?;
    Some((endpoint, case.file_name()?.to_str()?))
}

/// Every endpoint for the resource of a review, in the order in which the API server asks.
fn endpoints_for(review: &Value) -> Vec<&'static Endpoint> {
    let group = text_at(review, "/request/resource/group");
    let plural = text_at(review, "/request/resource/resource");
    let of = |mutating: bool| {
        ENDPOINTS.iter().filter(move |endpoint| {
            endpoint.mutating == mutating
                && endpoint.resource.group == group
                && endpoint.resource.plural == plural
        })
    };
    of(true).chain(of(false)).collect()
}

fn name(file: &Path, number: Option<usize>, label: Option<&str>) -> String {
    let mut name = input::shown(file);
    // Writing to a String cannot fail.
    if let Some(number) = number {
        let _ = write!(name, "#{number}");
    }
    if let Some(label) = label {
        let _ = write!(name, " ({label})");
    }
    name
}

fn text_at<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}
