//! Random models, rendered for each runtime and read by the parser of that runtime: it asks the same servers in the same
//! order with the same credentials.

mod containerd;
mod crio;
mod k3s;
mod models;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use decide::nodes::files::Files;
use policy::container_registries::{Credentials, Endpoint, Host, Registries, Registry};
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestRunner};
use tempfile::TempDir;

use crate::harness::parsers::{Answer, Parser, Runtime, Server};

const MODELS: u32 = 10_000;
/// Another seed makes other models.
const SEED: u64 = 20_261_126;
/// What images of all other hosts are asked for by.
const ANY_HOST: &str = "other.example.org";

/// Holds that a runtime reads what is written for it. `render` returns the files, and the path that the runtime reads.
fn agree(
    runtime: Runtime,
    prepare: impl Fn(Registries) -> Registries,
    render: impl Fn(&Registries, &Path) -> (Files, &'static str),
    expect: impl Fn(&Host, &Registry, &Registries) -> Vec<Server>,
) {
    let seed = RngSeed::Fixed(SEED);
    let config = Config { cases: MODELS, rng_seed: seed, failure_persistence: None, ..Config::default() };
    let parser = RefCell::new(Parser::start(runtime));
    let folder = TempDir::new().unwrap();
    let result = TestRunner::new(config).run(&models::any(), |registries| {
        let registries = prepare(registries);
        let folder = TempDir::new_in(folder.path()).unwrap();
        let (files, path) = render(&registries, folder.path());
        write(&files, folder.path());
        let hosts: Vec<_> = registries.0.keys().map(asked).collect();
        let expected = registries
            .0
            .iter()
            .map(|(host, registry)| (asked(host).to_owned(), Some(expect(host, registry, &registries))));
        let expected = Answer { hosts: expected.collect(), ..Answer::default() };
        let answer = parser.borrow_mut().ask(&folder.path().join(path), &hosts);
        if answer == expected {
            return Ok(());
        }
        let texts = files.0.iter().map(|(path, text)| format!("--- {path}\n{}\n", text.reveal()));
        let texts = texts.collect::<Vec<_>>().concat();
        Err(TestCaseError::fail(format!("{texts}\nexpected {expected:#?}\nread {answer:#?}")))
    });
    result.unwrap_or_else(|error| panic!("of {MODELS} models of the seed {SEED}: {error}"));
}

/// The host in the name of an image.
fn asked(host: &Host) -> &str {
    if host.is_any() { ANY_HOST } else { host.as_str() }
}

fn write(files: &Files, folder: &Path) {
    for (path, text) in &files.0 {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text.reveal()).unwrap();
    }
}

/// The same without the endpoints that `keep` does not want, and without hosts that have no other ones.
fn filtered(mut registries: Registries, mut keep: impl FnMut(&Host, &Endpoint) -> bool) -> Registries {
    for (host, registry) in &mut registries.0 {
        registry.endpoints.retain(|endpoint| keep(host, endpoint));
    }
    registries.0.retain(|_, registry| !registry.endpoints.is_empty());
    registries
}

/// For formats that know settings by address alone.
fn with_each_address_once(registries: Registries) -> Registries {
    let mut seen = BTreeSet::new();
    filtered(registries, |_, endpoint| seen.insert(endpoint.address.authority()))
}

/// A server at a URL, trusted as an endpoint is.
fn trusted(endpoint: &Endpoint, url: String) -> Server {
    let authorities = models::AUTHORITIES.iter().filter(|(_, pem)| Some(pem) == endpoint.ca.as_ref());
    let authorities = authorities.map(|(name, _)| (*name).to_owned()).collect();
    Server { url, insecure: endpoint.skip_verify, authorities, ..Server::default() }
}

/// A server with the login of an endpoint, as formats with logins by address have it.
fn logged_in(endpoint: Option<&Endpoint>, server: Server) -> Server {
    match endpoint.and_then(|endpoint| endpoint.credentials.as_ref()) {
        None => server,
        Some(Credentials::Basic { username, password }) => {
            Server { username: username.clone(), password: password.reveal().to_owned(), ..server }
        }
        Some(Credentials::IdentityToken(token)) => Server { token: token.reveal().to_owned(), ..server },
    }
}
