//! `check`: what an API server with these webhooks would do with manifests when they are created: strict decoding,
//! what is filled in, what is refused.

mod duplicates;
mod taken;

use std::path::{Path, PathBuf};
use std::rc::Rc;

use decide::nodes::secret;
use jiff::Timestamp;
use policy::container_registries::{self, CONTAINER_REGISTRIES};
use policy::manifests::{Judge, Judgement, Manifest, Recognised, Subject};
use policy::{Rule, Violation};
use process::exit::Exit;
use process::manifests::{Document, Inputs, holds_manifests, send_whole_numbers};
use serde_json::Value;

use super::input::{self, remark};
use super::output::{Format, Output};
use super::report::{Finding, Item, Level, Warning, Words};
use super::show;
use crate::admission::review::Verdict;
use crate::admission::routes::{ENDPOINTS, Endpoint};
use crate::config;
use duplicates::Duplicates;
use taken::Taken;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    inputs: Inputs,
    /// Shows what will be added to each object
    #[arg(long)]
    diff: bool,
    /// The namespace of objects that name none
    #[arg(short, long, default_value = "default")]
    namespace: String,
    /// Ends with 1 if there are warnings
    #[arg(long)]
    strict: bool,
    /// How the findings are shown
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    output: Format,
    /// The configuration of presets, minima and runtimes
    #[arg(long, env = "WEBHOOK_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

pub(super) fn run(args: &Args) -> Exit {
    let config = match config::load(args.config.as_deref(), |name| std::env::var(name).ok()) {
        Ok(config) => config,
        Err(error) => return Exit::Usage.because(error),
    };
    let now = Timestamp::now();
    let judge = Judge::new(config, now, secret::mutate);
    let (duplicates, taken) = (Duplicates::default(), Taken::default());
    let mut check = Check { args, judge, now, duplicates, taken, later: Vec::new() };
    let words = Words {
        items: ["object", "objects"],
        expected: false,
        places: true,
        skipped: ["of another kind skipped", "of other kinds skipped"],
    };
    let found = args.inputs.files(holds_manifests, "manifests");
    let mut output = Output::new(args.output, words, found.bytes, args.inputs.verbose);
    input::read(found, "serverless-webhook check", &mut output, |output, file, document| {
        check.document(output, file, document);
    });
    check.rest(&mut output);
    let (tally, printed) = output.end();
    if tally.is_empty() {
        let skipped = tally.skipped;
        return Exit::Unreadable.because(format!(
            "nothing to check: no Function, no GitRepository, no RegistryCache, no Shoot with caches, no registry Secret, no upstream credentials, no containerRegistries and nothing of registry.mgoltzsche.github.com, {skipped} of other kinds"
        ));
    }
    printed.exit(tally.exit(false, args.strict))
}

struct Check<'a> {
    args: &'a Args,
    judge: Judge,
    now: Timestamp,
    duplicates: Duplicates,
    taken: Taken,
    later: Vec<Later>,
}

/// A manifest that refers to Secrets: those may be in files that are read later.
struct Later {
    file: PathBuf,
    document: Rc<Document>,
    path: String,
    line: usize,
    manifest: Manifest,
}

