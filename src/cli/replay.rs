//! `replay`: answers recorded reviews and shows what became of them, in process or by a server over HTTPS.

mod ask;
mod audit;
mod endpoints;
mod expect;
mod trust;

use std::path::{Path, PathBuf};

use policy::manifests::Subject;
use process::exit::Exit;
use process::manifests::{Document, Inputs};
use serde_json::Value;

use super::input::{self, remark};
use super::json::{at, text_at};
use super::output::{Format, Output};
use super::report::{Item, Level, Words};
use super::show;
use crate::admission::review::Verdict;
use crate::admission::routes::Endpoint;
use crate::admission::wire::KIND;
use crate::config;
use ask::{Answer, Asker, Server, body_of};
use endpoints::{endpoint_at, endpoints_for, fixture, unanswered};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    inputs: Inputs,
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
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    output: Format,
    /// The configuration of presets, minima and runtimes
    #[arg(long, env = "WEBHOOK_CONFIG", value_name = "FILE", conflicts_with = "url")]
    config: Option<PathBuf>,
    #[command(flatten)]
    server: Server,
}

pub(super) fn run(args: &Args) -> Exit {
    let asker = match asker(args) {
        Ok(asker) => asker,
        Err((exit, error)) => return exit.because(format!("{error:#}")),
    };
    let mut replay = Replay { args, asker };
    let expected = args.expect || args.twice;
    let words =
        Words { items: ["review", "reviews"], expected, places: false, skipped: ["skipped", "skipped"] };
    let found = args.inputs.files(holds_reviews, "reviews");
    let mut output = Output::new(args.output, words, found.bytes, args.inputs.verbose);
    input::read(found, "serverless-webhook check", &mut output, |output, file, document| {
        replay.document(output, file, document);
    });
    let (tally, printed) = output.end();
    if tally.is_empty() {
        let skipped = tally.skipped;
        return Exit::Unreadable.because(format!("nothing to replay: {skipped} skipped, --verbose says why"));
    }
    printed.exit(tally.exit(args.expect, false))
}

fn asker(args: &Args) -> Result<Asker, (Exit, anyhow::Error)> {
    if args.server.url.is_some() {
        return Asker::over_https(&args.server);
    }
    let config = config::load(args.config.as_deref(), |name| std::env::var(name).ok());
    config.map(Asker::in_process).map_err(|error| (Exit::Usage, error.into()))
}

fn holds_reviews(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let is_answer = path.file_name().is_some_and(|name| name == expect::ANSWER);
    ["json", "jsonl", "log", "yaml", "yml"].contains(&extension) && !is_answer
}

struct Replay<'a> {
    args: &'a Args,
    asker: Asker,
}

