//! A pattern of a rule: a glob, or a regular expression between `/`.

use regex_lite::{Regex, RegexBuilder};

use super::error::PatternError;
use super::glob::Glob;
use super::template::{self, Field, Part, Values, Variable};
use crate::registry::NAME_MAX;

/// The longest pattern, in bytes.
const LENGTH_MAX: usize = 1024;
/// The most memory that a regular expression may take, in bytes. What a match costs follows from it.
const REGEX_MAX: usize = 256 * 1024;
/// The most labels that a pattern may use: all their values are tried with each other.
const LABELS_MAX: usize = 2;

/// What a value must look like.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    source: String,
    form: Form,
    /// The labels whose values are tried.
    labels: Vec<String>,
    /// The groups of other fields that it uses.
    uses: Vec<(Field, usize)>,
}

#[derive(Clone, Debug)]
enum Form {
    Glob(Glob),
    Regex(Regex),
    /// A regular expression that is made for each request.
    Template(Vec<Part>),
}

impl Pattern {
    pub(super) fn parse(source: &str) -> Result<Self, PatternError> {
        if source.len() > LENGTH_MAX {
            return Err(PatternError::Length);
        }
        let regex = source.strip_prefix('/').and_then(|text| text.strip_suffix('/'));
        let regex = regex.filter(|text| !text.is_empty());
        let parts = template::parse(regex.unwrap_or(source))?;
        let (mut labels, mut uses) = (Vec::new(), Vec::new());
        for part in &parts {
            match part {
                Part::Variable(Variable::Label(name)) if !labels.contains(name) => labels.push(name.clone()),
                Part::Variable(Variable::Capture(field, group)) => uses.push((*field, *group)),
                Part::Variable(_) | Part::Text(_) => {}
            }
        }
        if labels.len() > LABELS_MAX {
            return Err(PatternError::Labels);
        }
        let form = if regex.is_some() { regex_form(parts)? } else { Form::Glob(Glob::parse(&parts)?) };
        Ok(Self { source: source.to_owned(), form, labels, uses })
    }

    /// Whether a value has the form.
    pub(super) fn matches(&self, text: &str, values: &Values<'_>) -> bool {
        match &self.form {
            Form::Glob(glob) => glob.matches(text, values),
            Form::Regex(regex) => regex.is_match(text),
            Form::Template(parts) => {
                let quoted = |variable: &Variable| values.text(variable).map(regex_lite::escape);
                joined(parts, quoted)
                    .and_then(|source| anchored(&source).ok())
                    .is_some_and(|regex| regex.is_match(text))
            }
        }
    }

    /// The groups of the regular expression in a text that matches.
    pub(super) fn captures<'a>(&self, text: &'a str) -> Vec<Option<&'a str>> {
        let Form::Regex(regex) = &self.form else { return Vec::new() };
        let captures = regex.captures(text);
        captures.map_or_else(Vec::new, |captures| {
            captures.iter().map(|group| group.map(|group| group.as_str())).collect()
        })
    }

    /// How many groups other patterns can use. One that depends on the request has none.
    pub(super) fn groups(&self) -> usize {
        if let Form::Regex(regex) = &self.form { regex.captures_len() } else { 0 }
    }

    pub(super) fn source(&self) -> &str {
        &self.source
    }

    pub(super) fn labels(&self) -> &[String] {
        &self.labels
    }

    /// The groups of other fields that it uses.
    pub(super) fn uses(&self) -> &[(Field, usize)] {
        &self.uses
    }

    /// The text, if it is the only one that the pattern matches.
    pub(super) fn literal(&self) -> Option<&str> {
        if let Form::Glob(glob) = &self.form { glob.literal() } else { None }
    }

    /// Whether every text matches that is not empty.
    pub(super) fn is_any(&self) -> bool {
        match &self.form {
            Form::Glob(glob) => glob.prefix() == Some(""),
            Form::Regex(_) => matches!(self.source.as_str(), "/.*/" | "/.+/" | "/^.*$/" | "/^.+$/"),
            Form::Template(_) => false,
        }
    }

    /// Whether all that `other` matches is matched, as far as the two texts show it.
    pub(super) fn covers(&self, other: &Self) -> bool {
        if self.source == other.source || (self.is_any() && other.literal() != Some("")) {
            return true;
        }
        let values = Values { fields: [""; 4], captures: &Default::default(), labels: &[] };
        match (&self.form, &other.form, other.literal()) {
            // A pattern with variables, which have no values here, matches no text.
            (_, _, Some(literal)) => self.matches(literal, &values),
            (Form::Glob(glob), Form::Glob(other), None) => {
                glob.prefix().is_some_and(|prefix| other.beginning().starts_with(prefix))
            }
            _ => false,
        }
    }
}

