//! The conformance suite of OCI for registries, which pulls, pushes, discovers and deletes: through the gateway, a registry
//! passes what it passes alone, and nothing more or less.

use std::process::Command;

use decide::registry::acl::Acl;

use crate::harness::command::piped;
use crate::harness::guarded::{Guarded, limits};
use crate::harness::registry::{Auth, Registry};

const ACCOUNT: (&str, &str) = ("push.conformance.suite.1", "correct-horse");
/// Push accounts delete nothing by default; the suite deletes all that it pushes.
const RULES: &str = "
acl:
- match: {type: repository, name: 'conformance/*', labels: {origin: cr, accessMode: push}}
  actions: [pull, push, delete]
";
/// What the registry itself does not do, and why the suite says so.
const LACKS: [&str; 7] = [
    // There is no list of referrers, and a subject is not answered with `OCI-Subject`.
    "artifacts-with-subject",
    "empty",
    "index-with-subject",
    "missing-subject",
    // Layers with other URLs are refused with 500.
    "non-distributable-layers",
    // Everything is stored under its SHA-256.
    "sha512",
    "sha512 blobs",
];

/// What the suite found.
struct Report {
    /// A name and `Pass`, `FAIL`, `Skip` or `Disabled` for each test. Sorted: some run in any order.
    results: Vec<(String, String)>,
    printed: String,
}

impl Report {
    fn of(registry: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(testenv::built("clients").unwrap().join("conformance"));
        command.current_dir(&folder).env("OCI_VERSION", "1.1").envs(registry.iter().copied());
        let printed = piped(command, "");
        let printed = printed.out + &printed.err;
        let (tests, _) = printed.split_once("\nConfiguration:\n").unwrap_or_else(|| panic!("{printed}"));
        let result = |line: &str| {
            let (name, status) =
                line.trim_start().strip_prefix("OCI Conformance Test/")?.rsplit_once(": ")?;
            Some((name.to_owned(), status.to_owned()))
        };
        let mut results: Vec<_> = tests.lines().filter_map(result).collect();
        results.sort_unstable();
        Self { results, printed }
    }

    /// How many tests came to an end, as the suite counts them.
    fn count(&self, status: &str) -> usize {
        let name = format!("  {status}....");
        let line = self.printed.lines().find(|line| line.starts_with(&name)).unwrap();
        line.rsplit(' ').next().unwrap().parse().unwrap()
    }

    /// The groups in which a test failed.
    fn failed(&self) -> Vec<&str> {
        let failed = self.results.iter().filter(|(name, status)| !name.contains('/') && status == "FAIL");
        let mut failed: Vec<_> = failed.map(|(name, _)| name.as_str()).collect();
        failed.sort_unstable();
        failed
    }

    /// What was skipped, each reason once.
    fn skipped(&self) -> Vec<&str> {
        let lines = self.printed.lines().zip(self.printed.lines().skip(1));
        let reasons = lines.filter(|(test, _)| test.ends_with(": Skip"));
        let mut reasons: Vec<_> = reasons.filter_map(|(_, next)| next.trim().strip_prefix("- ")).collect();
        reasons.sort_unstable();
        reasons.dedup();
        reasons
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gateway_changes_nothing_of_what_a_registry_conforms_to() {
    let guarded = Guarded::start_with(Acl::read(RULES).unwrap(), limits()).await;
    guarded.add_account(ACCOUNT.0, "push", "conformance", ACCOUNT.1);
    let authority = guarded.authority_file();
    let address = format!("localhost:{}", guarded.port);
    let through = Report::of(&[
        ("OCI_REGISTRY", &address),
        ("OCI_TLS", "enabled"),
        ("OCI_USERNAME", ACCOUNT.0),
        ("OCI_PASSWORD", ACCOUNT.1),
        ("SSL_CERT_FILE", authority.to_str().unwrap()),
    ]);
    let registry = Registry::start(Auth::Open, "");
    let alone = Report::of(&[("OCI_REGISTRY", &registry.address()), ("OCI_TLS", "disabled")]);

    assert_eq!(through.results, alone.results);
    assert_eq!(through.failed(), LACKS);
    let reasons = [
        "registry does not support content in the POST, fallback to PUT",
        "registry returned status 202, fell back to blob POST+PUT",
    ];
    assert_eq!(through.skipped(), reasons);
    let counts = ["Pass", "FAIL", "Skip", "Disabled", "Error"].map(|status| through.count(status));
    assert_eq!(counts, [743, 91, 16, 2, 0]);
}
