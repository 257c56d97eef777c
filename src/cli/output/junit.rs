//! `JUnit` XML: a test case for each object.

use quick_junit::{NonSuccessKind, Report as JunitReport, TestCase, TestCaseStatus, TestSuite};

use crate::admission::review::Verdict;
use crate::cli::report::{Item, Report};

pub(super) fn render(report: &Report) -> String {
    let mut suite = TestSuite::new("serverless-webhook");
    for item in &report.items {
        let mut case = TestCase::new(item.name.as_str(), status(item));
        case.set_classname(item.file.as_str());
        suite.add_test_case(case);
    }
    for problem in &report.unreadable {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status.set_message(format!("line {}: {}", problem.line, problem.problem));
        let mut case = TestCase::new("unreadable", status);
        case.set_classname(problem.file.as_str());
        suite.add_test_case(case);
    }
    let mut junit = JunitReport::new("serverless-webhook");
    junit.add_test_suite(suite);
    // Texts that XML cannot hold were taken out when they were set.
    junit.to_string().unwrap_or_default()
}

fn status(item: &Item) -> TestCaseStatus {
    let mut problems: Vec<_> =
        item.findings.iter().map(|finding| format!("{}: {}", finding.field, finding.message)).collect();
    problems.extend(item.unexpected.iter().cloned());
    let refused = matches!(item.verdict, Verdict::Refused | Verdict::Error);
    if problems.is_empty() && !refused {
        return TestCaseStatus::success();
    }
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status
        .set_type(item.verdict.as_str())
        .set_message(problems.first().map_or("", String::as_str))
        .set_description(problems.join("\n"));
    status
}
