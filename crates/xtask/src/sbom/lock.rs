//! The checksums in Cargo.lock.

use std::collections::BTreeMap;

use super::tree::Id;

/// The SHA-256 of each crate that comes from the registry.
pub(super) fn checksums(lock: &str) -> BTreeMap<Id, String> {
    let checksum = |package: &str| {
        let field = |name: &str| {
            let prefix = format!("{name} = \"");
            package.lines().find_map(|line| line.strip_prefix(&prefix)?.strip_suffix('"').map(str::to_owned))
        };
        Some(((field("name")?, field("version")?), field("checksum")?))
    };
    lock.split("[[package]]").filter_map(checksum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crates_of_the_workspace_have_none() {
        let lock = "version = 4\n\n\
                    [[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"registry\"\nchecksum = \"beef\"\n\
                    dependencies = [\n \"b\",\n]\n\n\
                    [[package]]\nname = \"b\"\nversion = \"0.2.0\"\n";
        let expected = (("a".to_owned(), "1.0.0".to_owned()), "beef".to_owned());
        assert_eq!(checksums(lock), BTreeMap::from([expected]));
    }
}
