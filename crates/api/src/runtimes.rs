//! The runtimes of a fresh installation: the one place for their names, their languages, the images that they build upon, and
//! what is said of old ones. Others are added by a `ConfigMap` alone; see [`crate::names::runtime_label`].

use serde::{Deserialize, Serialize};

/// The language of a runtime, which decides what its files and its dependencies look like.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Dependencies are a package.json.
    Nodejs,
    /// Dependencies are a requirements.txt.
    Python,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Nodejs, Self::Python];

    /// Its name, in configurations and annotations.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nodejs => "nodejs",
            Self::Python => "python",
        }
    }

    /// The files of the server of the language, beside the Dockerfile in the `ConfigMaps` of the installation, in order.
    #[must_use]
    pub const fn server_files(self) -> &'static [&'static str] {
        match self {
            Self::Nodejs => &["package-lock.json", "package.json", "server.js"],
            Self::Python => &["requirements.txt", "server.py"],
        }
    }

    /// The language of a name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.as_str() == name)
    }
}

/// A runtime of a fresh installation.
#[derive(Clone, Copy, Debug)]
pub struct Shipped {
    /// Its name.
    pub name: &'static str,
    /// Its language.
    pub language: Language,
    /// The image that it builds upon.
    pub base_image: &'static str,
    /// Why it should not be used any more, and the runtime to use, if so.
    pub deprecated: Option<(&'static str, &'static str)>,
}

/// All of them, by name.
#[rustfmt::skip]
pub const SHIPPED: [Shipped; 7] = [
    Shipped { name: "nodejs10", language: Language::Nodejs, base_image: "docker.io/library/node:10-slim",
        deprecated: Some(("Node.js 10 has had no security fixes since 2021-04-30", "nodejs22")) },
    Shipped { name: "nodejs12", language: Language::Nodejs, base_image: "docker.io/library/node:12-slim",
        deprecated: Some(("Node.js 12 has had no security fixes since 2022-04-30", "nodejs22")) },
    Shipped { name: "nodejs22", language: Language::Nodejs, base_image: "docker.io/library/node:22-slim", deprecated: None },
    Shipped { name: "nodejs24", language: Language::Nodejs, base_image: "docker.io/library/node:24-slim", deprecated: None },
    Shipped { name: "python312", language: Language::Python, base_image: "docker.io/library/python:3.12-slim", deprecated: None },
    Shipped { name: "python313", language: Language::Python, base_image: "docker.io/library/python:3.13-slim", deprecated: None },
    Shipped { name: "python38", language: Language::Python, base_image: "docker.io/library/python:3.8-slim",
        deprecated: Some(("Python 3.8 has had no security fixes since 2024-10-07", "python313")) },
];

/// The shipped runtime of a name.
#[must_use]
pub fn shipped(name: &str) -> Option<&'static Shipped> {
    SHIPPED.iter().find(|shipped| shipped.name == name)
}

/// The name of the `ConfigMap` of a runtime in a fresh installation: `dockerfile-nodejs-12` of `nodejs12`.
#[must_use]
pub fn config_map(runtime: &str) -> String {
    let (language, version) =
        runtime.split_at(runtime.find(|c: char| c.is_ascii_digit()).unwrap_or(runtime.len()));
    if version.is_empty() {
        format!("dockerfile-{language}")
    } else {
        format!("dockerfile-{language}-{version}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_have_one_name_everywhere() {
        for language in Language::ALL {
            assert_eq!(Language::parse(language.as_str()), Some(language));
            assert_eq!(serde_json::to_value(language).ok(), Some(language.as_str().into()));
        }
        assert_eq!(Language::parse("go"), None);
    }

    #[test]
    fn a_successor_is_a_runtime_of_the_language_that_is_not_deprecated() {
        for old in SHIPPED {
            let Some((_, name)) = old.deprecated else { continue };
            let successor = shipped(name).filter(|new| new.language == old.language);
            assert!(successor.is_some_and(|new| new.deprecated.is_none()), "{}", old.name);
        }
    }

    #[test]
    fn config_maps_are_named_after_language_and_version() {
        let names = ["nodejs12", "python312", "node", "a1b2"].map(config_map);
        assert_eq!(
            names,
            ["dockerfile-nodejs-12", "dockerfile-python-312", "dockerfile-node", "dockerfile-a-1b2"]
        );
    }
}
