//! Any docker configuration and any credentials: what is written is a docker configuration, and writing it again
//! changes nothing.
#![no_main]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use libfuzzer_sys::fuzz_target;
use policy::decode;
use policy::SecretObject;
use policy::registry_secrets::mutate;

fuzz_target!(|input: (&[u8], &[u8], &[u8], &[u8])| {
    let (username, password, server, existing) = input;
    let mut secret = serde_json::json!({
        "metadata": {"name": "a", "labels": {"serverless.kyma-project.io/remote-registry": "config"}},
        "data": {
            "username": BASE64.encode(username), "password": BASE64.encode(password),
            "serverAddress": BASE64.encode(server), "registryAddress": BASE64.encode("r"),
            ".dockerconfigjson": BASE64.encode(existing),
        },
    });
    let judge = |secret: &serde_json::Value| {
        let text = secret.to_string();
        let secret: SecretObject<'_> = decode::decode(&text).expect("a Secret");
        mutate(&secret, None)
    };
    let first = judge(&secret);
    json_patch::patch(&mut secret, &first.patch).expect("the patch applies");
    assert!(judge(&secret).patch.is_empty());
});