impl Replay<'_> {
    fn document(&mut self, output: &mut Output, file: &Path, mut document: Document) {
        let line = document.line_of_object("");
        for (path, object) in document.take_objects() {
            let place = Place { file, line, path };
            match self.review(file, object) {
                Ok((review, endpoints)) => self.replay(output, &place, review, endpoints),
                Err((level, problem)) => skip(output, &place, level, &problem),
            }
        }
    }

    /// The review that a document holds or stands for, and who is to answer it.
    fn review(&self, file: &Path, object: Value) -> Result<(Value, Vec<&'static Endpoint>), (Level, String)> {
        let review = if text_at(&object, "/kind") == KIND {
            object
        } else if audit::is_event(&object) {
            audit::review(&object).map_err(|why| (Level::Skipped, why.to_owned()))?
        } else {
            let hint = if at(&object, "/metadata/name").is_some() && object.get("kind").is_some() {
                ": manifests are for serverless-webhook check"
            } else {
                ""
            };
            return Err((Level::Unreadable, format!("neither an AdmissionReview nor an audit event{hint}")));
        };
        if !review.get("request").is_some_and(Value::is_object) {
            let text = "an AdmissionReview without a request: is it an answer?";
            return Err((Level::Unreadable, text.to_owned()));
        }
        let named = self.args.endpoint.or_else(|| fixture(file).map(|(endpoint, _)| endpoint));
        let endpoints = named.map_or_else(|| endpoints_for(&review), |endpoint| vec![endpoint]);
        if endpoints.is_empty() { Err(unanswered(&review)) } else { Ok((review, endpoints)) }
    }

    fn replay(
        &mut self,
        output: &mut Output,
        place: &Place<'_>,
        mut review: Value,
        endpoints: Vec<&'static Endpoint>,
    ) {
        let fixture = fixture(place.file);
        let several = endpoints.len() > 1;
        let mut body = body_of(&review);
        for endpoint in endpoints {
            let subject = subject(&review);
            let title = match fixture {
                Some((endpoint, case)) => format!("{}/{case}", endpoint.label),
                None => place.title(&subject, several.then_some(endpoint.label)),
            };
            let answer = match self.asker.ask(endpoint, body.clone()) {
                Ok(answer) => answer,
                Err(error) => return skip(output, place, Level::Unreadable, &format!("{error:#}")),
            };
            let patched = answer.patched(&review);
            let item = self.item(place, endpoint, &review, &answer, patched.as_ref());
            let item = Item { title, subject, ..item };
            let refused = matches!(item.verdict, Verdict::Refused | Verdict::Error);
            output.item(item);
            if refused {
                return;
            }
            if let Some(patched) = patched {
                body = body_of(&patched);
                review = patched;
            }
        }
    }

    fn item(
        &mut self,
        &Place { file, line, .. }: &Place<'_>,
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
        let object = |review: &Value| at(review, "/request/object").cloned().unwrap_or_default();
        Item {
            title: String::new(),
            subject: Subject::default(),
            file: input::shown(file),
            line,
            operation: text_at(review, "/request/operation").to_owned(),
            endpoint: endpoint.label,
            verdict: answer.verdict(),
            findings: answer.findings(line),
            warnings: answer.warnings(),
            diff: patched.and_then(|patched| show::diff(&object(review), &object(patched))),
            unexpected,
            microseconds: Some(answer.microseconds),
        }
    }

    /// Asks about what became of an object.
    fn again(&mut self, endpoint: &'static Endpoint, patched: &Value) -> Option<String> {
        match self.asker.ask(endpoint, body_of(patched)) {
            Err(error) => Some(format!("asked again: {error:#}")),
            Ok(second) if second.verdict() != Verdict::Allowed => {
                Some(format!("not idempotent: asked again, the object was {}", second.verdict().as_str()))
            }
            Ok(_) => None,
        }
    }
}

/// The object of a review.
fn subject(review: &Value) -> Subject {
    let text = |pointer: &str| text_at(review, pointer).to_owned();
    let names = ["/request/name", "/request/object/metadata/name", "/request/object/metadata/generateName"];
    let name = names.into_iter().map(text).find(|name| !name.is_empty()).unwrap_or_default();
    Subject { kind: text("/request/kind/kind"), namespace: text("/request/namespace"), name }
}

fn skip(output: &mut Output, place: &Place<'_>, level: Level, problem: &str) {
    let path = place.path.trim_end_matches('.');
    let problem = if path.is_empty() { problem.to_owned() } else { format!("{path}: {problem}") };
    let remark = remark(level, place.file, Some(place.line), problem);
    if level == Level::Unreadable { output.remark(remark) } else { output.skip(remark) }
}

/// Where a review is.
struct Place<'a> {
    file: &'a Path,
    line: usize,
    /// What leads to it in a list.
    path: String,
}

impl Place<'_> {
    /// `FILE:LINE Function default/demo (validation-functions)`.
    fn title(&self, subject: &Subject, label: Option<&str>) -> String {
        let path = if self.path.is_empty() {
            String::new()
        } else {
            format!(" {}", self.path.trim_end_matches('.'))
        };
        let label = label.map(|label| format!(" ({label})")).unwrap_or_default();
        format!("{}:{}{path} {subject}{label}", input::shown(self.file), self.line)
    }
}
