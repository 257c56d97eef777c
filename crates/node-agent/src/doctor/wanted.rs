//! The value that was asked for: a values file, or a Secret that holds one.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::Path;

use api::names::container_registries::VALUES;
use jiff::Timestamp;
use policy::base64;
use policy::container_registries::{HiddenText, Registries, read as read_values};
use serde::Deserialize;

use super::error::Error;

/// The most bytes that are read: more than a Secret holds.
const SIZE_MAX: u64 = 2 << 20;

/// What of a Secret is read.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Secret {
    kind: String,
    data: BTreeMap<String, Hidden>,
    string_data: BTreeMap<String, Hidden>,
}

#[derive(Deserialize)]
#[serde(from = "String")]
struct Hidden(HiddenText);

impl From<String> for Hidden {
    fn from(text: String) -> Self {
        Self(HiddenText::new(text))
    }
}

/// Reads the value of a file.
pub(super) fn read(path: &Path, now: Timestamp) -> Result<Registries, Error> {
    let mut text = String::new();
    let read = fs::File::open(path).and_then(|file| file.take(SIZE_MAX).read_to_string(&mut text));
    let text = HiddenText::new(text);
    read.map_err(|source| Error::Read { path: path.to_owned(), source })?;
    let invalid = |problems: String| Error::Wanted { path: path.to_owned(), problems };
    let values = values(text).ok_or_else(|| {
        invalid(format!("data.{VALUES}: must be the values with containerRegistries, as base64 of YAML"))
    })?;
    let reading = read_values(values.reveal(), now);
    if reading.violations.is_empty() {
        return Ok(reading.registries);
    }
    let lines: Vec<_> = reading.violations.iter().map(ToString::to_string).collect();
    Err(invalid(lines.join("\n")))
}

/// The values: those of a Secret, or the text itself.
fn values(text: HiddenText) -> Option<HiddenText> {
    // What is no Secret is judged as values.
    let secret = process::yaml::parse::<Secret>(text.reveal()).unwrap_or_default();
    if secret.kind != "Secret" {
        return Some(text);
    }
    if let Some(values) = secret.string_data.get(VALUES) {
        return Some(values.0.clone());
    }
    let bytes = base64::decode(secret.data.get(VALUES)?.0.reveal())?;
    Some(HiddenText::new(std::str::from_utf8(&bytes).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_795_651_200, 0);
    const VALUES: &str = "containerRegistries: {quay.io: [{endpoint: quay.io}]}\n";

    fn read_text(text: &str) -> Result<Registries, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wanted.yaml");
        fs::write(&path, text).unwrap();
        let place = format!("{}", path.display());
        read(&path, NOW).map_err(|error| error.to_string().replace(&place, "wanted.yaml"))
    }

    #[test]
    fn values_and_secrets_say_the_same() {
        let expected = read_values(VALUES, NOW).registries;
        assert!(!expected.0.is_empty());
        let base64 = "Y29udGFpbmVyUmVnaXN0cmllczoge3F1YXkuaW86IFt7ZW5kcG9pbnQ6IHF1YXkuaW99XX0K";
        let secret = format!("apiVersion: v1\nkind: Secret\ndata: {{values: {base64}, other: \"\"}}\n");
        let plain = format!("kind: Secret\nstringData:\n  values: |\n    {VALUES}");
        for text in [VALUES, &secret, &plain] {
            assert_eq!(read_text(text).as_ref(), Ok(&expected), "{text}");
        }
    }

    #[test]
    fn problems_are_named_without_what_is_secret() {
        let values = "containerRegistries: {quay.io: [{endpoint: quay.io, credentials: {password: hush}}]}\n";
        let expected = "wanted.yaml is no valid value:\ncontainerRegistries[quay.io][0].credentials";
        let found = read_text(values).unwrap_err();
        assert!(found.starts_with(expected) && !found.contains("hush"), "{found}");
        let missing = "wanted.yaml is no valid value:\ndata.values: must be the values with containerRegistries, as base64 of YAML";
        for secret in [
            "kind: Secret\n",
            "kind: Secret\ndata: {values: \"?\"}\n",
            "kind: Secret\ndata: {values: gA==}\n",
        ] {
            assert_eq!(read_text(secret).unwrap_err(), missing);
        }
    }
}
