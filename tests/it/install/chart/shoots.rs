//! The webhook of Shoots: only if it is asked for, with Helm and kustomize alike.

use serde_json::Value;

use super::{object, render, tool};
use crate::harness::cluster::{BARE, kubectl};

const SHOOTS: &str = "validation.shoots.serverless.kyma-project.io";

fn configuration(yaml: &str) -> Value {
    object(yaml, "ValidatingWebhookConfiguration", "serverless-webhook")
}

fn of_shoots(configuration: &Value) -> Option<&Value> {
    configuration["webhooks"].as_array().unwrap().iter().find(|webhook| webhook["name"] == SHOOTS)
}

#[test]
fn shoots_are_judged_only_if_asked_for() {
    let without = configuration(&render("-n kyma-system"));
    assert_eq!(of_shoots(&without), None);
    let with = configuration(&render("-n kyma-system --set webhook.shoots=true"));
    let number = |configuration: &Value| configuration["webhooks"].as_array().unwrap().len();
    assert_eq!(number(&with), number(&without) + 1);

    let folder = tempfile::tempdir_in(testenv::root().join("tests")).unwrap();
    let text = "resources: [../../manifests]\ncomponents: [../../manifests/gardener]\n";
    std::fs::write(folder.path().join("kustomization.yaml"), text).unwrap();
    let built = tool("kubectl", &format!("kustomize {}", folder.path().display())).unwrap();
    let built = configuration(&built);
    assert_eq!(of_shoots(&built), of_shoots(&with));
    assert!(of_shoots(&built).is_some());
    assert_eq!(number(&built), number(&with));
    // The API server compiles the conditions.
    kubectl(&BARE, "create --dry-run=server -f -", &built).unwrap();
}

/// A Secret can be deleted while the webhook is away, whatever the policy for writes is.
#[test]
fn deletions_are_never_stopped() {
    for policy in ["Fail", "Ignore"] {
        let configuration = configuration(&render(&format!("--set webhook.failurePolicy={policy}")));
        let policies = configuration["webhooks"].as_array().unwrap().iter().map(|webhook| {
            let is_deletion = webhook["rules"][0]["operations"][0] == "DELETE";
            (is_deletion, webhook["failurePolicy"].as_str().unwrap().to_owned())
        });
        let (deletions, writes): (Vec<_>, Vec<_>) = policies.partition(|(is_deletion, _)| *is_deletion);
        assert_eq!(deletions, [(true, "Ignore".to_owned())]);
        assert!(writes.len() > 5 && writes.iter().all(|(_, found)| found == policy), "{writes:?}");
    }
}
