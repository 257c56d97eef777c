//! One violation of a rule, and how it reads: in the form of the API server's own field errors
//! (`k8s.io/apimachinery/pkg/util/validation/field`).

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use crate::rule::Rule;
use crate::text::{self, NAME_SHOWN, printable};

/// The longest value, in characters, that a message shows in full.
const SHOWN_CHARACTERS: usize = 80;

/// Something that is wrong with one field of an object.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Violation {
    /// The rule that it breaks.
    pub rule: Rule,
    /// The path of the field, such as `spec.env[0].name`: printable, and no longer than 256 characters.
    pub field: String,
    /// What is wrong with it.
    pub problem: Problem,
}

/// All that is wrong so far.
pub(crate) type Violations = Vec<Violation>;

/// What is wrong with a field. The texts are the remedy: what must be there instead.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Problem {
    /// The field must be there; the text, which may be empty, says what for.
    Required(String),
    /// The value breaks a rule; the text says what it must be.
    Invalid(Value, String),
    /// The value is not supported; the supported ones follow in the order in which they are shown.
    NotSupported(Value, Vec<String>),
    /// The value must be unique and exists already.
    Duplicate(Value),
    /// The field must not be set; the text says why.
    Forbidden(String),
    /// The list or map has so many entries, and may have only so many.
    TooMany(usize, usize),
    /// The text may have only so many bytes.
    TooLong(usize),
}

/// A value as a message shows it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Value {
    /// A text: quoted, and cut after 80 characters.
    Text(String),
    /// A number, as it is.
    Number(i64),
    /// A value that must not be shown, such as one that holds a credential.
    Withheld,
}

impl Violation {
    /// Every field is printable and short, since a tenant may have written the keys in it.
    fn new(rule: Rule, field: impl Into<String>, problem: Problem) -> Self {
        let field: String = field.into();
        let shown = match printable(&field, NAME_SHOWN) {
            Cow::Owned(shown) => Some(shown),
            Cow::Borrowed(_) => None,
        };
        Self { rule, field: shown.unwrap_or(field), problem }
    }

    /// The field must be there; `what_for` says why and may be empty.
    pub fn required(rule: Rule, field: impl Into<String>, what_for: impl Into<String>) -> Self {
        Self::new(rule, field, Problem::Required(what_for.into()))
    }

    /// `value` breaks the rule; `must` says what it must be.
    pub fn invalid(
        rule: Rule,
        field: impl Into<String>,
        value: impl Into<Value>,
        must: impl Into<String>,
    ) -> Self {
        Self::new(rule, field, Problem::Invalid(value.into(), must.into()))
    }

    /// `value` is not one of `supported`.
    pub fn not_supported(
        rule: Rule,
        field: impl Into<String>,
        value: impl Into<Value>,
        supported: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        let supported = supported.into_iter().map(Into::into).collect();
        Self::new(rule, field, Problem::NotSupported(value.into(), supported))
    }

    /// `value` exists already.
    pub fn duplicate(rule: Rule, field: impl Into<String>, value: impl Into<Value>) -> Self {
        Self::new(rule, field, Problem::Duplicate(value.into()))
    }

    /// The field must not be set, `why` says the reason.
    pub fn forbidden(rule: Rule, field: impl Into<String>, why: impl Into<String>) -> Self {
        Self::new(rule, field, Problem::Forbidden(why.into()))
    }

    /// The list or map has `found` entries and may have `max`.
    pub(crate) fn too_many(field: impl Into<String>, found: usize, max: usize) -> Self {
        Self::new(Rule::TooManyEntries, field, Problem::TooMany(found, max))
    }

    /// Whether a list or map has too many entries.
    #[must_use]
    pub fn is_too_many(&self) -> bool {
        matches!(self.problem, Problem::TooMany(..))
    }

    /// The text may have `max` bytes.
    pub(crate) fn too_long(field: impl Into<String>, max: usize) -> Self {
        Self::new(Rule::TextTooLong, field, Problem::TooLong(max))
    }
}

/// The most violations that a log line lists.
const LISTED: usize = 10;

/// Fields and rules, without values: `spec.source (source-missing), …`. For logs.
#[must_use]
pub fn fields(violations: &[Violation]) -> String {
    let texts = violations.iter().map(|violation| format!("{} ({})", violation.field, violation.rule));
    text::first(texts, LISTED).join(", ")
}

