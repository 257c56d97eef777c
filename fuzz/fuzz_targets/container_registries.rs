//! Any values: they are judged, and what is accepted is rendered and read back the same, by us and by containerd. No
//! password is in what is said about them.
#![no_main]

use decide::nodes::import;
use decide::nodes::render::{containerd_config, crio, hosts, k3s, talos, values};
use decide::nodes::version::Version;
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use policy::container_registries::{Reading, Registries, read};
use serde_json::{Value, json};

const NOW: Timestamp = Timestamp::constant(1_795_651_200, 0);
const PASSWORD: &str = "S3CR3T";
/// The same in base64, for each place in a group of three bytes, without what depends on its neighbours.
const ENCODED: [&str; 3] = ["UzNDUjNU", "MzQ1IzV", "M0NSM1"];

fuzz_target!(|input: &str| {
    let accepted = judged(input);
    if accepted.violations.is_empty() {
        read_back(&accepted.registries);
    }
    // The parts of an item with a password: host, endpoint, key, what follows the password, and where the text ends.
    let mut parts = input.split('\u{0}');
    let mut part = || parts.next().unwrap_or_default();
    let (host, endpoint, key, after) = (part(), part(), part(), part());
    let mut credentials = json!({"username": "me", "password": format!("{PASSWORD}{after}")});
    if !key.is_empty() {
        credentials[key] = Value::String(format!("{PASSWORD}{after}"));
    }
    let item = json!([{"endpoint": endpoint, "credentials": credentials}]);
    let text = json!({"containerRegistries": {host: item}}).to_string();
    // Whatever the parts are: they alone may be shown.
    if input.contains(PASSWORD) {
        return;
    }
    shows_no_password(&judged(&text));
    let end = part().len() % text.len();
    if let Some(cut) = text.get(..end) {
        shows_no_password(&judged(cut));
    }
});

fn judged(text: &str) -> Reading {
    read(text, NOW)
}

fn shows_no_password(reading: &Reading) {
    let violations = reading.violations.iter().map(ToString::to_string);
    let warnings = reading.warnings.iter().map(|warning| warning.text.clone());
    let debug = format!("{:?}", reading.registries);
    for text in violations.chain(warnings).chain([debug]) {
        assert!(!text.contains(PASSWORD), "{text}");
        assert!(!ENCODED.iter().any(|encoded| text.contains(encoded)), "{text}");
    }
    if reading.violations.is_empty() {
        let losses = [
            hosts::render(&reading.registries, hosts::Options::default()).losses,
            containerd_config::render(&reading.registries, Version::DEFAULT).losses,
            k3s::render(&reading.registries).losses,
            crio::render(&reading.registries).losses,
            talos::render(&reading.registries).losses,
        ];
        for loss in losses.iter().flatten() {
            assert!(!loss.contains(PASSWORD), "{loss}");
        }
        read_back(&reading.registries);
    }
}

/// What is rendered says the same.
fn read_back(registries: &Registries) {
    let text = values::render(registries);
    let again = judged(text.reveal());
    assert!(again.violations.is_empty(), "{:?}", again.violations);
    assert_eq!(&again.registries, registries);
    let rendered = hosts::render(registries, hosts::Options::default());
    let imported = import::hosts::import(&rendered.files);
    assert_eq!((&imported.errors, &imported.left_out), (&Vec::new(), &Vec::new()));
    if rendered.losses.is_empty() {
        assert_eq!(&imported.registries, registries);
    }
}
