//! One JSON document, for programs. What is said of the input itself comes behind the objects.

use serde::Serialize;
use serde_json::json;

use super::form::Form;
use crate::cli::report::{Item, Level, Remark, Tally};

#[derive(Default)]
pub(super) struct Json {
    is_behind_an_item: bool,
    unreadable: Vec<Remark>,
    warnings: Vec<Remark>,
    skipped: Vec<Remark>,
}

impl Form for Json {
    fn begin(&mut self, text: &mut String) {
        text.push_str("{\"items\": [");
    }

    fn item(&mut self, text: &mut String, item: Item) {
        text.push_str(if self.is_behind_an_item { ",\n" } else { "\n" });
        text.push_str(&to_text(&item));
        self.is_behind_an_item = true;
    }

    fn remark(&mut self, _: &mut String, remark: Remark) {
        match remark.level {
            Level::Unreadable => self.unreadable.push(remark),
            Level::Warning => self.warnings.push(remark),
            Level::Skipped => self.skipped.push(remark),
        }
    }

    fn end(&mut self, text: &mut String, tally: &Tally) {
        let mut members = json!({"unreadable": self.unreadable, "warnings": self.warnings, "summary": tally});
        if let Some(members) = members.as_object_mut().filter(|_| !self.skipped.is_empty()) {
            members.insert("skipped".to_owned(), json!(self.skipped));
        }
        text.push_str("\n]");
        for (name, value) in members.as_object().into_iter().flatten() {
            text.extend([",\n", &to_text(name), ": ", &to_text(value)]);
        }
        text.push_str("}\n");
    }
}

pub(super) fn to_text(value: &impl Serialize) -> String {
    // What is written has texts as keys, so it cannot fail.
    serde_json::to_string(value).unwrap_or_default()
}
