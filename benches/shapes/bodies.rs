//! Reviews of every shape that a client can give to a body: many small entries in each field, deep, wide, long.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

/// A shape of a body.
pub struct Shape {
    pub name: &'static str,
    /// The label of the endpoint.
    pub endpoint: &'static str,
    /// Makes a body of about this size in bytes.
    pub body: fn(usize) -> Vec<u8>,
}

const FUNCTION: &str = "validation-functions";
const DEFAULTING: &str = "defaulting-functions";
const REPOSITORY: &str = "validation-gitrepositories";
const SECRET: &str = "mutation-registry-secrets";

const fn shape(name: &'static str, endpoint: &'static str, body: fn(usize) -> Vec<u8>) -> Shape {
    Shape { name, endpoint, body }
}

pub const SHAPES: [Shape; 32] = [
    shape("plain source", FUNCTION, |size| spec(&source(&"x".repeat(size)))),
    shape("source of escapes", FUNCTION, |size| spec(&source(&r"\n".repeat(size / 2)))),
    shape("dependencies of many names", FUNCTION, |size| {
        let names = entries(size, |index| format!(r#"\"{index}\":1"#));
        spec(&format!(r#""source":"x","runtime":"nodejs12","deps":"{{{names}}}""#))
    }),
    shape("spec.env, short entries", FUNCTION, |size| spec(&env(size, |_| r#"{"name":"A"}"#.to_owned()))),
    shape("spec.env, empty entries", FUNCTION, |size| spec(&env(size, |_| "{}".to_owned()))),
    shape("spec.env, 1,000 wrong names", FUNCTION, |size| {
        let name = r#"\""#.repeat(size / 2000);
        let variables: Vec<_> = (0..1000).map(|index| format!(r#"{{"name":"{index}{name}"}}"#)).collect();
        spec(&format!(r#""env":[{}]"#, variables.join(",")))
    }),
    shape("spec.env, valueFrom", FUNCTION, |size| {
        spec(&env(size, |_| r#"{"name":"A","valueFrom":{"secretKeyRef":{"name":"s","key":"k"}}}"#.to_owned()))
    }),
    shape("spec.labels", FUNCTION, |size| spec(&map("labels", size))),
    shape("spec.labels, 1,000 long keys", FUNCTION, |size| {
        let key = "-".repeat(size / 1000);
        let labels: Vec<_> = (0..1000).map(|index| format!(r#""{index}{key}":"-""#)).collect();
        spec(&format!(r#""labels":{{{}}}"#, labels.join(",")))
    }),
    shape("resources.limits", FUNCTION, |size| spec(&format!(r#""resources":{{{}}}"#, map("limits", size)))),
    shape("resources.requests", FUNCTION, |size| {
        spec(&format!(r#""resources":{{{}}}"#, map("requests", size)))
    }),
    shape("a quantity of digits", FUNCTION, |size| {
        spec(&format!(r#""resources":{{"limits":{{"cpu":"{}"}}}}"#, "9".repeat(size)))
    }),
    shape("unknown fields, wide", FUNCTION, |size| spec(&entries(size, |index| format!(r#""f{index}":0"#)))),
    shape("unknown field, deep", FUNCTION, |size| {
        spec(&format!(r#""f":{}{}"#, "[".repeat(size / 2), "]".repeat(size / 2)))
    }),
    shape("metadata.labels", FUNCTION, |size| metadata(&map("labels", size))),
    shape("one label key of quotes, wrong value", DEFAULTING, |size| {
        metadata(&format!(r#""labels":{{"{}":1}}"#, r#"\""#.repeat(size / 2)))
    }),
    shape("metadata.annotations", DEFAULTING, |size| metadata(&map("annotations", size))),
    shape("metadata.managedFields", FUNCTION, |size| {
        metadata(&format!(
            r#""managedFields":[{}]"#,
            entries(size, |_| r#"{"fieldsV1":{"f:a":{}}}"#.to_owned())
        ))
    }),
    shape("metadata.ownerReferences", FUNCTION, |size| {
        metadata(&format!(r#""ownerReferences":[{}]"#, entries(size, |_| r#"{"uid":"a"}"#.to_owned())))
    }),
    shape("metadata.finalizers", FUNCTION, |size| {
        metadata(&format!(r#""finalizers":[{}]"#, entries(size, |_| r#""a""#.to_owned())))
    }),
    shape("a text for a number", FUNCTION, |size| {
        spec(&format!(r#""minReplicas":"{}""#, "\u{7f}".repeat(size)))
    }),
    shape("userInfo.groups", FUNCTION, |size| {
        let groups = entries(size, |_| r#""a""#.to_owned());
        review(FUNCTION, &format!(r#","userInfo":{{"groups":[{groups}]}}"#), "{}")
    }),
    shape("userInfo.extra", FUNCTION, |size| {
        review(FUNCTION, &format!(r#","userInfo":{{{}}}"#, map("extra", size)), "{}")
    }),
    shape("request.name", FUNCTION, |size| {
        review(FUNCTION, &format!(r#","name":"{}""#, r#"\""#.repeat(size / 2)), "{}")
    }),
    shape("object and oldObject", FUNCTION, |size| {
        let object = function(&source(&"x".repeat(size / 2)));
        review(FUNCTION, &format!(r#","oldObject":{object}"#), &object.replace("\"x", "\"y"))
    }),
    shape("object and oldObject, spec.env", FUNCTION, |size| {
        let object = function(&env(size / 2, |_| r#"{"name":"A"}"#.to_owned()));
        review(FUNCTION, &format!(r#","oldObject":{object}"#), &object)
    }),
    shape("spec.url", REPOSITORY, |size| {
        review(REPOSITORY, "", &function(&format!(r#""url":"https://{}""#, "a@:/".repeat(size / 4))))
    }),
    shape("Secret, many keys", SECRET, |size| secret(&entries(size, |index| format!(r#""k{index}":"""#)))),
    shape("Secret, one long value", SECRET, |size| secret(&format!(r#""k":"{}""#, "A".repeat(size / 4 * 4)))),
    shape("Secret, values of escapes", SECRET, |size| {
        secret(&format!(r#""k":"{}""#, r"\u0041".repeat(size / 6)))
    }),
    shape("Secret, many auths", SECRET, |size| {
        let auths = entries(size / 4 * 3, |index| format!(r#""{index}":{{}}"#));
        docker(&format!(r#"{{"auths":{{{auths}}}}}"#))
    }),
    shape("Secret, 1 MiB of docker configuration", SECRET, |size| {
        docker(&format!(r#"{{"auths":{{"o":{{"auth":"{}"}}}}}}"#, "x".repeat((size / 4 * 3).min(1_040_000))))
    }),
];

/// Entries up to this size in bytes.
fn entries(size: usize, entry: impl Fn(usize) -> String) -> String {
    let mut text = entry(0);
    for index in 1.. {
        let next = entry(index);
        if text.len() + next.len() >= size {
            break;
        }
        text.push(',');
        text += &next;
    }
    text
}

fn map(name: &str, size: usize) -> String {
    format!(r#""{name}":{{{}}}"#, entries(size, |index| format!(r#""a{index}":"""#)))
}

fn env(size: usize, entry: impl Fn(usize) -> String) -> String {
    format!(r#""env":[{}]"#, entries(size, entry))
}

fn source(text: &str) -> String {
    format!(r#""runtime":"nodejs12","source":"{text}""#)
}

fn function(spec: &str) -> String {
    format!(r#"{{"metadata":{{"name":"f"}},"spec":{{{spec}}}}}"#)
}

fn spec(members: &str) -> Vec<u8> {
    review(FUNCTION, "", &function(members))
}

fn metadata(members: &str) -> Vec<u8> {
    review(FUNCTION, "", &format!(r#"{{"metadata":{{{members}}},"spec":{{}}}}"#))
}

fn secret(data: &str) -> Vec<u8> {
    let labels = r#""labels":{"serverless.kyma-project.io/remote-registry":"config"}"#;
    let data = format!(
        r#""username":"dQ==","password":"cA==","serverAddress":"cw==","registryAddress":"cg==",{data}"#
    );
    review(SECRET, "", &format!(r#"{{"metadata":{{"name":"s",{labels}}},"data":{{{data}}}}}"#))
}

fn docker(config: &str) -> Vec<u8> {
    secret(&format!(r#"".dockerconfigjson":"{}""#, BASE64.encode(config)))
}

fn review(label: &str, members: &str, object: &str) -> Vec<u8> {
    let endpoint = super::endpoint(label);
    let rule = endpoint.resource;
    let operation = if members.contains("oldObject") { "UPDATE" } else { "CREATE" };
    format!(
        r#"{{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{{"uid":"u-1","operation":"{operation}","resource":{{"group":"{}","version":"{}","resource":"{}"}}{members},"object":{object}}}}}"#,
        rule.group, rule.version, rule.plural
    )
    .into_bytes()
}
