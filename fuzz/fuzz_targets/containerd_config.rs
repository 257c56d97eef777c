//! Any `config.toml` of containerd, with a file that it imports: the doctor and the importer read it, and what they say holds
//! no credential of it.
#![no_main]

use decide::nodes::doctor::{Entry, FOLDER, File, Input, Tree, examine, targets, uncovered};
use decide::nodes::files::Files;
use decide::nodes::import;
use decide::nodes::render::containerd_config;
use decide::nodes::version::Version;
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use policy::container_registries::HiddenText;

const NOW: Timestamp = Timestamp::constant(1_795_651_200, 0);
const VERSIONS: [Version; 3] = [Version::new(1, 7, 35), Version::new(2, 2, 9), Version::new(2, 4, 2)];
const PASSWORD: &str = "S3CR3T";

fuzz_target!(|input: &str| {
    let mut parts = input.split('\u{0}');
    let mut part = || parts.next().unwrap_or_default();
    let (config, imported, after) = (part(), part(), part());
    check(config, imported, false);
    let is_open = config.contains("\"\"\"") || config.contains("'''");
    if is_open || input.contains(PASSWORD) {
        return;
    }
    for plugin in ["io.containerd.grpc.v1.cri", "io.containerd.cri.v1.images"] {
        let table = format!("[plugins.\"{plugin}\".registry.configs.\"a.example.com\".auth]\n");
        for key in ["password", "auth", "identitytoken"] {
            let login = format!("username = \"me\"\n{key} = \"{PASSWORD}\"\n");
            check(&format!("{config}\n{table}{login}{after}"), imported, true);
            // A password that nobody quotes.
            check(&format!("{config}\n{table}{}{after}", login.replace('"', "")), imported, true);
            check(imported, &format!("{config}\n{table}{login}{after}"), true);
        }
    }
});

fn check(config: &str, other: &str, has_credentials: bool) {
    let mut tree = Tree::default();
    tree.add_root(FOLDER);
    for (name, text) in [("config.toml", config), ("conf.d/a.toml", other)] {
        let file = File { text: HiddenText::new(text), mode: 0o644, changed: Some(NOW) };
        tree.add(format!("{FOLDER}/{name}"), Entry::File(file));
    }
    let files = Files([("config.toml".to_owned(), HiddenText::new(config))].into());
    let imported = import::containerd_config::import("config.toml", &files);
    let mut said: Vec<_> = imported.left_out.iter().chain(&imported.errors).cloned().collect();
    for version in VERSIONS {
        let started = Some(Timestamp::UNIX_EPOCH);
        let input = Input { tree: &tree, version, wanted: None, now: NOW, started, probes: &[] };
        let findings = examine(&input);
        assert!(findings.iter().all(|finding| finding.place.line >= 1));
        said.extend(findings.into_iter().map(|finding| format!("{} {}", finding.problem, finding.remedy)));
        assert!(uncovered(&tree, version).iter().all(|path| path.starts_with('/')));
        targets(&tree, version);
        if imported.errors.is_empty() {
            said.extend(containerd_config::render(&imported.registries, version).losses);
        }
    }
    if has_credentials {
        for text in said {
            assert!(!text.contains(PASSWORD), "{text}");
        }
    }
}
