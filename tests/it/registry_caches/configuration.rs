//! Configurations of the registry of a cache, read by the parser of distribution: it reads what the cache asks for, whatever
//! that is, and nothing else.

use std::cell::{Cell, RefCell};
use std::time::{Duration, SystemTime};

use api::cache::RegistryCache;
use decide::Kind;
use decide::cache::instance::{Access, Config, Instance};
use decide::cache::observed::Observed;
use decide::cache::sync;
use decide::plan::Step;
use decide::registry::certificates::{AuthoritySecret, Life};
use decide::registry::observed::Own;
use k8s_openapi::api::core::v1::Secret;
use policy::duration;
use proptest::prelude::*;
use proptest::test_runner::{Config as Settings, RngSeed, TestCaseError, TestRunner};
use serde_json::{Value, json};

use crate::harness::configuration::Reader;

const CONFIGURATIONS: u32 = 1_500;
/// Another seed makes other configurations.
const SEED: u64 = 20_261_127;

/// Texts that mean something else to some reader of YAML, or to a shell.
const HOSTILE: [&str; 40] = [
    "",
    " ",
    "~",
    "null",
    "Null",
    "true",
    "yes",
    "off",
    "0",
    "0x1F",
    "0o7",
    "1e3",
    "1_000",
    ".inf",
    ".NaN",
    "12:30:45",
    "2026-11-27",
    "-",
    "- a",
    "? a",
    ": a",
    "a: b",
    "a:",
    "a #b",
    "#b",
    "*a",
    "&a",
    "!!binary a",
    "|",
    ">-",
    "%YAML 1.1",
    "---",
    "...",
    "${HOME}",
    "$(HOSTNAME)",
    "`id`",
    "'",
    "\"",
    "\\",
    "@a",
];

/// What a cache asks for that gets into the configuration.
#[derive(Clone, Debug)]
struct Asked {
    upstream: String,
    remote_url: Option<String>,
    ttl: Option<String>,
    suffix: Option<String>,
    namespace: String,
    has_credentials: bool,
    authorizes: bool,
}

