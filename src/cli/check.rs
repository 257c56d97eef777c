//! `check`: what an API server with these webhooks would do with manifests when they are created: strict decoding,
//! what is filled in, what is refused.

mod manifest;
mod strict;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use policy::{Config, Decision, Rule, Violation};
use process::exit::Exit;
use process::manifests::Document;
use process::yaml;
use serde_json::Value;

use super::input;
use super::output::{self, Format};
use super::report::{Finding, Item, Report, Words};
use super::show;
use crate::admission::review::{Verdict, review};
use crate::admission::routes::{ENDPOINTS, Endpoint};
use crate::config;
use manifest::{Manifest, Recognised};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Files or folders with manifests (YAML or JSON); - is the standard input
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Shows what will be added to each object
    #[arg(long)]
    diff: bool,
    /// The namespace of objects that name none
    #[arg(long, default_value = "default")]
    namespace: String,
    /// How the findings are shown
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
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
    let mut check = Check { args, config, report: Report::default(), seen: HashSet::new() };
    let files = input::files(&args.paths, holds_manifests, &mut check.report.unreadable);
    let progress = output::progress(files.len());
    for file in progress.wrap_iter(files.iter()) {
        for document in input::documents(file, &mut check.report.unreadable) {
            check.document(file, &document);
        }
    }
    progress.finish_and_clear();
    let words = Words { items: "objects", expected: false, places: true, skipped: "of other kinds skipped" };
    output::print(args.output, &mut check.report, &words);
    check.report.exit(false)
}

fn holds_manifests(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    ["json", "yaml", "yml"].contains(&extension)
}

struct Check<'a> {
    args: &'a Args,
    config: Config,
    report: Report,
    /// The objects so far, by kind, namespace and name.
    seen: HashSet<(&'static str, String, String)>,
}

impl Check<'_> {
    fn document(&mut self, file: &Path, document: &Document) {
        for (path, object) in document.objects() {
            self.object(file, document, object.clone(), &path);
        }
    }

    /// Judges an object; `path` leads to it in its document.
    fn object(&mut self, file: &Path, document: &Document, object: Value, path: &str) {
        let line = |field: &str| document.line - 1 + yaml::line_of(&document.text, &format!("{path}{field}"));
        let manifest = match Manifest::recognise(object, &self.args.namespace) {
            Recognised::Ours(manifest) => manifest,
            Recognised::OtherVersion { name, violation } => {
                let findings = vec![Finding::new(&violation, line(&violation.field))];
                let item = item(file, name, line(""), "", Verdict::Refused, findings);
                return self.report.items.push(item);
            }
            Recognised::Other => return self.report.skipped += 1,
        };
        let mut violations = strict::check(&manifest);
        let identity = (manifest.kind, manifest.namespace.clone(), manifest.name.clone());
        if !manifest.name.is_empty() && !self.seen.insert(identity) {
            let name = manifest.name.as_str();
            violations.push(Violation::duplicate(Rule::ObjectDuplicate, "metadata.name", name));
        }
        let (object, decision, endpoint) = self.admit(&manifest, violations);
        let finding =
            |violation: &Violation| Finding::new(violation, line(&manifest.written(&violation.field)));
        let findings: Vec<_> = decision.violations.iter().map(finding).collect();
        let added = object != manifest.object;
        let verdict = match (findings.is_empty(), added) {
            (false, _) => Verdict::Refused,
            (true, true) => Verdict::Patched,
            (true, false) => Verdict::Allowed,
        };
        let mut item = item(file, manifest.title(), line(""), endpoint, verdict, findings);
        item.warnings = decision.warnings.into_iter().map(|warning| warning.text).collect();
        if self.args.diff {
            item.diff = show::diff(&manifest.object, &object);
        }
        self.report.items.push(item);
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

fn item(
    file: &Path,
    name: String,
    line: usize,
    endpoint: &'static str,
    verdict: Verdict,
    findings: Vec<Finding>,
) -> Item {
    Item {
        name,
        file: input::shown(file),
        line,
        operation: "CREATE".to_owned(),
        endpoint,
        verdict,
        findings,
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
