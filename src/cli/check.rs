//! `check`: what an API server with these webhooks would do with manifests when they are created: strict decoding,
//! what is filled in, what is refused.

mod duplicates;
mod manifest;
mod near;
mod strict;

use std::path::{Path, PathBuf};

use policy::{Config, Decision, Violation};
use process::exit::Exit;
use process::manifests::{Document, Inputs, holds_manifests};
use serde_json::Value;

use super::input::{self, remark};
use super::output::{Format, Output};
use super::report::{Finding, Item, Level, Words};
use super::show;
use crate::admission::review::{Verdict, review};
use crate::admission::routes::{ENDPOINTS, Endpoint};
use crate::config;
use duplicates::Duplicates;
use manifest::{Manifest, Recognised};

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
    let mut check = Check { args, config, duplicates: Duplicates::default() };
    let words = Words { items: "objects", expected: false, places: true, skipped: "of other kinds skipped" };
    let found = args.inputs.files(holds_manifests, "manifests");
    let mut output = Output::new(args.output, words, found.bytes);
    input::read(found, "serverless-webhook check", &mut output, |output, file, document| {
        check.document(output, file, document);
    });
    let tally = output.end();
    if tally.items() == 0 && tally.unreadable == 0 {
        let skipped = tally.skipped;
        return Exit::Unreadable.because(format!(
            "nothing to check: no Function, no GitRepository and no registry Secret, {skipped} of other kinds"
        ));
    }
    tally.exit(false, args.strict)
}

struct Check<'a> {
    args: &'a Args,
    config: Config,
    duplicates: Duplicates,
}

impl Check<'_> {
    fn document(&mut self, output: &mut Output, file: &Path, mut document: Document) {
        for (path, object) in document.take_objects() {
            self.object(output, file, &document, object, &path);
        }
    }

    /// Judges an object; `path` leads to it in its document.
    fn object(&mut self, output: &mut Output, file: &Path, document: &Document, object: Value, path: &str) {
        let line = document.line_of_object(path);
        let line_of = |field: &str| document.line_of(&format!("{path}{field}"));
        let say = |level, problem: String| remark(level, file, Some(line), problem);
        let manifest = match Manifest::recognise(object, &self.args.namespace) {
            Recognised::Ours(manifest) => manifest,
            Recognised::OtherVersion { name, violation } => {
                let mut item = item(file, name, line, Verdict::Refused);
                item.findings = vec![Finding::new(&violation, line_of(&violation.field))];
                return output.item(item);
            }
            Recognised::Malformed(problem) => return output.remark(say(Level::Unreadable, problem)),
            Recognised::Near(problem) => {
                output.tally.skipped += 1;
                return output.remark(say(Level::Warning, problem));
            }
            Recognised::Other(name) => {
                output.tally.skipped += 1;
                if self.args.inputs.verbose {
                    output.remark(say(Level::Skipped, name));
                }
                return;
            }
        };
        let violations = strict::check(&manifest);
        let (object, decision, endpoint) = self.admit(&manifest, violations);
        let finding = |violation: &Violation| {
            let field = manifest.written(&violation.field).into_owned();
            let Finding { reason, message, line, .. } = Finding::new(violation, line_of(&field));
            Finding { field, reason, message: manifest.in_words_of_its_author(message), line }
        };
        let mut findings: Vec<_> = decision.violations.iter().map(finding).collect();
        let warnings =
            decision.warnings.into_iter().map(|warning| manifest.in_words_of_its_author(warning.text));
        let mut warnings: Vec<_> = warnings.collect();
        match self.duplicates.note(&manifest, file, line) {
            Some(first) if first.is_same => warnings.push(format!("the same object is in {}", first.place)),
            Some(first) => {
                findings.push(Finding { line: line_of("metadata.name"), ..first.finding(&manifest.name) });
            }
            None => {}
        }
        let verdict = match (findings.is_empty(), object != manifest.object) {
            (false, _) => Verdict::Refused,
            (true, true) => Verdict::Patched,
            (true, false) => Verdict::Allowed,
        };
        let diff = if self.args.diff { show::diff(&manifest.object, &object) } else { None };
        output.item(Item {
            endpoint,
            findings,
            warnings,
            diff,
            ..item(file, manifest.title(), line, verdict)
        });
    }

    /// Asks the endpoints for the kind, in the order of the API server: those that add first, then those that look
    /// at the result. Answers with the result, all that was decided, and who decided last.
    fn admit(&self, manifest: &Manifest, violations: Vec<Violation>) -> (Value, Decision, &'static str) {
        let mut object = manifest.object.clone();
        let mut all = Decision::of(violations);
        let mut last = "";
        for endpoint in endpoints_for(manifest) {
            let body = manifest.question(endpoint, &object).to_string();
            // The question is made here, so it cannot fail to be one.
            let Ok(mut reviewed) = review(endpoint, &self.config, body.as_bytes()) else { continue };
            let decision = std::mem::take(&mut reviewed.decision);
            last = endpoint.label;
            // A field that does not decode, or is required, is found by more than one.
            let is_new = |violation: &Violation| {
                !all.violations
                    .iter()
                    .any(|known| known.field == violation.field && known.problem == violation.problem)
            };
            let new: Vec<_> = decision.violations.into_iter().filter(is_new).collect();
            all.violations.extend(new);
            all.warnings.extend(decision.warnings);
            // A patch that the rules made of this object applies to it.
            let _ = json_patch::patch(&mut object, &decision.patch);
        }
        (object, all, last)
    }
}

fn item(file: &Path, name: String, line: usize, verdict: Verdict) -> Item {
    Item {
        name,
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

fn endpoints_for(manifest: &Manifest) -> impl Iterator<Item = &'static Endpoint> {
    let of = |mutating: bool, kind: &'static str| {
        ENDPOINTS
            .iter()
            .filter(move |endpoint| endpoint.mutating == mutating && endpoint.resource.kind == kind)
    };
    of(true, manifest.kind).chain(of(false, manifest.kind))
}