#[test]
fn the_registry_reads_what_the_cache_asks_for() {
    let reader = RefCell::new(Reader::start());
    let unread = Cell::new(0);
    let settings = Settings {
        cases: CONFIGURATIONS,
        rng_seed: RngSeed::Fixed(SEED),
        failure_persistence: None,
        ..Settings::default()
    };
    let result = TestRunner::new(settings).run(&asked(), |asked| {
        let text = configuration(&asked);
        let found = reader.borrow_mut().read(&text);
        let ttl = asked.ttl.as_deref().unwrap_or("168h");
        let Some(ttl) = duration::parse(ttl) else {
            // Admission refuses it. The registry does, too, so it never runs with another one.
            unread.set(unread.get() + 1);
            prop_assert_eq!(found.read, Value::Null);
            prop_assert!(found.error.contains("time.Duration"), "{}", found.error);
            return Ok(());
        };
        prop_assert_eq!(found.error, "", "{}", text);
        prop_assert_eq!(found.read, expected(&asked, ttl)?, "{}", text);
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("of {CONFIGURATIONS} configurations of the seed {SEED}: {error}"));
    assert!((1..CONFIGURATIONS / 4).contains(&unread.get()), "{} with a wrong ttl", unread.get());
}

/// All that is read, as the documentation of distribution has it. It fills in what has its own defaults.
fn expected(asked: &Asked, ttl: i128) -> Result<Value, TestCaseError> {
    let ttl = i64::try_from(ttl).map_err(|_| TestCaseError::fail("a duration of Go has 64 bits"))?;
    let second = i64::try_from(Duration::from_secs(1).as_nanos()).unwrap();
    let remote = asked.remote_url.clone().unwrap_or_else(|| format!("https://{}", asked.upstream));
    let mut proxy = json!({"ttl": ttl});
    // What is empty is left out.
    if !remote.is_empty() {
        proxy["remoteurl"] = json!(remote);
    }
    if asked.has_credentials {
        proxy["exec"] = json!({"command": "/helper/docker-credential-cache", "lifetime": second});
    }
    let mut read = json!({
        "version": "0.1",
        "log": {"level": "info", "formatter": "json", "fields": {"service": "registry"}},
        "storage": {
            "delete": {"enabled": true},
            "filesystem": {"rootdirectory": "/var/lib/registry"},
            "tag": {"concurrencylimit": 5},
        },
        "http": {
            "addr": "127.0.0.1:5002",
            "debug": {"addr": ":5001", "prometheus": {"enabled": true, "path": "/metrics"}},
            "relativeurls": true,
            "draintimeout": 300 * second,
            "headers": {"X-Content-Type-Options": ["nosniff"]},
        },
        "health": {"storagedriver": {"enabled": true, "interval": 10 * second, "threshold": 3}},
        "proxy": proxy,
        "catalog": {"maxentries": 1000},
        "tags": {"maxtags": 1000},
    });
    if asked.authorizes {
        let suffix = asked.suffix.as_deref();
        let service = api::names::cache::service(&asked.upstream, suffix);
        let name = format!("{service}.{}.svc", asked.namespace);
        read["auth"] = json!({"token": {
            "realm": format!("https://{name}:5000/auth/token"),
            "issuer": name,
            "service": name,
            "rootcertbundle": "/etc/distribution/token-authorities.crt",
            "signingalgorithms": ["ES256"],
        }});
    }
    Ok(read)
}

/// The configuration that the controller writes.
fn configuration(asked: &Asked) -> String {
    let mut spec = json!({
        "upstream": asked.upstream,
        "remoteURL": asked.remote_url,
        "serviceNameSuffix": asked.suffix,
        "garbageCollection": {"ttl": asked.ttl},
        "secretReferenceName": asked.has_credentials.then_some("credentials"),
        "access": if asked.authorizes { "Authorize" } else { "Open" },
        // Certificates are not what this is about.
        "http": {"tls": false},
    });
    spec.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    let cache: RegistryCache =
        serde_json::from_value(json!({"metadata": {"name": "hub", "uid": "u"}, "spec": spec})).unwrap();
    let config = Config {
        namespace: asked.namespace.clone(),
        registry_image: "registry:3.1.2".to_owned(),
        gateway_image: "gateway".to_owned(),
        hibernated: false,
    };
    let instance = Instance::of(&config, &cache).unwrap();
    assert_eq!(instance.access() == Access::Authorize, asked.authorizes);
    let now = SystemTime::UNIX_EPOCH;
    let life = Life { made: now, ends: now + Duration::from_hours(24 * 365) };
    let tokens = AuthoritySecret { signs: Some(life), trusted: 1, ..AuthoritySecret::default() };
    let observed = Observed { tokens: Own::Stored(tokens), proven: Own::Stored(()), ..Observed::default() };
    let plan = sync::decide(&instance, &observed, now);
    let mut secrets = plan.steps.into_iter().filter_map(|step| match step {
        Step::Create(wanted) if wanted.kind == Kind::Secret => Some(wanted.object),
        _ => None,
    });
    let secret: Secret = serde_json::from_value(secrets.next().unwrap()).unwrap();
    assert_eq!(secrets.next(), None);
    String::from_utf8(secret.data.unwrap().remove("config.yml").unwrap().0).unwrap()
}

fn asked() -> impl Strategy<Value = Asked> {
    let ttl = prop_oneof![
        8 => "([0-9]{1,4}(\\.[0-9]{1,4})?(ns|us|µs|ms|s|m|h)){1,3}",
        1 => Just("0".to_owned()),
        1 => text(),
    ];
    let texts = (text(), proptest::option::of(text()), proptest::option::of(ttl));
    let names = (proptest::option::of(text()), text());
    (texts, names, any::<(bool, bool)>()).prop_map(
        |((upstream, remote_url, ttl), (suffix, namespace), (has_credentials, authorizes))| Asked {
            upstream,
            remote_url,
            ttl,
            suffix,
            namespace,
            has_credentials,
            authorizes,
        },
    )
}

/// Any text: with quotes, line breaks, control characters and NUL, and now and then very long.
fn text() -> impl Strategy<Value = String> {
    let hostile = proptest::sample::select(HOSTILE.to_vec());
    let address = "https?://[a-z0-9.-]{1,40}(:[0-9]{1,5})?";
    prop_oneof![
        4 => any::<String>(),
        4 => hostile.prop_map(str::to_owned),
        2 => (hostile_end(), "[a-z]{1,8}").prop_map(|(end, text)| text + &end),
        2 => address,
        2 => "[\\x00-\\x1f\\x7f-\\x9f \"'\\\\\n\r\t\u{2028}\u{feff}\u{fffe}a]{1,20}",
        1 => ("(\\PC| |\n){1,20}", 100..800_usize).prop_map(|(text, times)| text.repeat(times)),
    ]
}

/// What does harm after something else.
fn hostile_end() -> impl Strategy<Value = String> {
    proptest::sample::select(HOSTILE.to_vec()).prop_flat_map(|text| {
        proptest::sample::select(vec![" ", "\n", "\r\n", ": ", " #", "\t", "\u{85}", "\0"])
            .prop_map(move |between| format!("{between}{text}"))
    })
}
