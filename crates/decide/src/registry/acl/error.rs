//! What is wrong with a file of rules, and what its author should know. No text holds a value of the file.

use std::fmt;

/// One thing that is wrong.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AclError {
    /// The path of the field, such as `acl[0].match.name`; empty for the file as a whole.
    pub field: String,
    /// What it must be instead.
    pub must: String,
}

/// All that is wrong.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AclErrors(pub Vec<AclError>);

/// What an author should know about a field.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Warning {
    /// The path of the field.
    pub field: String,
    /// What is wrong, or may be.
    pub text: String,
}

impl fmt::Display for AclError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.field.is_empty() {
            formatter.write_str(&self.must)
        } else {
            write!(formatter, "{}: {}", self.field, self.must)
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.field, self.text)
    }
}

/// Why a text is no pattern.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PatternError {
    /// It is too long.
    #[error("must have at most 1024 bytes")]
    Length,
    /// A variable has no end.
    #[error("must close each ${{ with }}")]
    OpenVariable,
    /// There is no such variable.
    #[error(
        "must use only the variables ${{account}}, ${{type}}, ${{name}}, ${{service}}, a group of one such as ${{account:1}}, and a label such as ${{labels:team}}"
    )]
    Variable,
    /// Too many labels are tried with each other.
    #[error("must use at most two labels")]
    Labels,
    /// A set of characters is not complete.
    #[error("must close each [ with ], with characters between them")]
    Class,
    /// A backslash is the last character.
    #[error("must have a character behind each backslash")]
    Backslash,
    /// It is no regular expression, or one that is too large.
    #[error("must be a regular expression that takes little memory: {0}")]
    Regex(String),
    /// A flag would change how values are quoted.
    #[error("must not set the flag x")]
    Extended,
    /// A value would be no text of its own.
    #[error("must not use a variable between brackets or behind a backslash")]
    Place,
}

/// A line for each.
impl fmt::Display for AclErrors {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            if index > 0 {
                formatter.write_str("\n")?;
            }
            write!(formatter, "{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for AclErrors {}
