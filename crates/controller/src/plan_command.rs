//! The manifests that `plan` is given: found, read and judged as `check` of the webhook does it, before anything is planned.

use std::fmt::Display;
use std::io::Write;
use std::path::Path;
use std::rc::Rc;

use decide::nodes::secret;
use decide::runtimes::handed;
use jiff::Timestamp;
use policy::Decision;
use policy::config::RawConfig;
use policy::gardener::{self, Secrets};
use policy::manifests::{Judge, Manifest, Recognised};
use process::exit::Exit;
use process::manifests::{Document, Inputs, holds_manifests, send_whole_numbers};
use process::printed::Printed;
use serde_json::{Value, json};

use crate::config::Config;
use crate::plan::{COMMAND, Manifests, plan};

/// Plans what the input holds: objects go to `out`, what is wrong with the input to `err`.
pub fn run(
    inputs: &Inputs,
    namespace: &str,
    config: &Config,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Exit {
    let rules = match rules(config).check() {
        Ok(rules) => rules,
        Err(errors) => {
            return Exit::Usage.because(errors.first().map(ToString::to_string).unwrap_or_default());
        }
    };
    let mut input = Input {
        judge: Judge::new(rules, Timestamp::now(), secret::mutate),
        namespace,
        manifests: Manifests::new(namespace),
        verbose: inputs.verbose,
        unused: Vec::new(),
        made: Vec::new(),
        later: Vec::new(),
        base: &config.propagation.base_namespace,
        exit: Exit::Success,
        err,
    };
    let found = inputs.files(holds_manifests, "manifests");
    found.read(
        COMMAND,
        |file| file,
        |file, document| match document {
            Ok(document) => input.document(file, document),
            Err(problem) => input.say(Exit::Unreadable, &at(file, problem.line), &problem.text),
        },
    );
    input.rest();
    input.name_skipped();
    let Input { manifests, made, mut exit, err, .. } = input;
    let planned = plan(config, &manifests);
    if planned.is_empty() && made.is_empty() && exit == Exit::Success {
        // Nobody reads what cannot be written.
        let _ = writeln!(
            err,
            "error: nothing to plan: there is no Function, no RegistryCache, nothing of registry.mgoltzsche.github.com and no document of Gardener in what was given"
        );
        return Exit::Unreadable;
    }
    let mut printed = Printed::default();
    for function in planned {
        exit = exit.max(if function.is_ready { Exit::Success } else { Exit::Refused });
        printed.print_to(out, format_args!("{}", function.text));
    }
    for text in made {
        printed.print_to(out, format_args!("{text}"));
    }
    printed.exit(exit)
}

/// The rules of the webhook that belongs to such a controller.
fn rules(config: &Config) -> RawConfig {
    let runtimes = handed(&config.functions, std::iter::empty()).runtimes;
    RawConfig { runtimes, git_urls: Some(config.git.urls), ..RawConfig::default() }
}

struct Input<'a> {
    judge: Judge,
    namespace: &'a str,
    manifests: Manifests,
    /// What documents of Gardener become.
    made: Vec<String>,
    later: Vec<Later>,
    /// The namespace of what caches name.
    base: &'a str,
    verbose: bool,
    /// What no plan needs so far, with its place and its name.
    unused: Vec<(String, String, Value)>,
    exit: Exit,
    err: &'a mut dyn Write,
}

/// A manifest that refers to Secrets: those may be in files that are read later.
struct Later {
    document: Rc<Document>,
    path: String,
    place: String,
    manifest: Manifest,
}

