//! SARIF 2.1.0, for code scanning: a result for each violation, at its line.

use std::collections::BTreeMap;

use policy::Rule;
use serde_json::{Value, json};

use super::form::Form;
use super::json::to_text;
use super::uri;
use crate::cli::report::{Item, Level, Remark, Tally};

const HEAD: &str = "{\"$schema\": \"https://json.schemastore.org/sarif-2.1.0.json\",\n\"version\": \"2.1.0\",\n\"runs\": [{\"results\": [";
/// What a warning of a server is called, which does not say its rule.
const WARNING: &str = "Warning";

/// The page that explains each rule: in the repository of the package or, if the package names none, at the place where
/// the project publishes its documents.
const PAGE: &str = "docs/rules.md";
const REPOSITORY: &str = env!("CARGO_PKG_REPOSITORY");
const PUBLISHED: &str = "https://serverless.kyma-project.io";

/// The rules of the results so far, which stand behind these.
#[derive(Default)]
pub(super) struct Sarif {
    rules: BTreeMap<String, Option<Rule>>,
    is_behind_a_result: bool,
}

impl Form for Sarif {
    fn begin(&mut self, text: &mut String) {
        text.push_str(HEAD);
    }

    fn item(&mut self, text: &mut String, item: Item) {
        let message = |text: &str| format!("{}: {text}", item.title);
        for finding in &item.findings {
            let message = message(&format!("{}: {}", finding.field, finding.message));
            let about = (finding.rule, finding.reason.as_str());
            self.result(text, about, "error", &message, (&item.file, Some(finding.line)));
        }
        for problem in &item.unexpected {
            let about = (Some(Rule::NotAsExpected), "");
            self.result(text, about, "error", &message(problem), (&item.file, Some(item.line)));
        }
        for warning in &item.warnings {
            let about = (warning.rule, WARNING);
            self.result(text, about, "warning", &message(&warning.message), (&item.file, Some(item.line)));
        }
    }

    fn remark(&mut self, text: &mut String, remark: Remark) {
        let rule = remark.level.rule();
        let level = match remark.level {
            Level::Unreadable => "error",
            Level::Warning => "warning",
            Level::Skipped => return,
        };
        self.result(text, (rule, ""), level, &remark.problem, (&remark.file, remark.line));
    }

    fn end(&mut self, text: &mut String, _: &Tally) {
        let rules: Vec<_> = self.rules.iter().map(|(id, rule)| describe(id, *rule)).collect();
        let driver =
            json!({"name": "serverless-webhook", "version": env!("CARGO_PKG_VERSION"), "rules": rules});
        text.extend(["\n],\n\"tool\": ", &to_text(&json!({"driver": driver})), "}]}\n"]);
    }
}

impl Sarif {
    fn result(
        &mut self,
        text: &mut String,
        (rule, reason): (Option<Rule>, &str),
        level: &str,
        message: &str,
        (file, line): (&str, Option<usize>),
    ) {
        let id = rule.map_or(reason, |rule| rule.id());
        if !self.rules.contains_key(id) {
            self.rules.insert(id.to_owned(), rule);
        }
        let uri = uri::reference(file);
        let place = match line {
            Some(line) => json!({"artifactLocation": {"uri": uri}, "region": {"startLine": line}}),
            None => json!({"artifactLocation": {"uri": uri}}),
        };
        let result = json!({
            "ruleId": id,
            "level": level,
            "message": {"text": message},
            "locations": [{"physicalLocation": place}],
        });
        text.push_str(if self.is_behind_a_result { ",\n" } else { "\n" });
        text.push_str(&to_text(&result));
        self.is_behind_a_result = true;
    }
}

/// What a viewer shows of a rule.
fn describe(id: &str, rule: Option<Rule>) -> Value {
    let Some(text) = rule.map(Rule::text) else { return json!({"id": id}) };
    let base = if REPOSITORY.is_empty() { PUBLISHED.to_owned() } else { format!("{REPOSITORY}/blob/main") };
    json!({
        "id": id,
        "shortDescription": {"text": text.summary},
        "help": {"text": text.help, "markdown": text.help},
        "helpUri": format!("{base}/{PAGE}#{id}"),
        "defaultConfiguration": {"level": text.severity.as_str()},
    })
}
