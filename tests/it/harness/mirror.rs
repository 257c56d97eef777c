//! Registries with TLS that nodes pull from, and what they were asked.

use std::fs;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use tempfile::TempDir;
use testenv::free_port;

use crate::harness::registry::{Auth, Registry, USER, crane};

/// A name of the node, where every mirror is.
const HOST: &str = "registry.test";
/// With what files and headers make something else of, and without blanks, which end an account of the token server.
pub const PASSWORD: &str = r#"correct:"horse"'\%41#ü"#;

/// A registry with a certificate of its own. Ends when dropped.
pub struct Mirror {
    pub registry: Registry,
    certificate: String,
    /// How much of its log is about something else.
    seen: AtomicUsize,
    _folder: TempDir,
}

impl Mirror {
    /// Without images.
    pub fn start(auth: Auth) -> Self {
        let folder = TempDir::new().unwrap();
        let pair = rcgen::generate_simple_self_signed(vec![HOST.to_owned()]).unwrap();
        let write = |name: &str, text: String| {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            path
        };
        let tls = json!({
            "certificate": write("tls.crt", pair.cert.pem()),
            "key": write("tls.key", pair.signing_key.serialize_pem()),
        });
        let registry = Registry::start_with(HOST, free_port().unwrap(), auth, PASSWORD, &tls);
        Self { registry, certificate: pair.cert.pem(), seen: AtomicUsize::default(), _folder: folder }
    }

    /// With an image such as `app:1`.
    pub fn with(auth: Auth, image: &str) -> Self {
        let new = Self::start(auth);
        new.push(image);
        new
    }

    /// Pushes an image that waits when it runs.
    pub fn push(&self, image: &str) {
        let layout = testenv::built("node-images").unwrap().join("pause").display().to_string();
        // The client trusts no token server without TLS.
        let open = Registry::start(Auth::Open, "");
        crane("{}", &["push", &layout, &format!("{}/{image}", open.address())]).unwrap();
        let mut copy = Command::new("cp");
        copy.arg("-rT").arg(open.images()).arg(self.registry.images());
        assert!(copy.status().unwrap().success());
        self.forget();
    }

    /// The endpoint as people write it, with credentials if there is a password.
    pub fn endpoint(&self, password: Option<&str>) -> Value {
        let mut endpoint =
            json!({"endpoint": self.registry.address(), "ca": self.certificate, "dialTimeout": "1s"});
        if let Some(password) = password {
            endpoint["credentials"] = json!({"username": USER, "password": password});
        }
        endpoint
    }

    /// How it answered requests for manifests since the last call of [`Self::forget`]: `HEAD 200`.
    pub fn answers(&self) -> Vec<String> {
        let log = self.registry.log();
        let new = log.get(self.seen.load(Ordering::Relaxed)..).unwrap_or_default();
        let answers = new.lines().filter_map(|line| {
            let mut parts = line.split('"').skip(1);
            let (request, rest) = (parts.next()?, parts.next()?);
            let (method, path) = request.split_once(' ')?;
            let status = rest.split_whitespace().next()?;
            path.contains("/manifests/").then(|| format!("{method} {status}"))
        });
        answers.collect()
    }

    pub fn forget(&self) {
        self.seen.store(self.registry.log().len(), Ordering::Relaxed);
    }
}
