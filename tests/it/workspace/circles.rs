//! No two files of a crate use each other, not even indirectly, so each file can be read without those that use it. The
//! test reads `use` lines and paths, except those in tests.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A module with its own file, by its path from the root of its crate.
type Module = Vec<String>;

/// Which files a file uses.
type Edges = BTreeMap<Module, BTreeSet<Module>>;

#[test]
fn no_two_files_of_a_crate_use_each_other() {
    let mut circles = Vec::new();
    let mut count = 0;
    for root in roots() {
        let edges = edges(&root);
        count += edges.values().map(BTreeSet::len).sum::<usize>();
        circles
            .extend(self::circles(&edges).into_iter().map(|circle| format!("{}: {circle}", root.display())));
    }
    assert!(count > 300, "only {count} uses were read");
    assert_eq!(circles, [""; 0]);
}

#[test]
fn a_circle_is_found() {
    let module = |name: &str| vec![name.to_owned()];
    let edges = |pairs: &[(&str, &str)]| {
        let mut edges = Edges::new();
        for (from, to) in pairs {
            edges.entry(module(from)).or_default().insert(module(to));
        }
        edges
    };
    assert_eq!(circles(&edges(&[("a", "b"), ("b", "c")])), [""; 0]);
    assert_eq!(circles(&edges(&[("a", "b"), ("b", "c"), ("c", "b")])), ["b ◄─► c"]);
    assert_eq!(without_visibilities("pub(in super::a) struct B(c::D);"), "pub struct B(c::D);");
    let text = "use super::x::{Y, z::Z};\nuse crate::a;\nfn f() { super::b::g(); c::h() }\n#[cfg(test)]\nuse crate::t;";
    let found: Vec<_> = paths(text, &["c".to_owned()]).into_iter().collect();
    assert_eq!(found, ["crate::a", "self::c", "super::b::g", "super::x::Y", "super::x::z::Z"]);
}

/// The source folders of crates.
fn roots() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let crates = fs::read_dir(root.join("crates")).unwrap().map(|entry| entry.unwrap().path().join("src"));
    let mut roots: Vec<_> = crates.chain([root.join("src")]).collect();
    roots.sort();
    roots
}

fn edges(root: &Path) -> Edges {
    let mut files = BTreeMap::new();
    collect(root, &mut Vec::new(), &mut files);
    let mut edges = Edges::new();
    for (module, text) in &files {
        let children: Vec<_> = files
            .keys()
            .filter(|other| other.len() == module.len() + 1 && other.starts_with(module))
            .filter_map(|other| other.last().cloned())
            .collect();
        let used = paths(text, &children).into_iter().filter_map(|path| file_of(&path, module, &files));
        edges.insert(module.clone(), used.filter(|other| other != module).collect());
    }
    edges
}

/// All files below a folder, except tests and the roots of programs.
fn collect(folder: &Path, place: &mut Module, files: &mut BTreeMap<Module, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if ["main", "tests"].contains(&name.as_str()) {
            continue;
        }
        let is_root = name == "lib" && place.is_empty();
        if !is_root {
            place.push(name);
        }
        if path.is_dir() {
            collect(&path, place, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.insert(place.clone(), fs::read_to_string(&path).unwrap());
        }
        if !is_root {
            place.pop();
        }
    }
}

/// The paths into its own crate that a file uses, with `self::` before its children.
fn paths(text: &str, children: &[String]) -> BTreeSet<String> {
    let text = text.split("#[cfg(test)]").next().unwrap();
    let code: String =
        text.lines().map(|line| line.split("//").next().unwrap()).collect::<Vec<_>>().join("\n");
    let code = without_visibilities(&code);
    let mut found = BTreeSet::new();
    let mut rest = String::new();
    for statement in code.split_inclusive(';') {
        match statement.rfind("use ").filter(|_| statement.ends_with(';')) {
            Some(start) if is_start_of_line(statement, start) => {
                expand(statement[start + 4..].trim_end_matches(';'), "", &mut found);
                rest.push_str(&statement[..start]);
            }
            _ => rest.push_str(statement),
        }
    }
    let is_part = |char: char| char.is_alphanumeric() || "_:".contains(char);
    found.extend(rest.split(|char| !is_part(char)).filter(|word| word.contains("::")).map(str::to_owned));
    let own = found.into_iter().filter_map(|path| match path.split("::").next().unwrap() {
        "crate" | "self" | "super" => Some(path),
        first if children.iter().any(|child| child == first) => Some(format!("self::{first}")),
        _ => None,
    });
    own.collect()
}

/// `pub(in super::super)` says who may use something. It uses nothing.
fn without_visibilities(code: &str) -> String {
    let mut parts = code.split("pub(in ");
    let first = parts.next().unwrap_or_default().to_owned();
    let rest = parts.map(|part| part.split_once(')').map_or(part, |(_, rest)| rest));
    rest.fold(first, |code, part| code + "pub" + part)
}

fn is_start_of_line(text: &str, index: usize) -> bool {
    let line = text[..index].rsplit('\n').next().unwrap().trim();
    line.is_empty() || line.starts_with("pub")
}

/// The paths in a `use` tree.
fn expand(tree: &str, prefix: &str, found: &mut BTreeSet<String>) {
    let tree = tree.trim();
    let Some((path, items)) = tree.split_once('{') else {
        let name = tree.split(" as ").next().unwrap().trim();
        found.insert(format!("{prefix}{name}"));
        return;
    };
    let prefix = format!("{prefix}{}", path.trim());
    let items = items.strip_suffix('}').unwrap_or(items);
    let (mut depth, mut start) = (0, 0);
    for (index, char) in items.char_indices().chain([(items.len(), ',')]) {
        match char {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                if !items[start..index].trim().is_empty() {
                    expand(&items[start..index], &prefix, found);
                }
                start = index + 1;
            }
            _ => {}
        }
    }
}

/// The file that a path in a module leads to.
fn file_of(path: &str, from: &Module, files: &BTreeMap<Module, String>) -> Option<Module> {
    let mut place = from.clone();
    for segment in path.split("::") {
        match segment {
            "crate" => place.clear(),
            "self" => {}
            "super" => drop(place.pop()),
            name => {
                place.push(name.to_owned());
                if !files.contains_key(&place) {
                    place.pop();
                    break;
                }
            }
        }
    }
    files.contains_key(&place).then_some(place)
}

/// Files that use each other, directly or indirectly, as text.
fn circles(edges: &Edges) -> Vec<String> {
    let reach = |from: &Module| {
        let mut seen = BTreeSet::new();
        let mut next: Vec<_> = edges.get(from).into_iter().flatten().collect();
        while let Some(module) = next.pop() {
            if seen.insert(module.clone()) {
                next.extend(edges.get(module).into_iter().flatten());
            }
        }
        seen
    };
    let reached: BTreeMap<_, _> = edges.keys().map(|module| (module, reach(module))).collect();
    let mut circles = BTreeSet::new();
    for (module, others) in &reached {
        if others.contains(*module) {
            let circle =
                others.iter().filter(|other| reached.get(other).is_some_and(|of| of.contains(*module)));
            let names: Vec<_> = circle.map(|other| other.join("::")).collect();
            circles.insert(names.join(" ◄─► "));
        }
    }
    circles.into_iter().collect()
}
