//! All metrics of each program. A family with labels is shown only if it has a sample.

use std::fmt::Debug;

use controller::metrics::Metrics as ControllerMetrics;
use node_agent::metrics::Metrics as AgentMetrics;
use registry::metrics::Metrics as RegistryMetrics;
use serverless_webhook::metrics::Metrics as WebhookMetrics;

pub fn of_webhook() -> String {
    let metrics = WebhookMetrics::new();
    metrics.reloaded("certificate", true);
    complete(&metrics, metrics.render())
}

pub fn of_controller() -> String {
    let metrics = ControllerMetrics::new();
    metrics.failed("api");
    metrics.propagation_failed("api");
    metrics.lookup("success");
    metrics.call("GET", None);
    metrics.registry_check("accepted");
    complete(&metrics, metrics.render())
}

pub fn of_agent() -> String {
    let metrics = AgentMetrics::new();
    complete(&metrics, metrics.render())
}

pub fn of_registry() -> String {
    let metrics = RegistryMetrics::new();
    metrics.token(None);
    metrics.reloaded("certificate", true);
    complete(&metrics, metrics.render())
}

pub fn of_cache() -> String {
    let (metrics, _) = RegistryMetrics::of_cache();
    metrics.token(None);
    metrics.reloaded("certificate", true);
    complete(&metrics, metrics.render())
}

/// Checks that a text contains every registered metric, and returns it.
fn complete(metrics: &impl Debug, text: String) -> String {
    let registered = format!("{metrics:?}").matches("Descriptor {").count();
    let shown = text.matches("# TYPE ").count();
    assert_eq!(shown, registered, "a family has no sample: {text}");
    text
}
