//! Links in documents lead to existing files and headings, and so do the paths in documents and sources. The README
//! fits on one page.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use testenv::root;

/// The folders with documents.
const FOLDERS: [&str; 5] = ["", "docs", "fixtures", "manifests/chart", "runtimes"];
/// The folders whose files mention documents.
const SOURCES: [&str; 8] =
    [".ci", "crates", "manifests", "runtimes", "scripts", "src", "tests", "fuzz/fuzz_targets"];
/// The folders that occur in commands in documents.
const NAMED: [&str; 4] = ["docs/", "fixtures/", "manifests/", "runtimes/"];

#[test]
fn every_link_leads_somewhere() {
    let documents = documents();
    let mut broken = Vec::new();
    let mut count = 0;
    for (path, text) in &documents {
        for target in links(text) {
            count += 1;
            if !leads_somewhere(path, target, &documents) {
                broken.push(format!("{}: {target}", path.display()));
            }
        }
    }
    assert_eq!(broken, [""; 0]);
    assert!(count > 100, "only {count} links were read");
}

#[test]
fn every_document_and_path_that_is_named_is_there() {
    let documents = documents();
    let mut wrong = Vec::new();
    let mut look = |place: &Path, text: &str, folders: &[&str]| {
        for name in folders.iter().flat_map(|folder| names(text, folder)) {
            let (file, anchor) = name.split_once('#').unwrap_or((name, ""));
            let is_there = root().join(file).exists();
            let document = documents.get(Path::new(file));
            if !is_there || document.is_some_and(|text| !anchor.is_empty() && !anchors(text).contains(anchor))
            {
                wrong.push(format!("{}: {name}", place.display()));
            }
        }
    };
    for (path, text) in &documents {
        // The changelog mentions former files, and the map of the code mentions files of a future kind.
        if !["CHANGELOG.md", "ARCHITECTURE.md"].map(Path::new).contains(&path.as_path()) {
            look(path, text, &NAMED);
        }
    }
    for folder in SOURCES {
        each_file(&root().join(folder), &mut |path, text| look(path, text, &["docs/"]));
    }
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn the_readme_fits_on_one_page() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    assert!(readme.lines().count() <= 120, "{} lines", readme.lines().count());
}

#[test]
fn a_link_that_leads_nowhere_is_found() {
    let text = "# A b\n[x](y.md#c) `[not](a link)`\n```\n# no heading\n[nor](this)\n```\n## Flags of `run`: [all](z.md)\n";
    assert_eq!(links(text).collect::<Vec<_>>(), ["y.md#c", "z.md"]);
    assert_eq!(anchors(text), BTreeSet::from(["a-b", "flags-of-run-all"].map(str::to_owned)));
    let documents = BTreeMap::from([(PathBuf::from("guide/a.md"), text.to_owned())]);
    let leads = |target: &str| leads_somewhere(Path::new("guide/a.md"), target, &documents);
    for (right, wrong) in
        [("#a-b", "#a-c"), ("../README.md", "README.md"), ("a.md#a-b", "b.md#a-b"), ("https://x", "../x")]
    {
        assert!(leads(right), "{right}");
        assert!(!leads(wrong), "{wrong}");
    }
    assert_eq!(
        names("see guide/a.md#b, xguide/c, `guide/…` and guide/NAME", "guide/").collect::<Vec<_>>(),
        ["guide/a.md#b"]
    );
}

/// All documents, by their paths from the root.
fn documents() -> BTreeMap<PathBuf, String> {
    let mut documents = BTreeMap::new();
    for folder in FOLDERS {
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let name = entry.unwrap().file_name();
            let path = Path::new(folder).join(&name);
            if path.extension().is_some_and(|extension| extension == "md") {
                documents.insert(path.clone(), fs::read_to_string(root().join(path)).unwrap());
            }
        }
    }
    documents
}

/// The lines outside of code blocks.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut is_code = false;
    text.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    })
}

/// The targets of links.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let outside_of_code = prose(text).flat_map(|line| line.split('`').step_by(2));
    outside_of_code.flat_map(|text| {
        text.match_indices("](").filter_map(move |(index, _)| text.get(index + 2..)?.split(')').next())
    })
}

fn leads_somewhere(from: &Path, target: &str, documents: &BTreeMap<PathBuf, String>) -> bool {
    if target.starts_with("https://") {
        return true;
    }
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let path = match file {
        "" => from.to_owned(),
        file => normal(&from.parent().unwrap_or(Path::new("")).join(file)),
    };
    match documents.get(&path) {
        Some(text) => anchor.is_empty() || anchors(text).contains(anchor),
        None => anchor.is_empty() && root().join(path).exists(),
    }
}

/// A path without `..`.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path {
        if part == ".." {
            normal.pop();
        } else {
            normal.push(part);
        }
    }
    normal
}

/// The anchors of headings, as GitHub and others create them.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = prose(text).filter_map(|line| {
        let title = line.trim_start_matches('#');
        (title.len() < line.len() && title.starts_with(' ')).then(|| title.trim())
    });
    headings.map(anchor).collect()
}

fn anchor(title: &str) -> String {
    // Only the text of a link is shown.
    let mut shown = title.to_owned();
    while let Some((start, end)) =
        shown.find("](").and_then(|start| Some((start, start + shown.get(start..)?.find(')')?)))
    {
        shown.replace_range(start..=end, "");
    }
    let kept = shown.chars().filter(|char| char.is_alphanumeric() || " -_".contains(*char));
    kept.map(|char| if char == ' ' { '-' } else { char.to_ascii_lowercase() }).collect()
}

/// The paths below a folder that a text mentions, except those with a placeholder.
fn names<'a>(text: &'a str, folder: &'a str) -> impl Iterator<Item = &'a str> {
    let is_of_path = |char: char| char.is_ascii_alphanumeric() || "-_./#".contains(char);
    text.match_indices(folder).filter_map(move |(index, _)| {
        if text.get(..index)?.ends_with(is_of_path) {
            return None;
        }
        let rest = text.get(index..)?;
        let end = rest.find(|char: char| !is_of_path(char)).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let name = name.trim_end_matches(['.', '/', '#']);
        let is_pattern = after.starts_with(['…', '*', '<', '{', '$'])
            || name.chars().any(|char| char.is_ascii_uppercase());
        (!is_pattern && name.len() > folder.len()).then_some(name)
    })
}

/// Visits the texts below a folder.
fn each_file(folder: &Path, visit: &mut impl FnMut(&Path, &str)) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            each_file(&path, visit);
        } else if let Ok(text) = fs::read_to_string(&path) {
            visit(&path, &text);
        }
    }
}
