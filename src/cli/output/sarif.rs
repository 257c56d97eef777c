//! SARIF 2.1.0, for code scanning: a result for each violation, at its line.

use std::collections::BTreeSet;

use serde_json::json;

use super::form::Form;
use super::json::to_text;
use crate::cli::report::{Item, Level, Remark, Tally};

const HEAD: &str = "{\"$schema\": \"https://json.schemastore.org/sarif-2.1.0.json\",\n\"version\": \"2.1.0\",\n\"runs\": [{\"results\": [";
const WARNING: &str = "Warning";
const UNEXPECTED: &str = "Unexpected";
const UNREADABLE: &str = "Unreadable";

/// The rules of the results so far, which stand behind these.
#[derive(Default)]
pub(super) struct Sarif {
    rules: BTreeSet<String>,
    is_behind_a_result: bool,
}

impl Form for Sarif {
    fn begin(&mut self, text: &mut String) {
        text.push_str(HEAD);
    }

    fn item(&mut self, text: &mut String, item: Item) {
        let message = |text: &str| format!("{}: {text}", item.name);
        for finding in &item.findings {
            let message = message(&format!("{}: {}", finding.field, finding.message));
            self.result(text, &finding.reason, "error", &message, (&item.file, Some(finding.line)));
        }
        for problem in &item.unexpected {
            self.result(text, UNEXPECTED, "error", &message(problem), (&item.file, Some(item.line)));
        }
        for warning in &item.warnings {
            self.result(text, WARNING, "warning", &message(warning), (&item.file, Some(item.line)));
        }
    }

    fn remark(&mut self, text: &mut String, remark: Remark) {
        let (rule, level) = match remark.level {
            Level::Unreadable => (UNREADABLE, "error"),
            Level::Warning => (WARNING, "warning"),
            Level::Skipped => return,
        };
        self.result(text, rule, level, &remark.problem, (&remark.file, remark.line));
    }

    fn end(&mut self, text: &mut String, _: &Tally) {
        let rules: Vec<_> = self.rules.iter().map(|id| json!({"id": id})).collect();
        let driver =
            json!({"name": "serverless-webhook", "version": env!("CARGO_PKG_VERSION"), "rules": rules});
        text.extend(["\n],\n\"tool\": ", &to_text(&json!({"driver": driver})), "}]}\n"]);
    }
}

impl Sarif {
    fn result(
        &mut self,
        text: &mut String,
        rule: &str,
        level: &str,
        message: &str,
        (file, line): (&str, Option<usize>),
    ) {
        if !self.rules.contains(rule) {
            self.rules.insert(rule.to_owned());
        }
        let place = match line {
            Some(line) => json!({"artifactLocation": {"uri": file}, "region": {"startLine": line}}),
            None => json!({"artifactLocation": {"uri": file}}),
        };
        let result = json!({
            "ruleId": rule,
            "level": level,
            "message": {"text": message},
            "locations": [{"physicalLocation": place}],
        });
        text.push_str(if self.is_behind_a_result { ",\n" } else { "\n" });
        text.push_str(&to_text(&result));
        self.is_behind_a_result = true;
    }
}
