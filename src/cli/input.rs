//! The input of `replay` and `check`: files, folders and the standard input, cut into documents.

use std::fmt::Display;
use std::path::{Path, PathBuf};

use process::manifests::{self, Document};

use super::report::Unreadable;

/// All files of the paths: folders with all that is in them, in order.
pub(super) fn files(
    paths: &[PathBuf],
    wanted: fn(&Path) -> bool,
    unreadable: &mut Vec<Unreadable>,
) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            collect(path, wanted, &mut files, unreadable);
        } else {
            files.push(path.clone());
        }
    }
    files
}

fn collect(
    folder: &Path,
    wanted: fn(&Path) -> bool,
    files: &mut Vec<PathBuf>,
    unreadable: &mut Vec<Unreadable>,
) {
    let entries = std::fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let mut paths: Vec<_> = match entries {
        Ok(entries) => entries.into_iter().map(|entry| entry.path()).collect(),
        Err(error) => {
            return unreadable.push(Unreadable { file: shown(folder), line: 1, problem: error.to_string() });
        }
    };
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(&path, wanted, files, unreadable);
        } else if wanted(&path) {
            files.push(path);
        }
    }
}

/// The documents of a file. What is read before something that cannot be read still counts.
pub(super) fn documents(file: &Path, unreadable: &mut Vec<Unreadable>) -> Vec<Document> {
    let mut unreadable_at = |line: usize, problem: &dyn Display| {
        unreadable.push(Unreadable { file: shown(file), line, problem: problem.to_string() });
    };
    let text = match manifests::read(file) {
        Ok(text) => text,
        Err(error) => {
            unreadable_at(1, &error);
            return Vec::new();
        }
    };
    let mut documents = Vec::new();
    for document in manifests::documents(&text) {
        match document {
            Ok(document) => documents.push(document),
            Err(error) => unreadable_at(error.line, &error),
        }
    }
    documents
}

/// The name of a file as people see it.
pub(super) fn shown(file: &Path) -> String {
    file.display().to_string()
}
