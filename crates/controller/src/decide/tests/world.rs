//! A Function on a cluster that is played, and what is told of it.

use serde_json::json;

use super::super::*;
use crate::played::{DIGEST, Played};

/// See [`Played`].
pub(super) struct World(pub(super) Played);

/// What a plan does, and what it says: `create ConfigMap f-xxxxx`, `ConfigurationReady=True ConfigMapCreated ConfigMap …`.
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
            runtime_image: Ok(RuntimeImage {
                config_map: "dockerfile-nodejs-12".to_owned(),
                hash: "FROM node:12".to_owned(),
                files: Vec::new(),
            }),
            registry: Ok(Registry {
                secret: "serverless-registry-config".to_owned(),
                version: "7".to_owned(),
                push: "registry.example.com".to_owned(),
                pull: "registry.example.com".to_owned(),
            }),
            ..Observed::default()
        };
        Self(Played::new(Config::default(), serde_json::from_value(function).unwrap(), observed))
    }

    pub(super) fn inline() -> Self {
        Self::new(&json!({"source": "x", "runtime": "nodejs12", "minReplicas": 1, "maxReplicas": 1}))
    }

    pub(super) fn git() -> Self {
        let mut world = Self::new(&json!({
            "type": "git", "source": "repo", "reference": "main", "baseDir": "/fn",
            "runtime": "nodejs12", "minReplicas": 1, "maxReplicas": 1,
        }));
        world.0.observed.git.remote =
            Some(Remote { url: "https://example.com/r.git".to_owned(), ..Remote::default() });
        world
    }

    pub(super) fn later(&mut self, time: Duration) {
        self.0.now += time;
    }

    /// One pass, a second after the one before.
    pub(super) fn pass(&mut self) -> Told {
        self.later(Duration::from_secs(1));
        let plan = self.0.pass();
        (plan.steps.iter().map(step).collect(), self.conditions())
    }

    pub(super) fn conditions(&self) -> Vec<String> {
        let told = |condition: api::Condition| {
            let text = |text: Option<String>| text.unwrap_or_default();
            let (kind, status) = (condition.kind, condition.status);
            format!("{kind}={status} {} {}", text(condition.reason), text(condition.message))
        };
        self.0.status().conditions.unwrap_or_default().into_iter().map(told).collect()
    }

    /// Until it runs.
    pub(super) fn run(&mut self) {
        self.pass();
        self.0.end_job(true, "");
        self.pass();
        self.0.roll_out();
        self.pass();
    }

    pub(super) fn image(&self) -> String {
        let deployment = self.0.observed.deployment.0.as_ref().unwrap();
        deployment["spec"]["template"]["spec"]["containers"][0]["image"].as_str().unwrap().to_owned()
    }
}

fn step(step: &Step) -> String {
    let text = |object: &Value, pointer: &str| object.pointer(pointer).unwrap().as_str().unwrap().to_owned();
    let named = |object: &Value| format!("{} {}", text(object, "/kind"), text(object, "/metadata/name"));
    match step {
        Step::Create(object) => format!("create {}", named(object)),
        Step::Apply(object) => format!("apply {}", named(object)),
        Step::Change { name, change, .. } => match change {
            JobChange::Relabel(labels) => format!("relabel Job {name} {labels:?}"),
            JobChange::Digest(digest) if digest == DIGEST => format!("note digest on Job {name}"),
            JobChange::Digest(digest) => format!("note digest on Job {name} {digest}"),
            JobChange::Fail(why) => format!("note failure on Job {name} {why}"),
            JobChange::End(why) => format!("end Job {name} {why}"),
        },
        Step::Delete(kind, name) => format!("delete {kind} {name}"),
    }
}
