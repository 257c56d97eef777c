//! Reviews with known answers, and an endpoint whose answers a test can hold back.

use policy::{Config, Decision, Violation};
use serverless_webhook::admission::routes::{Endpoint, ResourceRule};
use serverless_webhook::admission::wire::Request;
use tokio::sync::Mutex;

/// A review that is allowed unchanged.
pub const REVIEW: &str = r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u-1","operation":"DELETE","resource":{"group":"serverless.kyma-project.io","version":"v1alpha1","resource":"functions"}}}"#;
/// Its answer.
pub const ALLOWED: &str = r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":"u-1","allowed":true}}"#;
/// The path that it is sent to.
pub const PATH: &str = "/validation/functions";

/// Holding this blocks the rules of [`Server::start_slow`](crate::harness::server::Server::start_slow).
pub static GATE: Mutex<()> = Mutex::const_new(());

/// The endpoint of [`PATH`] behind [`GATE`].
pub static SLOW: [Endpoint; 1] = [Endpoint {
    path: PATH,
    label: "validation-functions",
    webhook: "validation",
    mutating: false,
    resource: ResourceRule {
        group: "serverless.kyma-project.io",
        version: "v1alpha1",
        plural: "functions",
        kind: "Function",
        namespaced: true,
    },
    sub_resources: &[],
    selector: None,
    operations: &["CREATE"],
    deletions: None,
    opt_in: None,
    decide: wait_for_gate,
}];

#[allow(clippy::unnecessary_wraps, reason = "the shape of an endpoint")]
fn wait_for_gate(_: &Config, _: &Request<'_>) -> Result<Decision, Violation> {
    // Large reviews are decided on a separate thread, which may block.
    drop(GATE.blocking_lock());
    Ok(Decision::allowed())
}

/// [`REVIEW`], large enough to be decided on a separate thread.
pub fn large_review() -> String {
    format!("{REVIEW}{}", " ".repeat(200 << 10))
}
