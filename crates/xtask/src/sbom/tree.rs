//! Reads what `cargo tree` prints: a line for each edge, with its depth.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;

/// The form of a line, after its depth. Cargo may append [`SHOWN`].
pub(super) const FORMAT: &str = "\t{p}\t{l}";

/// At the end of a line whose dependencies are shown elsewhere.
const SHOWN: &str = " (*)";

/// A crate, and what it uses.
#[derive(Debug, Default, Eq, PartialEq)]
pub(super) struct Crate {
    /// As its author wrote it; empty if there is none.
    pub(super) license: String,
    pub(super) uses: BTreeSet<Id>,
}

/// Name and version. Two versions of a crate are two crates.
pub(super) type Id = (String, String);

/// All crates of a binary.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Tree {
    pub(super) root: Id,
    /// The root, too.
    pub(super) crates: BTreeMap<Id, Crate>,
}

/// Reads a tree.
pub(super) fn parse(text: &str) -> anyhow::Result<Tree> {
    let mut crates = BTreeMap::<Id, Crate>::new();
    // The crates from the root to the last line.
    let mut path = Vec::<Id>::new();
    for line in text.lines() {
        let (depth, id, license) = read(line).with_context(|| format!("a line of cargo tree: {line}"))?;
        path.truncate(depth);
        if let Some(user) = path.last().and_then(|user| crates.get_mut(user)) {
            user.uses.insert(id.clone());
        }
        license.clone_into(&mut crates.entry(id.clone()).or_default().license);
        path.push(id);
    }
    Ok(Tree { root: path.into_iter().next().context("cargo tree shows nothing")?, crates })
}

fn read(line: &str) -> Option<(usize, Id, &str)> {
    let mut parts = line.strip_suffix(SHOWN).unwrap_or(line).split('\t');
    let (depth, package, license) = (parts.next()?, parts.next()?, parts.next()?);
    // `name v1.2.3 (folder)`
    let mut words = package.split(' ');
    let (name, version) = (words.next()?, words.next()?.strip_prefix('v')?);
    Some((depth.parse().ok()?, (name.to_owned(), version.to_owned()), license))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: &str, version: &str) -> Id {
        (name.to_owned(), version.to_owned())
    }

    #[test]
    fn edges_follow_from_depths() {
        let text = "0\tapp v0.2.0 (/home/me/app v2)\tApache-2.0\n\
                    1\tb v1.0.0\tMIT OR Apache-2.0\n\
                    2\tc v1.0.0-rc.1+a\tMIT/Apache-2.0\n\
                    1\tc v2.0.0\t\n\
                    2\tb v1.0.0\tMIT OR Apache-2.0 (*)\n";
        let krate = |license: &str, uses: &[Id]| Crate {
            license: license.into(),
            uses: uses.iter().cloned().collect(),
        };
        let (app, b) = (id("app", "0.2.0"), id("b", "1.0.0"));
        let (old, new) = (id("c", "1.0.0-rc.1+a"), id("c", "2.0.0"));
        let crates = BTreeMap::from([
            (app.clone(), krate("Apache-2.0", &[b.clone(), new.clone()])),
            (b.clone(), krate("MIT OR Apache-2.0", std::slice::from_ref(&old))),
            (old, krate("MIT/Apache-2.0", &[])),
            (new, krate("", &[b])),
        ]);
        assert_eq!(parse(text).unwrap(), Tree { root: app, crates });
    }

    #[test]
    fn what_is_no_line_of_a_tree_is_named() {
        assert_eq!(parse("").unwrap_err().to_string(), "cargo tree shows nothing");
        for line in ["a v1.0.0", "x\ta v1.0.0\tMIT", "0\ta 1.0.0\tMIT", "0\ta v1.0.0"] {
            assert_eq!(parse(line).unwrap_err().to_string(), format!("a line of cargo tree: {line}"));
        }
    }
}
