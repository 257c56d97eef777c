//! What is printed of a plan.

use api::Condition;
use serde_json::Value;

/// Is printed for each value of a Secret.
const HIDDEN: &str = "(not shown)";

/// What becomes of an object.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Planned {
    /// Whether all would go well.
    pub is_ready: bool,
    /// The objects that it becomes, as YAML, and what is said of it, as comments.
    pub text: String,
}

/// A text that grows.
pub(super) struct Draft(String);

impl Draft {
    /// A plan for an object. What is cluster-scoped has no namespace.
    pub(super) fn of(kind: &str, namespace: &str, name: &str) -> Self {
        let namespace = if namespace.is_empty() { String::new() } else { format!("{namespace}/") };
        Self(format!("# {kind} {namespace}{name}\n"))
    }

    /// Adds an object. The values of a Secret are left out.
    pub(super) fn object(&mut self, object: &Value) {
        let mut object = object.clone();
        if object.get("kind").is_some_and(|kind| kind == "Secret")
            && let Some(data) = object.get_mut("data").and_then(Value::as_object_mut)
        {
            data.values_mut().for_each(|value| *value = HIDDEN.into());
        }
        self.0.push_str("---\n");
        // What was JSON can be YAML.
        self.0.push_str(&serde_saphyr::to_string(&object).unwrap_or_default());
    }

    pub(super) fn comment(&mut self, text: &str) {
        self.0.extend(["# ", text, "\n"]);
    }

    /// Nothing becomes of it.
    pub(super) fn refused(mut self, why: &str) -> Planned {
        self.comment(why);
        Planned { is_ready: false, text: self.0 }
    }

    /// It has these conditions.
    pub(super) fn ended(mut self, conditions: &[Condition]) -> Planned {
        for Condition { kind, status, reason, message, .. } in conditions {
            let [reason, message] = [reason, message].map(|text| text.as_deref().unwrap_or_default());
            self.comment(&[kind, status, reason, message].join(" "));
        }
        let is_ready =
            !conditions.is_empty() && conditions.iter().all(|condition| condition.status == "True");
        Planned { is_ready, text: self.0 }
    }
}
