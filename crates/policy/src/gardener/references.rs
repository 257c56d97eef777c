//! What a document refers to through `spec.resources` of its Shoot: Secrets in the namespace of the Shoot.

use std::collections::HashMap;
use std::fmt;

use api::gardener::NamedReference;
use serde_json::{Value as Json, json};
use zeroize::Zeroizing;

use crate::decision::{Decision, Warning};
use crate::decode::decode_any;
use crate::rule::Rule;
use crate::secret_object::SecretObject;
use crate::violation::Violation;

/// The kind that documents refer to.
const SECRET: &str = "Secret";

/// Secrets that can be seen, by namespace and name. Their values are wiped from memory.
#[derive(Default)]
pub struct Secrets(HashMap<(String, String), Zeroizing<String>>);

impl Secrets {
    /// Adds a Secret, without `stringData`. Another one of this name is replaced.
    pub fn add(&mut self, namespace: &str, name: &str, secret: &Json) {
        let kept = ["metadata", "type", "immutable", "data"].map(|key| (key, secret.get(key)));
        let kept = kept.into_iter().filter_map(|(key, value)| Some((key, value?)));
        let text = json!(kept.collect::<HashMap<_, _>>()).to_string();
        self.0.insert((namespace.to_owned(), name.to_owned()), text.into());
    }

    /// The Secret of a name, if there is one in one namespace alone, with its namespace and name.
    pub(crate) fn only(&self, name: &str) -> Option<(String, SecretObject<'_>)> {
        let mut found = self.0.iter().filter(|((_, known), _)| known == name);
        let ((namespace, name), text) = found.next().filter(|_| !name.is_empty())?;
        let secret = decode_any(text)?;
        found.next().is_none().then(|| (format!("{namespace}/{name}"), secret))
    }

    /// A Secret that can be decoded.
    pub(crate) fn get(&self, namespace: &str, name: &str) -> Option<SecretObject<'_>> {
        let text = self.0.get(&(namespace.to_owned(), name.to_owned()))?;
        decode_any(text)
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.0.keys()).finish()
    }
}

/// A reference of a document.
pub(super) struct Reference<'a> {
    /// The field that holds it.
    pub(super) field: String,
    /// The key of this field.
    pub(super) key: &'static str,
    /// Its value: the name of an entry of `spec.resources`.
    pub(super) name: &'a str,
    /// What is wrong with the Secret. The arguments are the field, its value, namespace and name of the Secret, and the Secret.
    pub(super) judge: fn(&str, &str, &str, &SecretObject<'_>) -> Vec<Violation>,
    /// The label, with its value, with which a Secret is judged wherever it is.
    pub(super) label: Option<(&'static str, &'static str)>,
}

/// The resources of a Shoot.
pub(super) struct Resources<'a> {
    pub(super) entries: &'a [NamedReference],
    pub(super) namespace: &'a str,
}

impl<'a> Resources<'a> {
    /// The name of the Secret behind an entry.
    pub(super) fn secret(&self, reference: &str) -> Option<&'a str> {
        let entry = self.entries.iter().find(|entry| entry.name == reference)?;
        let object = entry.resource_ref.as_ref().filter(|object| object.kind == SECRET)?;
        Some(&object.name)
    }

    /// What is wrong with a reference. Without `secrets` no Secret can be seen.
    pub(super) fn check(
        &self,
        reference: &Reference<'_>,
        secrets: Option<&Secrets>,
        decision: &mut Decision,
    ) {
        let Reference { field, key, name, judge, label } = reference;
        let Some(secret) = self.secret(name) else {
            let must = format!("failed to find referenced resource with name {name} and kind Secret");
            let violation = Violation::invalid(Rule::GardenerReference, field.as_str(), *name, must);
            return decision.violations.push(violation);
        };
        let full_name = format!("{}/{secret}", self.namespace);
        let Some(secrets) = secrets else {
            decision.warnings.extend(label.map(|(key, value)| {
                let text =
                    format!("{field}: the Secret {full_name} is judged only with the label {key}: {value}");
                Warning::new(Rule::GardenerSecretUnseen, text)
            }));
            return;
        };
        match secrets.get(self.namespace, secret) {
            Some(secret) if secret.data().is_err() => {
                let must = format!("the data of the referenced secret {full_name:?} must be base64");
                let violation = Violation::invalid(Rule::DataNotBase64, field.as_str(), *name, must);
                decision.violations.push(violation);
            }
            Some(secret) => decision.violations.extend(judge(field, name, &full_name, &secret)),
            None => {
                let text = format!(
                    "{field}: failed to get secret {full_name} for {key} {name}: it is not among these manifests"
                );
                decision.warnings.push(Warning::new(Rule::GardenerSecretUnseen, text));
            }
        }
    }
}
