//! What is wrong with a configuration, collected: every error with its field and the remedy.

use std::ops::RangeInclusive;
use std::time::Duration;

use jiff::SignedDuration;
use policy::config::ConfigError;

/// The errors so far.
#[derive(Default)]
pub(super) struct Errors(pub(super) Vec<ConfigError>);

impl Errors {
    pub(super) fn add(&mut self, field: &str, problem: String) {
        self.0.push(ConfigError { field: field.to_owned(), problem });
    }

    pub(super) fn text(&mut self, field: &str, given: Option<String>, value: &mut String) {
        match given {
            Some(given) if given.trim().is_empty() => self.add(field, "must not be blank".to_owned()),
            Some(given) => *value = given,
            None => {}
        }
    }

    /// A text that a check accepts; otherwise the check says what it must be.
    pub(super) fn checked(
        &mut self,
        field: &str,
        given: Option<String>,
        check: impl FnOnce(&str) -> Result<(), &'static str>,
        value: &mut String,
    ) {
        let Some(given) = given else { return };
        match check(&given) {
            Ok(()) => *value = given,
            Err(must) => self.add(field, format!("{given:?} {must}")),
        }
    }

    pub(super) fn duration(
        &mut self,
        field: &str,
        given: Option<String>,
        bounds: RangeInclusive<Duration>,
        value: &mut Duration,
    ) {
        let Some(given) = given else { return };
        match given.parse::<SignedDuration>().map(Duration::try_from) {
            Ok(Ok(given)) if bounds.contains(&given) => *value = given,
            Ok(Ok(long)) if long > *bounds.end() => {
                self.add(field, format!("{given:?} must be at most {} s", bounds.end().as_secs()));
            }
            Ok(_) => self.add(field, format!("{given:?} must be at least {} s", bounds.start().as_secs())),
            Err(_) => {
                let problem = format!("{given:?} must be a duration such as \"30s\", \"5m\" or \"1h30m\"");
                self.add(field, problem);
            }
        }
    }

    pub(super) fn number(
        &mut self,
        field: &str,
        given: Option<usize>,
        bounds: RangeInclusive<usize>,
        value: &mut usize,
    ) {
        match given {
            Some(given) if !bounds.contains(&given) => self.add(field, beyond(given, &bounds)),
            Some(given) => *value = given,
            None => {}
        }
    }
}

fn beyond(given: usize, bounds: &RangeInclusive<usize>) -> String {
    if given < *bounds.start() {
        format!("{given} must be at least {}", bounds.start())
    } else {
        format!("{given} must be at most {}", bounds.end())
    }
}
