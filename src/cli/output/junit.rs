//! `JUnit` XML: a test case for each object, a test suite for each file. The suites of long files are parts of them, so that
//! each is written, with its numbers, as soon as it is full.

use quick_junit::{NonSuccessKind, Report as JunitReport, TestCase, TestCaseStatus, TestSuite};

use super::form::Form;
use crate::admission::review::Verdict;
use crate::cli::report::{Finding, Item, Level, Remark, Tally};

const NAME: &str = "serverless-webhook";
/// The most cases of a suite.
const CASES_MAX: usize = 1000;

#[derive(Default)]
pub(super) struct Junit {
    suite: Option<TestSuite>,
    file: String,
}

impl Form for Junit {
    fn begin(&mut self, text: &mut String) {
        text.push_str(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"serverless-webhook\">\n",
        );
    }

    fn item(&mut self, text: &mut String, item: Item) {
        let mut case = TestCase::new(item.title.as_str(), status(&item));
        case.set_classname(item.file.as_str());
        self.add(text, &item.file, case);
    }

    fn remark(&mut self, text: &mut String, remark: Remark) {
        let (mut status, name) = match remark.level {
            Level::Unreadable => (TestCaseStatus::non_success(NonSuccessKind::Error), "unreadable"),
            Level::Warning | Level::Skipped => (TestCaseStatus::skipped(), "skipped"),
        };
        let line = remark.line.map(|line| format!("line {line}: ")).unwrap_or_default();
        status.set_message(format!("{line}{}", remark.problem));
        let mut case = TestCase::new(name, status);
        case.set_classname(remark.file.as_str());
        self.add(text, &remark.file, case);
    }

    /// Each is a case, so that the suite has their number.
    fn skipped(&mut self, text: &mut String, remark: Remark, _: bool) {
        self.remark(text, remark);
    }

    fn end(&mut self, text: &mut String, _: &Tally) {
        self.close(text);
        text.push_str("</testsuites>\n");
    }
}

impl Junit {
    fn add(&mut self, text: &mut String, file: &str, case: TestCase) {
        if self.file != file || self.suite.as_ref().is_some_and(|suite| suite.test_cases.len() >= CASES_MAX) {
            self.close(text);
            file.clone_into(&mut self.file);
        }
        self.suite.get_or_insert_with(|| TestSuite::new(file)).add_test_case(case);
    }

    fn close(&mut self, text: &mut String) {
        let Some(suite) = self.suite.take() else { return };
        let mut report = JunitReport::new(NAME);
        report.add_test_suite(suite);
        // Texts that XML cannot hold were taken out when they were set.
        let report = report.to_string().unwrap_or_default();
        // Only the suite is written here: its lines are those between the first and the last tag of the report.
        let suite = report.find("    <testsuite ").zip(report.rfind("</testsuites>"));
        text.push_str(suite.and_then(|(start, end)| report.get(start..end)).unwrap_or_default());
    }
}

fn status(item: &Item) -> TestCaseStatus {
    let problem = |Finding { rule, line, field, message, .. }: &Finding| {
        let rule = rule.map(|rule| format!(" ({rule})")).unwrap_or_default();
        format!("line {line}: {field}: {message}{rule}")
    };
    let mut problems: Vec<_> = item.findings.iter().map(problem).collect();
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
