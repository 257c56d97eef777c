//! The labels of an account: names with values, which rules ask for.

use std::collections::BTreeMap;

use api::names::registry::{Access, SERVICE_ACCOUNT_USER, account_label};

use super::NAME_MAX;

/// The most labels of an account, and the most values of a label.
const COUNT_MAX: usize = 64;

/// The labels of an account, within limits.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Labels(BTreeMap<String, Vec<String>>);

/// Why labels are refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum LabelsError {
    /// There are too many labels, or values of a label.
    #[error("must be at most 64 labels with at most 64 values each")]
    Count,
    /// A name or a value is too long.
    #[error("must have names and values of at most 255 bytes")]
    Length,
}

impl Labels {
    /// Checks labels.
    ///
    /// # Errors
    /// The limit that they exceed.
    pub fn new(labels: BTreeMap<String, Vec<String>>) -> Result<Self, LabelsError> {
        if labels.len() > COUNT_MAX || labels.values().any(|values| values.len() > COUNT_MAX) {
            return Err(LabelsError::Count);
        }
        let texts = labels.iter().flat_map(|(name, values)| values.iter().chain([name]));
        if texts.into_iter().any(|text| text.len() > NAME_MAX) {
            Err(LabelsError::Length)
        } else {
            Ok(Self(labels))
        }
    }

    /// The labels of an `ImageRegistryAccount`: its own, and those that say what it is, which nobody else sets.
    ///
    /// # Errors
    /// The limit that they exceed.
    pub fn of_account(name: &str, mut labels: BTreeMap<String, Vec<String>>) -> Result<Self, LabelsError> {
        labels.insert(account_label::ORIGIN.to_owned(), vec![account_label::FROM_RESOURCE.to_owned()]);
        labels.insert(account_label::ACCOUNT.to_owned(), vec![name.to_owned()]);
        Self::new(labels)
    }

    /// The labels of a service account. It chooses none of them.
    #[must_use]
    pub fn of_service_account(namespace: &str, name: &str) -> Self {
        let labels = [
            (account_label::ORIGIN, account_label::FROM_SERVICE_ACCOUNT),
            (account_label::ACCOUNT, SERVICE_ACCOUNT_USER),
            (account_label::ACCESS_MODE, Access::Pull.as_str()),
            (account_label::NAMESPACE, namespace),
            (account_label::SERVICE_ACCOUNT, name),
        ];
        Self(labels.map(|(name, value)| (name.to_owned(), vec![value.to_owned()])).into())
    }

    /// The values of a label.
    #[must_use]
    pub fn values(&self, name: &str) -> &[String] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_chooses_what_an_account_is() {
        let own = [("origin", "static"), ("account", "admin"), ("team", "a")];
        let own = own.map(|(name, value)| (name.to_owned(), vec![value.to_owned()]));
        let labels = Labels::of_account("push.team.web.3", own.into()).unwrap();
        assert_eq!(labels.values("origin"), ["cr"]);
        assert_eq!(labels.values("account"), ["push.team.web.3"]);
        assert_eq!(labels.values("team"), ["a"]);
        assert_eq!(labels.values("other"), [""; 0]);
    }

    #[test]
    fn a_service_account_is_known_by_its_namespace_and_its_name() {
        let labels = Labels::of_service_account("team", "web");
        let expected = [
            ("origin", "serviceaccount"),
            ("account", "serviceaccount"),
            ("accessMode", "pull"),
            ("namespace", "team"),
            ("serviceaccount", "web"),
        ];
        for (name, value) in expected {
            assert_eq!(labels.values(name), [value]);
        }
    }

    #[test]
    fn labels_are_bounded() {
        let labels = |count: usize, values: usize, length: usize| {
            let names = (0..count).map(|number| format!("{number:03}"));
            Labels::new(names.map(|name| (name, vec!["x".repeat(length); values])).collect())
        };
        assert!(labels(64, 64, 255).is_ok());
        assert_eq!(labels(65, 1, 1), Err(LabelsError::Count));
        assert_eq!(labels(1, 65, 1), Err(LabelsError::Count));
        assert_eq!(labels(1, 1, 256), Err(LabelsError::Length));
    }
}
