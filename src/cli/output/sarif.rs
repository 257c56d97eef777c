//! SARIF 2.1.0, for code scanning: a result for each violation, at its line.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::cli::report::Report;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
const WARNING: &str = "Warning";
const UNEXPECTED: &str = "Unexpected";
const UNREADABLE: &str = "Unreadable";

pub(super) fn render(report: &Report) -> String {
    let mut results = Vec::new();
    for item in &report.items {
        let at = |line| (item.file.as_str(), line);
        let text = |text: &str| format!("{}: {text}", item.name);
        for finding in &item.findings {
            let message = text(&format!("{}: {}", finding.field, finding.message));
            results.push(result(&finding.reason, "error", &message, at(finding.line)));
        }
        results.extend(
            item.unexpected.iter().map(|problem| result(UNEXPECTED, "error", &text(problem), at(item.line))),
        );
        results.extend(
            item.warnings.iter().map(|warning| result(WARNING, "warning", &text(warning), at(item.line))),
        );
    }
    for problem in &report.unreadable {
        results.push(result(UNREADABLE, "error", &problem.problem, (&problem.file, problem.line)));
    }
    let rules: BTreeSet<_> = results.iter().filter_map(|result| result["ruleId"].as_str()).collect();
    let rules: Vec<_> = rules.into_iter().map(|id| json!({"id": id})).collect();
    let driver = json!({"name": "serverless-webhook", "version": env!("CARGO_PKG_VERSION"), "rules": rules});
    let document = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": results}],
    });
    format!("{document:#}\n")
}

fn result(rule: &str, level: &str, message: &str, (file, line): (&str, usize)) -> Value {
    json!({
        "ruleId": rule,
        "level": level,
        "message": {"text": message},
        "locations": [{"physicalLocation": {
            "artifactLocation": {"uri": file},
            "region": {"startLine": line},
        }}],
    })
}