impl Check<'_> {
    fn document(&mut self, output: &mut Output, file: &Path, mut document: Document) {
        match container_registries::recognise(&document.value) {
            container_registries::Document::Values => return output.item(self.values(file, &document)),
            container_registries::Document::Near(problem) => {
                let line = document.line_of_object("");
                return output.skip(remark(Level::Warning, file, Some(line), problem));
            }
            container_registries::Document::Other => {}
        }
        let objects = document.take_objects();
        let document = Rc::new(document);
        for (path, object) in objects {
            self.object(output, file, &document, object, path);
        }
    }

    /// Judges what waited for Secrets.
    fn rest(&mut self, output: &mut Output) {
        for Later { file, document, path, line, manifest } in std::mem::take(&mut self.later) {
            let line_of = |field: &str| document.line_of(&format!("{path}{field}"));
            output.item(self.manifest(&file, line, &manifest, line_of));
        }
    }

    /// Judges a values file with the registries of nodes.
    fn values(&self, file: &Path, document: &Document) -> Item {
        let line = document.line_of_object("");
        let reading = container_registries::read(document.text(), self.now);
        let finding = |violation: &Violation| Finding::new(violation, document.line_of(&violation.field));
        let findings: Vec<_> = reading.violations.iter().map(finding).collect();
        let warnings = reading.warnings.into_iter();
        let subject = Subject {
            kind: "Values".to_owned(),
            name: CONTAINER_REGISTRIES.to_owned(),
            ..Subject::default()
        };
        let verdict = if findings.is_empty() { Verdict::Allowed } else { Verdict::Refused };
        Item {
            title: format!("values {CONTAINER_REGISTRIES}"),
            findings,
            warnings: warnings.map(|warning| Warning::new(warning.rule, warning.text)).collect(),
            ..item(file, subject, line, verdict)
        }
    }

    /// Judges an object, if it is for us; `path` leads to it in its document.
    fn object(
        &mut self,
        output: &mut Output,
        file: &Path,
        document: &Rc<Document>,
        mut object: Value,
        path: String,
    ) {
        send_whole_numbers(&mut object);
        self.judge.see(&object, &self.args.namespace);
        let line = document.line_of_object(&path);
        let line_of = |field: &str| document.line_of(&format!("{path}{field}"));
        let say = |level, problem: String| remark(level, file, Some(line), problem);
        match Manifest::recognise(object, &self.args.namespace) {
            Recognised::Ours(manifest) if Judge::refers_to_secrets(manifest.kind, &manifest.object) => {
                let (file, document) = (file.to_owned(), Rc::clone(document));
                self.later.push(Later { file, document, path, line, manifest });
            }
            Recognised::Ours(manifest) => output.item(self.manifest(file, line, &manifest, line_of)),
            Recognised::OtherVersion { subject, violation } => {
                let findings = vec![Finding::new(&violation, line_of(&violation.field))];
                output.item(Item { findings, ..item(file, subject, line, Verdict::Refused) });
            }
            Recognised::Malformed(problem) => output.remark(say(Level::Unreadable, problem)),
            Recognised::Near(problem) => output.skip(say(Level::Warning, problem)),
            Recognised::Other(name) => output.skip(say(Level::Skipped, name)),
        }
    }

    fn manifest(
        &mut self,
        file: &Path,
        line: usize,
        manifest: &Manifest,
        line_of: impl Fn(&str) -> usize,
    ) -> Item {
        let Judgement { decision, before, after, is_whole } =
            self.judge.judge(manifest.kind, &manifest.object);
        let finding = |violation: &Violation| {
            let (field, message) = manifest.as_written(violation);
            let finding = Finding::new(violation, line_of(&field));
            Finding { field, message, ..finding }
        };
        let mut findings: Vec<_> = decision.violations.iter().map(finding).collect();
        let warnings = decision
            .warnings
            .into_iter()
            .map(|warning| Warning::new(warning.rule, manifest.in_words_of_its_author(warning.text)));
        let mut warnings: Vec<_> = warnings.collect();
        match self.duplicates.note(manifest, file, line) {
            Some(first) if first.is_same => {
                let text = format!("the same object is in {}", first.place);
                warnings.push(Warning::new(Rule::ObjectDuplicate, text));
            }
            Some(first) => {
                findings.push(Finding { line: line_of("metadata.name"), ..first.finding(&manifest.name) });
            }
            None => {}
        }
        if let Some(violation) = self.taken.note(manifest, file, line) {
            findings.push(finding(&violation));
        }
        let verdict = match (findings.is_empty(), before != after) {
            (false, _) => Verdict::Refused,
            (true, true) => Verdict::Patched,
            (true, false) => Verdict::Allowed,
        };
        let is_shown = self.args.diff && is_whole;
        let diff = if is_shown { show::diff(&manifest.object, &after) } else { None };
        let endpoint = last_endpoint(manifest);
        Item { endpoint, findings, warnings, diff, ..item(file, manifest.subject(), line, verdict) }
    }
}

fn item(file: &Path, subject: Subject, line: usize, verdict: Verdict) -> Item {
    Item {
        title: subject.to_string(),
        subject,
        file: input::shown(file),
        line,
        operation: "CREATE".to_owned(),
        endpoint: "",
        verdict,
        findings: Vec::new(),
        warnings: Vec::new(),
        diff: None,
        unexpected: Vec::new(),
        microseconds: None,
    }
}

/// The endpoint that looks at an object last.
fn last_endpoint(manifest: &Manifest) -> &'static str {
    let labels = manifest.object.pointer("/metadata/labels");
    let is_asked = |endpoint: &&Endpoint| {
        let is_selected = endpoint.selector.is_none_or(|(key, value)| {
            labels.and_then(|labels| labels.get(key)).and_then(Value::as_str) == Some(value)
        });
        endpoint.resource.kind == manifest.kind && is_selected
    };
    ENDPOINTS
        .iter()
        .filter(is_asked)
        .min_by_key(|endpoint| endpoint.mutating)
        .map_or("", |endpoint| endpoint.label)
}
