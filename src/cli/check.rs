//! `check`: what an API server with these webhooks would do with manifests when they are created: strict decoding,
//! what is filled in, what is refused.

mod duplicates;

use std::path::{Path, PathBuf};

use decide::nodes::secret;
use jiff::Timestamp;
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
use crate::admission::routes::ENDPOINTS;
use crate::config;
use duplicates::Duplicates;

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
    let mut check = Check {
        args,
        judge: Judge::new(config, Timestamp::now(), secret::mutate),
        duplicates: Duplicates::default(),
    };
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
    let tally = output.end();
    if tally.is_empty() {
        let skipped = tally.skipped;
        return Exit::Unreadable.because(format!(
            "nothing to check: no Function, no GitRepository and no registry Secret, {skipped} of other kinds"
        ));
    }
    tally.exit(false, args.strict)
}

struct Check<'a> {
    args: &'a Args,
    judge: Judge,
    duplicates: Duplicates,
}

impl Check<'_> {
    fn document(&mut self, output: &mut Output, file: &Path, mut document: Document) {
        for (path, object) in document.take_objects() {
            self.object(output, file, &document, object, &path);
        }
    }

    /// Judges an object, if it is for us; `path` leads to it in its document.
    fn object(
        &mut self,
        output: &mut Output,
        file: &Path,
        document: &Document,
        mut object: Value,
        path: &str,
    ) {
        send_whole_numbers(&mut object);
        let line = document.line_of_object(path);
        let line_of = |field: &str| document.line_of(&format!("{path}{field}"));
        let say = |level, problem: String| remark(level, file, Some(line), problem);
        match Manifest::recognise(object, &self.args.namespace) {
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
        let verdict = match (findings.is_empty(), before != after) {
            (false, _) => Verdict::Refused,
            (true, true) => Verdict::Patched,
            (true, false) => Verdict::Allowed,
        };
        let is_shown = self.args.diff && is_whole;
        let diff = if is_shown { show::diff(&manifest.object, &after) } else { None };
        let endpoint = last_endpoint(manifest.kind);
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
fn last_endpoint(kind: &str) -> &'static str {
    let endpoints = ENDPOINTS.iter().filter(|endpoint| endpoint.resource.kind == kind);
    endpoints.min_by_key(|endpoint| endpoint.mutating).map_or("", |endpoint| endpoint.label)
}