fn regex_form(parts: Vec<Part>) -> Result<Form, PatternError> {
    let texts = parts.iter().filter_map(|part| if let Part::Text(text) = part { Some(text) } else { None });
    if texts.into_iter().any(|text| sets_extended(text)) {
        return Err(PatternError::Extended);
    }
    if is_behind_backslash(&parts) {
        return Err(PatternError::Place);
    }
    // Alone first: what closes the group around it would get out of the anchors.
    let alone = joined(&parts, |_| Some("x".to_owned())).unwrap_or_default();
    build(&alone)?;
    if !parts.iter().any(|part| matches!(part, Part::Variable(_))) {
        return anchored(&alone).map(Form::Regex);
    }
    // A group with a name is one only where a value is a text of its own.
    let mut count = 0_usize;
    let named = joined(&parts, |_| {
        count += 1;
        Some(format!("(?P<value{count}>x)"))
    });
    let named = build(&named.unwrap_or_default()).map_err(|_| PatternError::Place)?;
    let is_group = |name: Option<&str>| name.is_some_and(|name| name.starts_with("value"));
    if named.capture_names().filter(|name| is_group(*name)).count() != count {
        return Err(PatternError::Place);
    }
    // With values, it must not be too large either.
    anchored(&joined(&parts, |_| Some("x".repeat(NAME_MAX))).unwrap_or_default())?;
    Ok(Form::Template(parts))
}

/// Whether a backslash takes the beginning of a value as its character.
fn is_behind_backslash(parts: &[Part]) -> bool {
    parts.iter().zip(parts.iter().skip(1)).any(|pair| match pair {
        (Part::Text(text), Part::Variable(_)) => {
            text.bytes().rev().take_while(|&byte| byte == b'\\').count() % 2 == 1
        }
        _ => false,
    })
}

/// Whether `(?x)` is there, or `(?ix:`: blanks of values would be no part of them.
fn sets_extended(text: &str) -> bool {
    text.split("(?").skip(1).any(|rest| {
        rest.chars()
            .take_while(|character| character.is_ascii_alphabetic() || *character == '-')
            .any(|flag| flag == 'x')
    })
}

/// The text of a regular expression with values; each is a group, so that what follows it is not about its last character.
fn joined(parts: &[Part], mut value: impl FnMut(&Variable) -> Option<String>) -> Option<String> {
    let mut source = String::new();
    for part in parts {
        match part {
            Part::Text(text) => source.push_str(text),
            Part::Variable(variable) => {
                source.push_str("(?:");
                source.push_str(&value(variable)?);
                source.push(')');
            }
        }
    }
    Some(source)
}

fn anchored(source: &str) -> Result<Regex, PatternError> {
    build(&format!(r"\A(?:{source})\z"))
}

fn build(source: &str) -> Result<Regex, PatternError> {
    // A value with a newline is one value: no rule is got around with it.
    let built = RegexBuilder::new(source).dot_matches_new_line(true).size_limit(REGEX_MAX).build();
    built.map_err(|error| PatternError::Regex(error.to_string()))
}
