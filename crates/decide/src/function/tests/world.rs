//! A Function on a simulated cluster, and its reported status.

use super::*;

/// See [`Simulation`].
pub(super) struct World {
    pub(super) simulation: Simulation,
    /// The Function as its author wrote it.
    function: Value,
}

/// The steps of a plan and the reported conditions: `create ConfigMap f-xxxxx`, `ConfigurationReady=True
/// ConfigMapCreated ConfigMap …`.
pub(super) type Pass = (Vec<String>, Vec<String>);

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
                has_authority: false,
            }),
            ..Observed::default()
        };
        let simulation = Simulation::new(Config::default(), converted(&function), observed);
        Self { simulation, function }
    }

    pub(super) fn inline() -> Self {
        Self::new(&json!({"source": "x", "runtime": "nodejs12", "minReplicas": 1, "maxReplicas": 1}))
    }

    pub(super) fn git() -> Self {
        let mut world = Self::new(&json!({
            "type": "git", "source": "repo", "reference": "main", "baseDir": "/fn",
            "runtime": "nodejs12", "minReplicas": 1, "maxReplicas": 1,
        }));
        world.observed().git.remote =
            Some(Remote { url: "https://example.com/r.git".to_owned(), ..Remote::default() });
        world
    }

    pub(super) fn observed(&mut self) -> &mut Observed {
        &mut self.simulation.observed
    }

    /// The author changes the Function with a merge patch.
    pub(super) fn change(&mut self, change: &Value) {
        json_patch::merge(&mut self.function, change);
        let status = self.simulation.function.status.clone();
        self.simulation.function = Function { status, ..converted(&self.function) };
    }

    pub(super) fn later(&mut self, time: Duration) {
        self.simulation.now += time;
    }

    /// One pass, a second after the previous one.
    pub(super) fn pass(&mut self) -> Pass {
        self.later(Duration::from_secs(1));
        let plan = self.simulation.pass();
        (plan.steps.iter().map(step).collect(), self.conditions())
    }

    /// One pass that takes no steps and reports nothing new.
    pub(super) fn rests(&mut self) -> bool {
        let before = self.simulation.status().clone();
        self.pass().0.is_empty() && *self.simulation.status() == before
    }

    /// The conditions of the stages.
    pub(super) fn conditions(&self) -> Vec<String> {
        let conditions = self.simulation.status().conditions.iter();
        conditions.filter(|condition| condition.kind != "Ready").map(said).collect()
    }

    /// The summary.
    pub(super) fn ready(&self) -> String {
        let mut conditions = self.simulation.status().conditions.iter();
        conditions.find(|condition| condition.kind == "Ready").map(said).unwrap_or_default()
    }

    /// Runs passes until the Function runs.
    pub(super) fn run(&mut self) {
        self.pass();
        self.simulation.end_job(true, "");
        self.pass();
        self.simulation.roll_out();
        self.pass();
    }

    pub(super) fn image(&self) -> String {
        let deployment = self.simulation.observed.deployment.0.as_ref().unwrap();
        deployment["spec"]["template"]["spec"]["containers"][0]["image"].as_str().unwrap().to_owned()
    }
}

fn said(condition: &api::Condition) -> String {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let (kind, status) = (&condition.kind, &condition.status);
    format!("{kind}={status} {} {}", text(&condition.reason), text(&condition.message))
}

fn converted(function: &Value) -> Function {
    Function::of_v1alpha1(serde_json::from_value(function.clone()).unwrap()).unwrap()
}

fn step(step: &Step) -> String {
    match step {
        Step::Create(wanted) => format!("create {} {}", wanted.kind, wanted.name),
        Step::Apply(wanted) => format!("apply {} {}", wanted.kind, wanted.name),
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
