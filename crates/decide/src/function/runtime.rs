//! The runtime of a Function, as the ConfigMaps of its namespace have it: a hash of what a build takes of one, and the names of
//! its files. Its texts are not kept.

use api::Language;
use api::names::runtime_label::{DOCKERFILE, LANGUAGE, RUNTIME};
use k8s_openapi::api::core::v1::ConfigMap;

use crate::hash;

/// The most files beside the Dockerfile: each is a mount of every build Job, and its name is kept.
pub(super) const MAX_FILES: usize = 32;
/// The longest name of such a file, in bytes.
pub(super) const MAX_FILE_NAME: usize = 64;

/// The runtime as the cluster has it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RuntimeImage {
    /// The ConfigMap with its Dockerfile and its files.
    pub config_map: String,
    /// The hash of all that a build takes of the ConfigMap.
    pub hash: String,
    /// The names of its files, beside the Dockerfile.
    pub files: Vec<String>,
}

/// Why there is no runtime.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum RuntimeProblem {
    /// No ConfigMap is labelled with it.
    Missing,
    /// More than one is.
    Several(Vec<String>),
    /// The one that is holds no Dockerfile.
    NoDockerfile(String),
    /// The ConfigMap has more files than a build takes.
    TooManyFiles {
        /// The ConfigMap.
        config_map: String,
        /// How many it has.
        files: usize,
    },
    /// A key of the ConfigMap is too long, or is not a file name.
    BadFileName(String),
}

/// The `ConfigMap` of a runtime.
#[derive(Debug)]
pub struct RuntimeMap {
    /// The runtime.
    pub runtime: String,
    /// The language that it says it has.
    pub language: Option<Language>,
    /// What a build takes of it, of which decisions need no more.
    content: Result<RuntimeContent, RuntimeFault>,
}

/// What a build takes of a `ConfigMap`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
struct RuntimeContent {
    /// The hash of the Dockerfile and of all files.
    hash: String,
    /// The names of the files beside the Dockerfile, in order.
    files: Vec<String>,
}

/// Why nothing can be built with a `ConfigMap`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum RuntimeFault {
    /// It has no Dockerfile, or a blank one.
    NoDockerfile,
    /// It has more than [`MAX_FILES`].
    TooManyFiles(usize),
    /// A key is longer than [`MAX_FILE_NAME`], or is not a file name.
    BadFileName,
}

impl RuntimeMap {
    /// `None` of a ConfigMap without the label of a runtime.
    #[must_use]
    pub fn of(map: &ConfigMap) -> Option<Self> {
        let annotation = map.metadata.annotations.as_ref().and_then(|annotations| annotations.get(LANGUAGE));
        Some(Self {
            runtime: map.metadata.labels.as_ref()?.get(RUNTIME)?.clone(),
            language: annotation.and_then(|language| Language::parse(language)),
            content: RuntimeContent::of(map),
        })
    }
}

impl RuntimeContent {
    fn of(map: &ConfigMap) -> Result<Self, RuntimeFault> {
        let dockerfile = map.data.as_ref().and_then(|data| data.get(DOCKERFILE));
        let dockerfile =
            dockerfile.filter(|text| !text.trim().is_empty()).ok_or(RuntimeFault::NoDockerfile)?;
        let texts = map.data.iter().flatten().map(|(name, text)| (name, text.as_bytes()));
        let binaries = map.binary_data.iter().flatten().map(|(name, bytes)| (name, bytes.0.as_slice()));
        let mut files: Vec<_> = texts.chain(binaries).filter(|(name, _)| *name != DOCKERFILE).collect();
        files.sort_unstable();
        if files.len() > MAX_FILES {
            return Err(RuntimeFault::TooManyFiles(files.len()));
        }
        if !files.iter().all(|(name, _)| is_file_name(name)) {
            return Err(RuntimeFault::BadFileName);
        }
        // With a Dockerfile alone this is the hash of its text, as before there were files: such images are not rebuilt.
        let mut parts = vec![dockerfile.as_bytes()];
        parts.extend(files.iter().flat_map(|(name, content)| [name.as_bytes(), content]));
        Ok(Self {
            hash: hash::of_parts(&parts),
            files: files.iter().map(|(name, _)| (*name).clone()).collect(),
        })
    }
}

/// Whether a key is the name of one file in a folder. The API server allows no other keys, but a path is made of it.
fn is_file_name(key: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    (1..=MAX_FILE_NAME).contains(&key.len())
        && key.bytes().all(is_plain)
        && key != "."
        && !key.starts_with("..")
}

