//! Manifests and reviews as people keep them: files, folders and the standard input, YAML or JSON, read one document at a
//! time. What a kind means is not here.

mod documents;
mod inputs;
mod json;
mod lines;
mod stream;
mod unique;
mod words;
mod yaml_text;

use serde_json::Value;

pub use documents::{Document, Unreadable};
pub use inputs::{Files, Inputs, Problem, holds_manifests};
pub use stream::Documents;

/// Writes numbers as kubectl sends them: `2.0`, `1e3` and `129e6` are the whole numbers 2, 1000 and 129000000.
pub fn send_whole_numbers(value: &mut Value) {
    match value {
        Value::Number(number) => {
            // As Go converts it: what is no whole number of 64 bits stays as it is.
            #[allow(clippy::cast_possible_truncation, reason = "the bounds are checked")]
            let whole = number
                .as_f64()
                .filter(|float| number.is_f64() && float.fract() == 0.0 && float.abs() < WHOLE_MAX)
                .map(|float| float as i64);
            if let Some(whole) = whole {
                *number = whole.into();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(send_whole_numbers),
        Value::Object(members) => members.values_mut().for_each(send_whole_numbers),
        _ => {}
    }
}

/// 2⁶³: the first number that is too large for 64 bits.
const WHOLE_MAX: f64 = 9_223_372_036_854_775_808.0;

#[cfg(test)]
mod tests;
