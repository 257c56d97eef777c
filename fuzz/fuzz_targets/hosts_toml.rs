//! Any `hosts.toml`: the doctor and the importer read it, and what they say holds no credential of it. What is imported is
//! rendered as the doctor wants it.
#![no_main]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use decide::nodes::doctor::{Entry, FOLDER, File, Input, Tree, examine};
use decide::nodes::files::Files;
use decide::nodes::import;
use decide::nodes::render::hosts;
use decide::nodes::version::Version;
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use policy::container_registries::{HiddenText, Registries};

const NOW: Timestamp = Timestamp::constant(1_795_651_200, 0);
const VERSIONS: [Version; 4] =
    [Version::new(1, 6, 20), Version::new(1, 7, 35), Version::new(2, 0, 0), Version::new(2, 4, 2)];
const PASSWORD: &str = "S3CR3T";
/// The same in base64, behind `me:`.
const ENCODED: &str = "UzNDUjNU";

fuzz_target!(|input: &str| {
    let mut parts = input.split('\u{0}');
    let mut part = || parts.next().unwrap_or_default();
    let (folder, before, header, after) = (part(), part(), part(), part());
    if folder.is_empty() || folder.contains('/') {
        return;
    }
    check(folder, before, false);
    // A text that goes on over lines would make a part of a name of what follows.
    let is_open = [before, header].iter().any(|text| text.contains("\"\"\"") || text.contains("'''"));
    if !is_open && !input.contains(PASSWORD) {
        let login = BASE64.encode(format!("me:{PASSWORD}{header}"));
        for value in [format!("Basic {login}"), format!("Bearer {PASSWORD}"), format!("{PASSWORD}{header}")] {
            let value = toml_edit::Value::from(value).to_string();
            let table = format!("[host.\"https://a.example.com\".header]\nAuthorization = [{value}]\n");
            check(folder, &format!("{before}\n{table}{after}"), true);
            // A password that nobody quotes, and a file that ends within it.
            check(folder, &format!("{before}\n{}{after}", table.replace('"', "")), true);
            check(folder, &format!("{before}\n{}", table.trim_end_matches(['\n', ']', '"', '\''])), true);
        }
    }
});

/// The doctor and the importer read a file. If it has credentials, they do not show them.
fn check(folder: &str, text: &str, has_credentials: bool) {
    let path = format!("{folder}/hosts.toml");
    let files = Files([(path, HiddenText::new(text))].into());
    let imported = import::hosts::import(&files);
    let mut said: Vec<_> = imported.left_out.iter().chain(&imported.errors).cloned().collect();
    for version in VERSIONS {
        said.extend(findings(&files, version, None));
    }
    if has_credentials {
        for text in said {
            assert!(!text.contains(PASSWORD) && !text.contains(ENCODED), "{text}");
        }
    }
    if imported.errors.is_empty() {
        rendered_again(&imported.registries);
    }
}

/// What is rendered is read again, and the doctor finds that it is what was asked for.
fn rendered_again(registries: &Registries) {
    for version in VERSIONS {
        let options = hosts::Options { version, ..hosts::Options::default() };
        let rendered = hosts::render(registries, options);
        let again = import::hosts::import(&rendered.files);
        assert_eq!((&again.errors, &again.left_out), (&Vec::new(), &Vec::new()));
        // 1.6 needs a table for a server that is also asked last: an endpoint is there twice then.
        if rendered.losses.is_empty() && version.reads_files_without_hosts() {
            assert_eq!(&again.registries, registries);
        }
        let findings = findings(&rendered.files, version, Some(registries));
        let problem = |text: &&String| {
            ["asked for", "ignores the file", "is missing"].iter().any(|words| text.contains(words))
        };
        assert_eq!(findings.iter().find(problem), None);
    }
}

fn findings(files: &Files, version: Version, wanted: Option<&Registries>) -> Vec<String> {
    let mut tree = Tree::default();
    tree.add_root(FOLDER);
    let root = format!("{FOLDER}/certs.d");
    tree.add(root.as_str(), Entry::Folder);
    for (path, text) in &files.0 {
        if let Some((folder, _)) = path.rsplit_once('/') {
            tree.add(format!("{root}/{folder}"), Entry::Folder);
        }
        tree.add(
            format!("{root}/{path}"),
            Entry::File(File { text: text.clone(), mode: 0o644, changed: None }),
        );
    }
    let input = Input { tree: &tree, version, wanted, now: NOW, started: None, probes: &[] };
    examine(&input).into_iter().map(|finding| format!("{} {}", finding.problem, finding.remedy)).collect()
}