/// The runtime of a name among the ConfigMaps of a namespace, each with its name.
///
/// # Errors
/// If there is not exactly one, with what a build needs.
pub fn runtime_image<'a>(
    maps: impl Iterator<Item = (&'a str, &'a RuntimeMap)>,
    runtime: &str,
) -> Result<RuntimeImage, RuntimeProblem> {
    let fitting: Vec<_> = maps.filter(|(_, map)| map.runtime == runtime).collect();
    let (config_map, map) = match fitting.as_slice() {
        [] => return Err(RuntimeProblem::Missing),
        [(name, map)] => ((*name).to_owned(), map),
        several => {
            return Err(RuntimeProblem::Several(
                several.iter().map(|(name, _)| (*name).to_owned()).collect(),
            ));
        }
    };
    match &map.content {
        Ok(RuntimeContent { hash, files }) => {
            Ok(RuntimeImage { config_map, hash: hash.clone(), files: files.clone() })
        }
        Err(RuntimeFault::NoDockerfile) => Err(RuntimeProblem::NoDockerfile(config_map)),
        Err(RuntimeFault::TooManyFiles(files)) => {
            Err(RuntimeProblem::TooManyFiles { config_map, files: *files })
        }
        Err(RuntimeFault::BadFileName) => Err(RuntimeProblem::BadFileName(config_map)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;

    fn content(data: &Value) -> Result<RuntimeContent, RuntimeFault> {
        with_binary(data, &json!({}))
    }

    /// `binary` is in base64.
    fn with_binary(data: &Value, binary: &Value) -> Result<RuntimeContent, RuntimeFault> {
        let labels = json!({RUNTIME: "nodejs12"});
        let map =
            json!({"metadata": {"namespace": "n", "labels": labels}, "data": data, "binaryData": binary});
        RuntimeMap::of(&serde_json::from_value(map).unwrap()).unwrap().content
    }

    fn hash_of(data: &Value) -> String {
        content(data).unwrap().hash
    }

    #[test]
    fn a_dockerfile_alone_has_the_hash_of_its_text() {
        let expected = RuntimeContent { hash: hash::of_parts(&["FROM node:12"]), files: Vec::new() };
        assert_eq!(content(&json!({"Dockerfile": "FROM node:12"})), Ok(expected));
        // As it was when nothing else was looked at: another hash would rebuild the images of everybody's runtimes.
        let recorded = "9207c123d76964df67f6075ea47ccebe94d8ec20e0862eed4344ce712eaa3209";
        assert_eq!(hash_of(&json!({"Dockerfile": "FROM node:12"})), recorded);
    }

    #[test]
    fn every_file_is_a_part_of_the_hash_by_name_and_content() {
        let hashes = [
            hash_of(&json!({"Dockerfile": "FROM x"})),
            hash_of(&json!({"Dockerfile": "FROM x", "a": "1"})),
            hash_of(&json!({"Dockerfile": "FROM x", "a": "2"})),
            hash_of(&json!({"Dockerfile": "FROM x", "b": "1"})),
            hash_of(&json!({"Dockerfile": "FROM x", "a": ""})),
            hash_of(&json!({"Dockerfile": "FROM x", "a": "1", "b": "2"})),
            hash_of(&json!({"Dockerfile": "FROM x", "a": "1b2"})),
            hash_of(&json!({"Dockerfile": "FROM y", "a": "1"})),
        ];
        for (index, one) in hashes.iter().enumerate() {
            assert!(hashes.iter().skip(index + 1).all(|other| other != one), "{index}");
        }
    }

    #[test]
    fn binary_files_are_files_like_any_other() {
        let text = content(&json!({"Dockerfile": "FROM x", "a": "1", "c": "3"})).unwrap();
        let binary = with_binary(&json!({"Dockerfile": "FROM x", "c": "3"}), &json!({"a": "MQ=="})).unwrap();
        assert_eq!(binary, text);
        assert_eq!(binary.files, ["a", "c"]);
        let only = with_binary(&json!({"a": "1"}), &json!({"Dockerfile": "RlJPTSB4"}));
        assert_eq!(only, Err(RuntimeFault::NoDockerfile));
    }

    #[test]
    fn a_dockerfile_that_is_missing_or_blank_is_none() {
        for data in [json!({}), json!({"dockerfile": "FROM x"}), json!({"Dockerfile": " \n", "a": "1"})] {
            assert_eq!(content(&data), Err(RuntimeFault::NoDockerfile), "{data}");
        }
    }

    #[test]
    fn the_number_of_files_is_bounded() {
        let with = |number: usize| {
            let mut data = json!({"Dockerfile": "FROM x"});
            data.as_object_mut().unwrap().extend((0..number).map(|index| (format!("f{index}"), "".into())));
            content(&data).map(|content| content.files.len())
        };
        assert_eq!(with(MAX_FILES), Ok(MAX_FILES));
        assert_eq!(with(MAX_FILES + 1), Err(RuntimeFault::TooManyFiles(MAX_FILES + 1)));
    }

    #[rstest]
    #[case("server.js", true)]
    #[case("src", true)]
    #[case("dockerfile", true)]
    #[case(".dockerignore", true)]
    #[case("-_.A0", true)]
    #[case("a..b", true)]
    #[case(".", false)]
    #[case("..", false)]
    #[case("..data", false)]
    #[case("../src", false)]
    #[case("a/b", false)]
    #[case("a b", false)]
    #[case("ä", false)]
    #[case("", false)]
    #[case(&"x".repeat(64), true)]
    #[case(&"x".repeat(65), false)]
    fn names_of_files_are_plain_and_bounded(#[case] name: &str, #[case] is_one: bool) {
        let found = content(&json!({"Dockerfile": "FROM x", name: ""})).map(|content| content.files);
        let expected = if is_one { Ok(vec![name.to_owned()]) } else { Err(RuntimeFault::BadFileName) };
        assert_eq!(found, expected);
    }
}