impl Input<'_> {
    fn say(&mut self, exit: Exit, place: &dyn Display, problem: &str) {
        self.exit = self.exit.max(exit);
        let _ = writeln!(self.err, "{place}: {}", policy::text::printable(problem, usize::MAX));
    }

    fn document(&mut self, file: &Path, mut document: Document) {
        let objects = document.take_objects();
        let document = Rc::new(document);
        for (path, mut object) in objects {
            send_whole_numbers(&mut object);
            self.judge.see(&object, self.namespace);
            let place = at(file, Some(document.line_of_object(&path)));
            match Manifest::recognise(object.clone(), self.namespace) {
                Recognised::Ours(manifest) if Judge::refers_to_secrets(manifest.kind, &manifest.object) => {
                    self.later.push(Later { document: Rc::clone(&document), path, place, manifest });
                }
                Recognised::Ours(manifest) => self.manifest(&document, &path, &place, &manifest),
                Recognised::OtherVersion { subject, violation } => {
                    let line = document.line_of(&format!("{path}{}", violation.field));
                    self.say(Exit::Refused, &place, &format!("{subject} is refused"));
                    self.violation(line, &violation.to_string());
                }
                Recognised::Malformed(problem) => self.say(Exit::Unreadable, &place, &problem),
                Recognised::Near(problem) => {
                    self.say(Exit::Success, &place, &format!("warning: {problem}"));
                    self.add(&place, object);
                }
                Recognised::Other(name) => {
                    let metadata = self.verbose.then(|| metadata(&object));
                    if !self.add(&place, object) {
                        self.unused.extend(metadata.map(|metadata| (place, name, metadata)));
                    }
                }
            }
        }
    }

    /// Plans what waited for Secrets.
    fn rest(&mut self) {
        for Later { document, path, place, manifest } in std::mem::take(&mut self.later) {
            self.manifest(&document, &path, &place, &manifest);
        }
    }

    fn manifest(&mut self, document: &Document, path: &str, place: &str, manifest: &Manifest) {
        let judgement = self.judge.judge(manifest.kind, &manifest.object);
        let Decision { violations, warnings, .. } = judgement.decision;
        let title = manifest.subject();
        if violations.is_empty() {
            if let Some(text) = made(manifest, &judgement.after, self.judge.secrets()) {
                self.made.push(text);
            } else {
                self.add(&place, judgement.after);
            }
        } else {
            self.say(Exit::Refused, &place, &format!("{title} is refused"));
        }
        let found = violations.iter().map(|violation| {
            let (field, problem) = manifest.as_written(violation);
            (document.line_of(&format!("{path}{field}")), format!("{field}: {problem}"))
        });
        let mut found: Vec<_> = found.collect();
        found.sort_by_key(|(line, _)| *line);
        for (line, text) in found {
            self.violation(line, &text);
        }
        for warning in warnings {
            let warning = manifest.in_words_of_its_author(warning.text);
            self.say(Exit::Success, &place, &format!("warning: {title}: {warning}"));
        }
    }

    /// Names what no plan needs. An object can come before the one that names it.
    fn name_skipped(&mut self) {
        for (place, name, metadata) in std::mem::take(&mut self.unused) {
            if !self.manifests.is_named(&metadata, self.base) {
                self.say(Exit::Success, &place, &format!("skipped: {name}"));
            }
        }
    }

    fn violation(&mut self, line: usize, text: &str) {
        let _ = writeln!(self.err, "    line {line}: {}", policy::text::printable(text, usize::MAX));
    }

    /// Whether a plan needs an object, which is kept then.
    fn add(&mut self, place: &dyn Display, object: Value) -> bool {
        match self.manifests.add(object) {
            Ok(is_used) => is_used,
            Err(problem) => {
                self.say(Exit::Refused, place, &problem);
                true
            }
        }
    }
}

/// An object without what it holds.
fn metadata(object: &Value) -> Value {
    json!({"kind": object.get("kind"), "metadata": object.get("metadata")})
}

/// What a document of Gardener becomes, as YAML; none if it is something else.
fn made(manifest: &Manifest, object: &Value, secrets: &Secrets) -> Option<String> {
    if !["RegistryConfig", "MirrorConfig", "Shoot"].contains(&manifest.kind) {
        return None;
    }
    let made = gardener::made(object, &manifest.namespace, secrets);
    let mut text = format!("# {}\n", manifest.subject());
    for object in made {
        // What was JSON can be YAML.
        text.extend(["---\n", &serde_saphyr::to_string(&object).unwrap_or_default()]);
    }
    Some(text)
}

/// `FILE:LINE`, or the file alone.
fn at(file: &Path, line: Option<usize>) -> String {
    let line = line.map(|line| format!(":{line}")).unwrap_or_default();
    format!("{}{line}", policy::text::printable(&file.display().to_string(), usize::MAX))
}