impl Problem {
    /// The machine-readable cause (`metav1.CauseType`).
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Required(_) => "FieldValueRequired",
            Self::Invalid(..) => "FieldValueInvalid",
            Self::NotSupported(..) => "FieldValueNotSupported",
            Self::Duplicate(_) => "FieldValueDuplicate",
            Self::Forbidden(_) => "FieldValueForbidden",
            Self::TooMany(..) => "FieldValueTooMany",
            Self::TooLong(_) => "FieldValueTooLong",
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.field, self.problem)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Required(what_for) if what_for.is_empty() => formatter.write_str("Required value"),
            Self::Required(what_for) => write!(formatter, "Required value: {what_for}"),
            Self::Invalid(Value::Withheld, rule) => write!(formatter, "Invalid value: {rule}"),
            Self::Invalid(value, rule) => write!(formatter, "Invalid value: {value}: {rule}"),
            Self::NotSupported(value, supported) => {
                write!(formatter, "Unsupported value: {value}: supported values: ")?;
                for (index, name) in supported.iter().enumerate() {
                    let separator = if index == 0 { "" } else { ", " };
                    write!(formatter, "{separator}{name:?}")?;
                }
                Ok(())
            }
            Self::Duplicate(value) => write!(formatter, "Duplicate value: {value}"),
            Self::Forbidden(why) => write!(formatter, "Forbidden: {why}"),
            Self::TooMany(found, max) => {
                write!(formatter, "Too many: {found}: must have at most {max} items")
            }
            Self::TooLong(max) => write!(formatter, "Too long: may not be more than {max} bytes"),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write_quoted(formatter, text),
            Self::Number(number) => number.fmt(formatter),
            Self::Withheld => formatter.write_str("(withheld)"),
        }
    }
}

/// Quotes `text`, escapes what is not printable and cuts what is too long.
fn write_quoted(formatter: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    formatter.write_char('"')?;
    let mut characters = text.chars();
    for character in characters.by_ref().take(SHOWN_CHARACTERS) {
        if character == '\'' {
            // `escape_debug` would escape it, which nobody expects between double quotes.
            formatter.write_char(character)?;
        } else {
            write!(formatter, "{}", character.escape_debug())?;
        }
    }
    if characters.next().is_some() {
        formatter.write_char('…')?;
    }
    formatter.write_char('"')
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        // No message shows more than this, so a megabyte of source is not copied for one.
        Self::Text(text.chars().take(SHOWN_CHARACTERS + 1).collect())
    }
}

impl From<i32> for Value {
    fn from(number: i32) -> Self {
        Self::Number(number.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: Rule = Rule::SchemaValue;

    #[test]
    fn reads_like_the_api_servers_own_field_errors() {
        let read = |violation: Violation| violation.to_string();
        assert_eq!(read(Violation::required(RULE, "spec.source", "")), "spec.source: Required value");
        assert_eq!(read(Violation::required(RULE, "spec.source", "why")), "spec.source: Required value: why");
        assert_eq!(
            read(Violation::invalid(RULE, "a", "5m", "must be at least 10m")),
            r#"a: Invalid value: "5m": must be at least 10m"#
        );
        assert_eq!(
            read(Violation::invalid(RULE, "a", 0, "must be at least 1")),
            "a: Invalid value: 0: must be at least 1"
        );
        assert_eq!(
            read(Violation::invalid(RULE, "a", Value::Withheld, "must be text")),
            "a: Invalid value: must be text"
        );
        assert_eq!(
            read(Violation::not_supported(
                RULE,
                "spec.runtime",
                "nodejs8",
                ["nodejs10", "nodejs12", "python38"]
            )),
            r#"spec.runtime: Unsupported value: "nodejs8": supported values: "nodejs10", "nodejs12", "python38""#
        );
        assert_eq!(read(Violation::duplicate(RULE, "a", "B")), r#"a: Duplicate value: "B""#);
        assert_eq!(read(Violation::forbidden(RULE, "a", "it is reserved")), "a: Forbidden: it is reserved");
        assert_eq!(
            read(Violation::too_many("a", 1001, 1000)),
            "a: Too many: 1001: must have at most 1000 items"
        );
        assert_eq!(read(Violation::too_long("a", 2048)), "a: Too long: may not be more than 2048 bytes");
    }

    #[test]
    fn cuts_a_value_after_80_characters() {
        let shown = |length: usize| Value::from("é".repeat(length).as_str()).to_string();
        assert_eq!(shown(80), format!("\"{}\"", "é".repeat(80)));
        assert_eq!(shown(81), format!("\"{}…\"", "é".repeat(80)));
        assert_eq!(shown(100_000), shown(81));
    }

    #[test]
    fn lists_fields_and_rules_without_values() {
        let violation =
            |index: usize| Violation::invalid(RULE, format!("a[{index}]"), "hush", "must be text");
        let list = |number: usize| fields(&(0..number).map(violation).collect::<Vec<_>>());
        assert_eq!(list(0), "");
        assert_eq!(list(2), "a[0] (schema-value), a[1] (schema-value)");
        assert!(list(12).ends_with("a[9] (schema-value), and 2 more"), "{}", list(12));
    }

    #[test]
    fn cuts_and_escapes_a_field() {
        let violation = Violation::required(RULE, format!("a[{}]", "é".repeat(3_000_000)), "");
        assert_eq!(violation.field, format!("a[{}…", "é".repeat(253)));
        assert_eq!(Violation::required(RULE, "a[\u{1b}]", "").field, r"a[\u{1b}]");
    }

    #[test]
    fn escapes_what_is_not_printable() {
        assert_eq!(Value::from("a\"b\\c\n\u{7}'").to_string(), r#""a\"b\\c\n\u{7}'""#);
    }
}
