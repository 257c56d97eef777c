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
    /// What is so.
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
