//! The tests that documents name exist: in the invariants of ARCHITECTURE.md and in the tables of docs/threat-model.md.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The crate of these tests.
const THESE: &str = "it";

/// Modules and functions as `module::function`, by crate; `src` is the webhook.
struct Sources(BTreeMap<String, Vec<String>>);

#[test]
fn every_test_that_a_document_names_is_there() {
    let sources = Sources::read();
    for (document, from, at_least) in
        [("ARCHITECTURE.md", "| what always holds |", 60), ("docs/threat-model.md", "| # | threat |", 60)]
    {
        let text = fs::read_to_string(root().join(document)).unwrap();
        let tables = &text[text.find(from).unwrap_or_else(|| panic!("{document} has no {from}"))..];
        let (mut count, mut missing) = (0, Vec::new());
        for row in tables.lines().filter(|line| line.starts_with('|')) {
            let cell = row.trim_end_matches('|').rsplit('|').next().unwrap();
            // The crate of the previous reference. It is also that of a reference without a crate.
            let mut of = THESE.to_owned();
            for reference in cell.split('`').skip(1).step_by(2) {
                count += 1;
                if !sources.have(reference, &mut of) {
                    missing.push(reference);
                }
            }
        }
        assert_eq!(missing, [""; 0], "in {document}");
        assert!(count >= at_least, "{document} names only {count}");
    }
}

#[test]
fn a_reference_to_nothing_is_found() {
    let sources = Sources::read();
    let have = |reference: &str| sources.have(reference, &mut THESE.to_owned());
    for (right, wrong) in [
        ("workspace/documents.rs", "workspace/document.rs"),
        ("workspace::documents::a_reference_…", "workspace::documents::no_reference_…"),
        (
            "workspace::documents::a_reference_to_nothing_is_found",
            "workspace::documents::a_reference_to_nothing",
        ),
        ("decide: function::tests", "decide: functions::tests"),
        ("policy: tests/quantity.rs", "policy: tests/quantities.rs"),
        ("make bench-hostile", "make bench-friendly"),
        ("docker_config", "docker_configs"),
    ] {
        assert!(have(right), "{right}");
        assert!(!have(wrong), "{wrong}");
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

impl Sources {
    fn read() -> Self {
        let mut sources = BTreeMap::new();
        let mut add = |name: &str, folder: &Path| {
            collect(folder, "", sources.entry(name.to_owned()).or_insert_with(Vec::new));
        };
        add(THESE, &root().join("tests/it"));
        add("src", &root().join("src"));
        for folder in fs::read_dir(root().join("crates")).unwrap() {
            let folder = folder.unwrap().path();
            add(folder.file_name().unwrap().to_str().unwrap(), &folder.join("src"));
        }
        Self(sources)
    }

    /// Whether the target of a reference exists: `folder/file.rs`, `folder::file::start_of_a_test_…`, both optionally
    /// after `crate: `, a fuzz target, or `make target`. A reference that names no test is accepted.
    fn have(&self, reference: &str, of: &mut String) -> bool {
        if let Some(target) = reference.strip_prefix("make ") {
            let makefile = fs::read_to_string(root().join("Makefile")).unwrap();
            return makefile.lines().any(|line| line.starts_with(&format!("{target}:")));
        }
        let path = match reference.split_once(": ") {
            Some((name, path)) if self.0.contains_key(name) => {
                name.clone_into(of);
                path
            }
            _ => reference,
        };
        if !path.chars().all(|char| char.is_ascii_alphanumeric() || "_:…/.-".contains(char)) {
            return true;
        }
        if is_file(path) {
            let folder = if path == reference { "tests/it".to_owned() } else { format!("crates/{of}") };
            return root().join(folder).join(path).exists();
        }
        if path == reference && !path.contains("::") {
            return root().join(format!("fuzz/fuzz_targets/{path}.rs")).exists();
        }
        let is_theirs =
            path.split("::").next().is_some_and(|first| root().join("tests/it").join(first).is_dir());
        if path == reference && is_theirs {
            THESE.clone_into(of);
        }
        let stem = path.trim_start_matches("…::");
        let known = self.0.get(of.as_str()).into_iter().flatten();
        known.flat_map(|known| ends(known)).any(|known| match stem.strip_suffix('…') {
            Some(start) => known.starts_with(start),
            None => known.strip_prefix(stem).is_some_and(|rest| rest.is_empty() || rest.starts_with("::")),
        })
    }
}

fn is_file(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|extension| extension == "rs")
}

/// The suffixes of a path, each without some of its first segments.
fn ends(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices("::").map(|(index, _)| &path[index + 2..]).chain([path])
}

/// The functions in all files below a folder, with their paths.
fn collect(folder: &Path, module: &str, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let mut place = format!("{module}{}::", path.file_stem().unwrap().to_str().unwrap());
        if path.is_dir() {
            collect(&path, &place, found);
        }
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        for line in fs::read_to_string(&path).unwrap().lines() {
            if line.starts_with("mod tests {") {
                place.push_str("tests::");
            }
            let Some((before, rest)) = line.split_once("fn ") else { continue };
            if before
                .trim_start()
                .split(' ')
                .all(|word| word.starts_with("pub") || ["", "async", "const"].contains(&word))
            {
                let name = rest.split(|char: char| !char.is_alphanumeric() && char != '_').next().unwrap();
                found.push(format!("{place}{name}"));
            }
        }
    }
}
