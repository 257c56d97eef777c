//! The webhook configurations, with all defaults written out, so that tools that compare them with the cluster find no
//! difference.

use std::collections::BTreeMap;

use k8s_openapi::api::admissionregistration::v1::{
    MatchCondition, MutatingWebhook, MutatingWebhookConfiguration, RuleWithOperations, ServiceReference,
    ValidatingWebhook, ValidatingWebhookConfiguration, WebhookClientConfig,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use serverless_webhook::admission::routes::{ENDPOINTS, Endpoint, SERVICE};

/// The shortest timeout that is enough for reviews of milliseconds, so that a webhook that hangs does not delay
/// requests for long.
const TIMEOUT_SECONDS: i32 = 5;

/// The webhooks that may change objects.
pub(crate) fn mutating() -> MutatingWebhookConfiguration {
    let webhook = |endpoint: &Endpoint| MutatingWebhook {
        admission_review_versions: review_versions(),
        client_config: client_config(endpoint),
        failure_policy: Some("Fail".to_owned()),
        match_conditions: Some(match_conditions()),
        match_policy: Some("Equivalent".to_owned()),
        name: endpoint.webhook.to_owned(),
        namespace_selector: Some(LabelSelector::default()),
        object_selector: Some(object_selector(endpoint)),
        // Another webhook may add a label that selects a preset.
        reinvocation_policy: Some("IfNeeded".to_owned()),
        rules: Some(vec![rule(endpoint)]),
        side_effects: "None".to_owned(),
        timeout_seconds: Some(TIMEOUT_SECONDS),
    };
    let webhooks = ENDPOINTS.iter().filter(|endpoint| endpoint.mutating).map(webhook).collect();
    MutatingWebhookConfiguration { metadata: metadata(), webhooks: Some(webhooks) }
}

/// The webhooks that only validate.
pub(crate) fn validating() -> ValidatingWebhookConfiguration {
    let endpoints = ENDPOINTS.iter().filter(|endpoint| !endpoint.mutating && endpoint.opt_in.is_none());
    let webhooks = endpoints.flat_map(|endpoint| {
        std::iter::once(validating_webhook(endpoint))
            .chain(endpoint.deletions.map(|name| deletions(endpoint, name)))
    });
    ValidatingWebhookConfiguration { metadata: metadata(), webhooks: Some(webhooks.collect()) }
}

/// The webhook for Shoots of Gardener, as an addition to [`validating`].
pub(crate) fn for_gardener() -> ValidatingWebhookConfiguration {
    let webhook = |endpoint: &Endpoint| {
        let condition =
            MatchCondition { name: "asked-for".to_owned(), expression: endpoint.opt_in?.to_owned() };
        let conditions = match_conditions().into_iter().chain([condition]);
        Some(ValidatingWebhook {
            match_conditions: Some(conditions.collect()),
            ..validating_webhook(endpoint)
        })
    };
    let webhooks = ENDPOINTS.iter().filter_map(webhook).collect();
    ValidatingWebhookConfiguration { metadata: metadata(), webhooks: Some(webhooks) }
}

fn validating_webhook(endpoint: &Endpoint) -> ValidatingWebhook {
    ValidatingWebhook {
        admission_review_versions: review_versions(),
        client_config: client_config(endpoint),
        failure_policy: Some("Fail".to_owned()),
        match_conditions: Some(match_conditions()),
        match_policy: Some("Equivalent".to_owned()),
        name: endpoint.webhook.to_owned(),
        namespace_selector: Some(LabelSelector::default()),
        object_selector: Some(object_selector(endpoint)),
        rules: Some(vec![rule(endpoint)]),
        side_effects: "None".to_owned(),
        timeout_seconds: Some(TIMEOUT_SECONDS),
    }
}

/// The webhook that warns of deletions. Objects, and namespaces with them, are deleted even while it is down.
fn deletions(endpoint: &Endpoint, name: &str) -> ValidatingWebhook {
    let rule = RuleWithOperations { operations: Some(vec!["DELETE".to_owned()]), ..rule(endpoint) };
    ValidatingWebhook {
        failure_policy: Some("Ignore".to_owned()),
        // On DELETE there is no object, and no request to delete one twice is worth a warning.
        match_conditions: Some(vec![MatchCondition {
            name: "not-being-deleted".to_owned(),
            expression: "!has(oldObject.metadata.deletionTimestamp)".to_owned(),
        }]),
        name: name.to_owned(),
        rules: Some(vec![rule]),
        ..validating_webhook(endpoint)
    }
}

fn metadata() -> ObjectMeta {
    let label = ("app.kubernetes.io/name".to_owned(), SERVICE.name.to_owned());
    ObjectMeta {
        name: Some(SERVICE.name.to_owned()),
        labels: Some(BTreeMap::from([label])),
        ..ObjectMeta::default()
    }
}

fn review_versions() -> Vec<String> {
    vec!["v1".to_owned()]
}

fn client_config(endpoint: &Endpoint) -> WebhookClientConfig {
    let service = ServiceReference {
        name: SERVICE.name.to_owned(),
        namespace: SERVICE.namespace.to_owned(),
        path: Some(endpoint.path.to_owned()),
        port: Some(SERVICE.port),
    };
    WebhookClientConfig { ca_bundle: None, service: Some(service), url: None }
}

fn rule(endpoint: &Endpoint) -> RuleWithOperations {
    let resource = &endpoint.resource;
    let parts = endpoint.sub_resources.iter().map(|part| format!("{}/{part}", resource.plural));
    RuleWithOperations {
        api_groups: Some(vec![resource.group.to_owned()]),
        api_versions: Some(vec![resource.version.to_owned()]),
        operations: Some(endpoint.operations.iter().map(|&operation| operation.to_owned()).collect()),
        // Status is left out: status writes are never held up.
        resources: Some(std::iter::once(resource.plural.to_owned()).chain(parts).collect()),
        scope: Some(if resource.namespaced { "Namespaced" } else { "Cluster" }.to_owned()),
    }
}

fn object_selector(endpoint: &Endpoint) -> LabelSelector {
    let labels = endpoint.selector.map(|(key, value)| BTreeMap::from([(key.to_owned(), value.to_owned())]));
    LabelSelector { match_labels: labels, match_expressions: None }
}

/// An object that waits for its finalizers is not checked any more, and can be deleted even while the webhook is down.
fn match_conditions() -> Vec<MatchCondition> {
    vec![MatchCondition {
        name: "not-being-deleted".to_owned(),
        expression: "!has(object.metadata.deletionTimestamp)".to_owned(),
    }]
}
