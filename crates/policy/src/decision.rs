//! What the rules decide about one object: what is wrong with it, what is added to it, what its author should know.

use json_patch::{AddOperation, PatchOperation, ReplaceOperation};
use serde_json::Value;
use zeroize::Zeroize as _;

use crate::rule::Rule;
use crate::violation::Violation;

/// The result of applying rules to one object.
///
/// An object is admitted if there are no violations. The patch then holds the additions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decision {
    /// All that is wrong, in the order of the rules. Empty: the object is admitted.
    pub violations: Vec<Violation>,
    /// `add` and `replace` operations, in the order in which they apply. Empty: the object stays as it is.
    pub patch: Vec<PatchOperation>,
    /// What the author should know, whether the object is admitted or not.
    pub warnings: Vec<Warning>,
}

/// Something that the author of an object should know.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Warning {
    /// The rule that it is about.
    pub rule: Rule,
    /// A sentence.
    pub text: String,
}

impl Warning {
    /// A warning about a rule.
    pub fn new(rule: Rule, text: impl Into<String>) -> Self {
        Self { rule, text: text.into() }
    }
}

impl Decision {
    /// Admits the object as it is.
    #[must_use]
    pub fn allowed() -> Self {
        Self::default()
    }

    /// Refuses the object if there is any violation.
    #[must_use]
    pub fn of(violations: Vec<Violation>) -> Self {
        Self { violations, ..Self::default() }
    }

    /// Whether the object is admitted.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        self.violations.is_empty()
    }

    /// Wipes the texts of the patch from memory: those of a registry Secret are credentials.
    pub fn zeroise(&mut self) {
        for operation in &mut self.patch {
            if let PatchOperation::Add(AddOperation { value: Value::String(text), .. })
            | PatchOperation::Replace(ReplaceOperation { value: Value::String(text), .. }) = operation
            {
                text.zeroize();
            }
        }
    }
}
