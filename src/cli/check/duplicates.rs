//! Objects that are there twice: in two files, or in one. The second would overwrite the first.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;
use std::rc::Rc;

use policy::Rule;
use policy::manifests::Manifest;

use crate::cli::input::shown;
use crate::cli::report::Finding;

/// The objects so far, by kind, namespace and name.
#[derive(Default)]
pub(super) struct Duplicates {
    seen: HashMap<(&'static str, String, String), Seen>,
    file: Rc<str>,
}

struct Seen {
    file: Rc<str>,
    line: usize,
    /// Of the whole object.
    hash: u64,
}

/// Where an object of the same name is.
pub(super) struct First {
    pub(super) place: String,
    /// Whether it is the same in everything.
    pub(super) is_same: bool,
}

impl Duplicates {
    /// Notes an object, and finds the one that had its name before.
    pub(super) fn note(&mut self, manifest: &Manifest, file: &Path, line: usize) -> Option<First> {
        if manifest.name.is_empty() {
            return None;
        }
        let mut hasher = DefaultHasher::new();
        manifest.object.hash(&mut hasher);
        let hash = hasher.finish();
        let key = (manifest.kind, manifest.namespace.clone(), manifest.name.clone());
        if let Some(seen) = self.seen.get(&key) {
            return Some(First { place: format!("{}:{}", seen.file, seen.line), is_same: seen.hash == hash });
        }
        let file = shown(file);
        if *self.file != *file {
            self.file = file.into();
        }
        self.seen.insert(key, Seen { file: Rc::clone(&self.file), line, hash });
        None
    }
}

impl First {
    pub(super) fn finding(&self, name: &str) -> Finding {
        Finding {
            rule: Some(Rule::ObjectDuplicate),
            field: "metadata.name".to_owned(),
            reason: "FieldValueDuplicate".to_owned(),
            message: format!("Duplicate value: {name:?}: another object of this name is in {}", self.place),
            line: 0,
        }
    }
}
