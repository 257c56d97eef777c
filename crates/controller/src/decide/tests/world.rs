//! A Function on a cluster that is played.

use serde_json::json;

use super::super::*;

/// A Function with its cluster.
pub(super) struct World {
    pub(super) config: Config,
    pub(super) function: Function,
    pub(super) observed: Observed,
    pub(super) seconds: i64,
}

/// What a plan does, and what it says: `Apply ConfigMap f-xxxxx`, `ConfigurationReady=True ConfigMapCreated ConfigMap …`.
pub(super) type Told = (Vec<String>, Vec<String>);

impl World {
    pub(super) fn new(spec: &Value) -> Self {
        let function = json!({
            "apiVersion": "serverless.kyma-project.io/v1alpha1",
            "kind": "Function",
            "metadata": {"name": "f", "namespace": "n", "uid": "u-1", "generation": 1, "labels": {"app": "shop"}},
            "spec": spec,
        });
        let observed = Observed {
            runtime_image: Some(RuntimeImage {
                config_map: "dockerfile-nodejs-12".to_owned(),
                dockerfile: "FROM node:12".to_owned(),
            }),
            registry: Some(Registry {
                secret: "serverless-registry-config".to_owned(),
                push: "registry.example.com".to_owned(),
                pull: "registry.example.com".to_owned(),
            }),
            ..Observed::default()
        };
        let function = serde_json::from_value(function).unwrap();
        Self { config: Config::default(), function, observed, seconds: 0 }
    }

    pub(super) fn inline() -> Self {
        Self::new(&json!({"source": "x", "runtime": "nodejs12", "minReplicas": 1, "maxReplicas": 1}))
    }

    pub(super) fn time(&self) -> Time {
        serde_json::from_value(json!(format!("2026-11-21T00:00:{:02}Z", self.seconds))).unwrap()
    }

    /// One pass, whose steps are taken and whose status is written.
    pub(super) fn pass(&mut self) -> Told {
        self.seconds += 1;
        let plan = decide(&self.config, &self.function, &self.observed, self.time());
        let mut did = Vec::new();
        for step in plan.steps {
            did.push(self.take(step));
        }
        self.function.status = Some(plan.status);
        (did, self.conditions())
    }

    pub(super) fn take(&mut self, step: Step) -> String {
        match step {
            Step::Apply(mut object) => {
                let text = |key: &str| object.pointer(key).unwrap().as_str().unwrap().to_owned();
                let (kind, name) = (text("/kind"), text("/metadata/name"));
                object["metadata"]["resourceVersion"] = "1".into();
                object["metadata"]["generation"] = 1.into();
                match kind.as_str() {
                    "ConfigMap" => self.observed.config_map = Stored(Some(object)),
                    "Job" => self.observed.jobs.push(object),
                    "Deployment" => {
                        object["spec"]["progressDeadlineSeconds"] = 600.into();
                        self.observed.deployment = Stored(Some(object));
                    }
                    "Service" => self.observed.service = Stored(Some(object)),
                    "HorizontalPodAutoscaler" => self.observed.autoscaler = Stored(Some(object)),
                    other => panic!("{other}"),
                }
                format!("apply {kind} {name}")
            }
            Step::Delete(kind, name) => {
                match kind {
                    "Job" => self.observed.jobs.retain(|job| job["metadata"]["name"] != name.as_str()),
                    "HorizontalPodAutoscaler" => self.observed.autoscaler = Stored(None),
                    other => panic!("{other}"),
                }
                format!("delete {kind} {name}")
            }
        }
    }

    pub(super) fn conditions(&self) -> Vec<String> {
        let conditions = self.function.status.as_ref().and_then(|status| status.conditions.as_ref());
        let told = |condition: &Condition| {
            let text = |text: &Option<String>| text.clone().unwrap_or_default();
            format!(
                "{}={} {} {}",
                condition.kind,
                condition.status,
                text(&condition.reason),
                text(&condition.message)
            )
        };
        conditions.into_iter().flatten().map(told).collect()
    }

    pub(super) fn finish_job(&mut self, kind: &str, message: &str) {
        let condition = json!({"type": kind, "status": "True", "message": message});
        self.observed.jobs.last_mut().unwrap()["status"] = json!({"conditions": [condition]});
    }

    pub(super) fn roll_out(&mut self) {
        let conditions = json!([
            {"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable"},
            {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"},
        ]);
        self.observed.deployment.0.as_mut().unwrap()["status"] =
            json!({"observedGeneration": 1, "conditions": conditions});
    }

    /// Until it runs.
    pub(super) fn run(&mut self) {
        self.pass();
        self.finish_job("Complete", "");
        self.pass();
        self.roll_out();
        self.pass();
    }
}
