//! A registry on a simulated cluster.

use api::registry::ImageRegistry;
use serde_json::json;

use super::super::*;
use crate::registry::certificates::ServerSecret;
use crate::registry::instance::Config;

pub(super) const DAY: Duration = Duration::from_hours(24);

pub(super) fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + DAY * 20_000
}

/// A life that starts now.
pub(super) fn life(days: u32) -> Life {
    Life { made: now(), ends: now() + DAY * days }
}

/// A registry, and what the cluster holds of it.
pub(super) struct World {
    pub(super) registry: ImageRegistry,
    pub(super) config: Config,
    pub(super) observed: Observed,
}

impl World {
    /// All certificates are there, and nothing else.
    pub(super) fn new(spec: &Value) -> Self {
        let registry = json!({"metadata": {"name": "registry", "namespace": "infra", "uid": "u", "generation": 1}, "spec": spec});
        let signs =
            |days| AuthoritySecret { signs: Some(life(days)), trusted: 1, ..AuthoritySecret::default() };
        let server = ServerSecret { serves: Some(life(90)), is_as_wanted: true, has_authorities: true };
        let zone = "svc.cluster.local".to_owned();
        Self {
            registry: serde_json::from_value(registry).unwrap(),
            config: Config { zone, registry_image: "r".to_owned(), gateway_image: "g".to_owned() },
            observed: Observed {
                root: Own::Stored(signs(3650)),
                tls: Certified::Own(Own::Stored(server)),
                tokens: Certified::Own(Own::Stored(signs(1825))),
                trusted: "PEM".to_owned(),
                keys: Own::Stored(true),
                ..Observed::default()
            },
        }
    }

    pub(super) fn plan(&self) -> Plan {
        decide(&Instance::of(&self.config, &self.registry).unwrap(), &self.observed, now())
    }

    /// Takes the steps of a plan, and lets the Pods serve. Returns the steps as words.
    pub(super) fn settle(&mut self) -> Vec<String> {
        let plan = self.plan();
        assert_eq!(plan.issues, []);
        for step in &plan.steps {
            match step {
                ObjectStep::Create(wanted) | ObjectStep::Apply(wanted) => {
                    self.store(wanted.kind, &wanted.name, wanted.object.clone());
                }
                ObjectStep::Delete(kind, name) => drop(self.observed.stored.remove(&(*kind, name.clone()))),
                ObjectStep::Change { .. } => unreachable!("a registry has no Job"),
            }
        }
        plan.steps.iter().map(words).collect()
    }

    pub(super) fn store(&mut self, kind: Kind, name: &str, mut object: Value) {
        if kind == Kind::StatefulSet {
            let replicas = object["spec"]["replicas"].clone();
            object["status"] =
                json!({"observedGeneration": 1, "updatedReplicas": replicas, "readyReplicas": replicas});
        }
        self.observed.stored.insert((kind, name.to_owned()), object);
    }

    /// Changes what is asked for with a merge patch.
    pub(super) fn change(&mut self, spec: &Value) {
        let mut registry = serde_json::to_value(&self.registry).unwrap();
        json_patch::merge(&mut registry, &json!({"spec": spec}));
        self.registry = serde_json::from_value(registry).unwrap();
    }
}

pub(super) fn words(step: &ObjectStep) -> String {
    match step {
        ObjectStep::Create(wanted) => format!("create {} {}", wanted.kind, wanted.name),
        ObjectStep::Apply(wanted) => format!("apply {} {}", wanted.kind, wanted.name),
        ObjectStep::Delete(kind, name) => format!("delete {kind} {name}"),
        ObjectStep::Change { name, .. } => format!("change Job {name}"),
    }
}

pub(super) fn problems(plan: &Plan) -> Vec<String> {
    plan.problems.iter().map(|problem| format!("{}: {}", problem.reason.as_str(), problem.message)).collect()
}

pub(super) fn volume() -> Value {
    json!({"persistentVolumeClaim": {"resources": {"requests": {"storage": "1Gi"}}}})
}
