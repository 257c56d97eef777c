//! Any docker configuration is read or not; what credentials are set in is read again, holds them, and keeps what it
//! held for other servers.
#![no_main]

use libfuzzer_sys::fuzz_target;
use policy::base64;
use policy::registries::docker_config::DockerConfig;
use serde_json::Value;

fuzz_target!(|input: (&[u8], &str, &[u8], &[u8])| {
    let (json, server, username, password) = input;
    let Some(mut config) = DockerConfig::parse(json) else { return };
    config.set(server, username, password);
    assert!(!config.set(server, username, password), "setting the same again changes nothing");
    let written = base64::decode(&config.to_base64()).expect("base64");
    let mut again = DockerConfig::parse(&written).expect("a docker configuration");
    assert!(!again.set(server, username, password), "what was set is there");

    let auths = |json: &[u8]| -> Value {
        let mut value: Value = serde_json::from_slice(json).expect("JSON");
        value["auths"].as_object_mut().map(|auths| auths.remove(server));
        value["auths"].take()
    };
    let before = auths(json);
    if before.is_object() {
        assert_eq!(auths(&written), before, "other servers stay");
    }
});
