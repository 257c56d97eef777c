//! Differences from the wanted state, as found in the cluster and the registries, independent of the controller.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::adversary::NAMESPACES;
use super::author::{DEFAULT, OWN, bystanders};
use super::plan::{Namespace, Wanted, Which, is_git};
use super::system::{Remotes, password};
use super::waits;
use crate::harness::cluster::kubectl;
use crate::harness::registry::{USER, content};
use testenv::ControlPlane;

/// All relevant objects of the cluster, and the wanted state.
pub struct Verdict<'a> {
    pub wanted: &'a Wanted,
    pub remotes: &'a Remotes,
    objects: Vec<Value>,
}

impl<'a> Verdict<'a> {
    pub fn new(control_plane: &ControlPlane, wanted: &'a Wanted, remotes: &'a Remotes) -> Self {
        let kinds =
            "namespaces,functions,configmaps,jobs,deployments,services,horizontalpodautoscalers,pods,secrets";
        let listed = kubectl(control_plane, &format!("get {kinds} -A -o json"), &Value::Null).unwrap();
        let mut listed: Value = serde_json::from_str(&listed).unwrap();
        let Value::Array(mut objects) = listed["items"].take() else { panic!("no list") };
        // The adversary's objects in its own namespaces are ignored, and the measured builds have been deleted.
        objects.retain(|object| {
            let metadata = &object["metadata"];
            let own = |name: &Value| name == waits::NAMESPACE || NAMESPACES.iter().any(|own| name == own);
            let namespace = if object["kind"] == "Namespace" { "name" } else { "namespace" };
            !own(&metadata[namespace])
        });
        Self { wanted, remotes, objects }
    }

    /// Kinds, names and versions, which show every write; for autoscalers, Kubernetes itself writes the status.
    pub fn versions(&self) -> BTreeSet<String> {
        let ours = self.objects.iter().filter(|object| object["kind"] != "HorizontalPodAutoscaler");
        ours.map(|object| format!("{} {}", told(object), text(&object["metadata"]["resourceVersion"])))
            .collect()
    }

    /// One line for each problem.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = self.namespaces();
        for (name, namespace) in &self.wanted.namespaces {
            problems.extend(self.secrets(name, namespace));
            problems.extend(self.bystanders(name));
            let found: Vec<_> = self.within("Function", name).map(name_of).collect();
            if !found.iter().eq(namespace.functions.keys()) {
                problems.push(format!("{name} has the Functions {found:?}"));
                continue;
            }
            for function in self.within("Function", name) {
                let of_it = self.function(function, namespace);
                problems.extend(of_it.into_iter().map(|problem| format!("{}: {problem}", told(function))));
            }
        }
        problems.extend(self.orphans());
        problems
    }

    fn namespaces(&self) -> Vec<String> {
        let own = ["default", "kyma-system", "kube-node-lease", "kube-public", "kube-system"];
        let found: Vec<_> = self.all("Namespace").map(name_of).filter(|name| !own.contains(name)).collect();
        let is_right = found.iter().eq(self.wanted.namespaces.keys());
        if is_right { Vec::new() } else { vec![format!("there are the namespaces {found:?}")] }
    }

    /// Checks that what the tenant has besides its Functions exists and is unchanged.
    fn bystanders(&self, name: &str) -> Vec<String> {
        let wanted = bystanders(name);
        let changed = wanted.iter().filter(|wanted| {
            let found =
                self.within(text(&wanted["kind"]), name).find(|found| name_of(found) == name_of(wanted));
            let is_same = |found: &Value| {
                wanted["data"] == found["data"]
                    && found["metadata"]["labels"]["serverless.kyma-project.io/uuid"].is_null()
                    && found["spec"]["replicas"] == wanted["spec"]["replicas"]
                    && found["spec"]["suspend"] == wanted["spec"]["suspend"]
            };
            !found.is_some_and(is_same)
        });
        changed.map(|object| format!("{} is not as its tenant made it", told(object))).collect()
    }

    /// Checks the registry Secrets of a namespace.
    fn secrets(&self, name: &str, namespace: &Namespace) -> Vec<String> {
        let mut wanted = vec![(OWN, namespace.own.or(self.wanted.for_all)), (DEFAULT, Some(0))];
        wanted.retain(|(_, which)| which.is_some());
        let of_registries = |secret: &&Value| name_of(secret).starts_with(OWN);
        let found: Vec<_> = self.within("Secret", name).filter(of_registries).collect();
        if !found.iter().map(|secret| name_of(secret)).eq(wanted.iter().map(|(name, _)| *name)) {
            return vec![format!(
                "{name} has the Secrets {:?}",
                found.iter().map(|secret| name_of(secret)).collect::<Vec<_>>()
            )];
        }
        // Entries for other registries must stay.
        let is_wrong = |(secret, (_, which)): &(&&Value, (&str, Option<Which>))| {
            let config = STANDARD.decode(text(&secret["data"][".dockerconfigjson"])).unwrap();
            let config: Value = serde_json::from_slice(&config).unwrap();
            let address = self.remotes.registry(which.unwrap()).address();
            config["auths"][&address]["auth"] != self.auth(which.unwrap())
        };
        let wrong = found.iter().zip(wanted).filter(is_wrong);
        wrong.map(|(secret, _)| format!("{} has other credentials", told(secret))).collect()
    }

    fn auth(&self, which: Which) -> String {
        STANDARD.encode(format!("{USER}:{}", password(self.wanted.passwords[which])))
    }

    fn docker_config(&self, which: Which) -> String {
        json!({"auths": {(self.remotes.registry(which).address()): {"auth": self.auth(which)}}}).to_string()
    }

    fn function(&self, function: &Value, namespace: &Namespace) -> Vec<String> {
        let mut problems = Problems::default();
        let wanted = &namespace.functions[name_of(function)];
        for (key, value) in wanted.as_object().unwrap() {
            problems.check(key, &function["spec"][key], value);
        }
        conditions(function, &mut problems);
        self.made(function, wanted, &mut problems);
        let uid = &function["metadata"]["uid"];
        let Some(deployment) = self.all("Deployment").find(|object| owner(object) == uid) else {
            return problems.0;
        };
        let container = &deployment["spec"]["template"]["spec"]["containers"][0];
        let spec = &function["spec"];
        if spec["minReplicas"] == spec["maxReplicas"] {
            problems.check("replicas", &deployment["spec"]["replicas"], &spec["minReplicas"]);
        }
        if wanted["env"].is_array() {
            problems.check("the environment", &container["env"][0], &wanted["env"][0]);
        }
        self.pods(function, &deployment["spec"]["replicas"], &container["image"], &mut problems);
        self.image(function, text(&container["image"]), namespace, &mut problems);
        problems.0
    }

    /// Checks that each kind has the right number of objects.
    fn made(&self, function: &Value, wanted: &Value, problems: &mut Problems) {
        let is_scaled = function["spec"]["minReplicas"] != function["spec"]["maxReplicas"];
        let counts = [
            ("ConfigMap", usize::from(!is_git(wanted))),
            ("Deployment", 1),
            ("Service", 1),
            ("HorizontalPodAutoscaler", usize::from(is_scaled)),
        ];
        let uid = &function["metadata"]["uid"];
        let count = |kind| self.all(kind).filter(|object| owner(object) == uid).count();
        for (kind, expected) in counts {
            problems.check(&format!("the number of {kind}s"), &count(kind).into(), &expected.into());
        }
        // There is none if it runs an image again that was built before: the Job of another image in between has been
        // deleted.
        problems.check("that there is one Job at most", &(count("Job") <= 1).into(), &true.into());
    }

    /// Checks that all Pods run the image of the Deployment.
    fn pods(&self, function: &Value, replicas: &Value, image: &Value, problems: &mut Problems) {
        let is_of_it = |pod: &&Value| {
            let labels = &pod["metadata"]["labels"];
            labels["serverless.kyma-project.io/function-name"] == name_of(function)
                && labels["serverless.kyma-project.io/resource"] == "deployment"
        };
        let namespace = text(&function["metadata"]["namespace"]);
        let pods: Vec<_> = self.within("Pod", namespace).filter(is_of_it).collect();
        problems.check("the number of Pods", &pods.len().into(), replicas);
        for pod in pods {
            problems.check("the phase of a Pod", &pod["status"]["phase"], &"Running".into());
            problems.check("the image of a Pod", &pod["spec"]["containers"][0]["image"], image);
        }
    }

    /// Checks that the image is in the last wanted registry and contains the wanted source. It is pulled only if
    /// everything else is right.
    fn image(&self, function: &Value, image: &str, namespace: &Namespace, problems: &mut Problems) {
        let name = name_of(function);
        let which = self.wanted.registry(namespace);
        let repository = format!(
            "{}/functions/{}-{name}:",
            self.remotes.registry(which).address(),
            text(&function["metadata"]["namespace"])
        );
        if !image.starts_with(&repository) {
            problems.0.push(format!("{image} is none of {repository}"));
        }
        if problems.0.is_empty() {
            let expected = self.wanted.source(&namespace.functions[name]);
            let found = content(&self.docker_config(which), image);
            if found != expected {
                problems.0.push(format!("{image} holds {found:?} and not {expected:?}"));
            }
        }
    }

    /// Objects of Functions that do not exist.
    fn orphans(&self) -> Vec<String> {
        let functions: Vec<_> = self.all("Function").map(|function| &function["metadata"]["uid"]).collect();
        let is_made = |object: &&Value| {
            object["kind"] != "Pod"
                && object["metadata"]["labels"]["serverless.kyma-project.io/managed-by"]
                    == "function-controller"
        };
        let made = self.objects.iter().filter(is_made);
        made.filter(|object| !functions.contains(&owner(object)))
            .map(|object| format!("{} is of no Function", told(object)))
            .collect()
    }

    fn all(&self, kind: &str) -> impl Iterator<Item = &Value> {
        self.objects.iter().filter(move |object| object["kind"] == kind)
    }

    fn within(&self, kind: &str, namespace: &str) -> impl Iterator<Item = &Value> {
        self.all(kind).filter(move |object| object["metadata"]["namespace"] == namespace)
    }
}

/// The problems of a Function, one line each.
#[derive(Default)]
struct Problems(Vec<String>);

impl Problems {
    fn check(&mut self, what: &str, found: &Value, expected: &Value) {
        if found != expected {
            self.0.push(format!("{what} is {found} and not {expected}"));
        }
    }
}

/// Checks that all stages are True for the current generation.
fn conditions(function: &Value, problems: &mut Problems) {
    let conditions = function["status"]["conditions"].as_array().cloned().unwrap_or_default();
    for (kind, reason) in [
        ("ConfigurationReady", ""),
        ("BuildReady", "JobFinished"),
        ("Running", "DeploymentReady"),
        ("Ready", "DeploymentReady"),
    ] {
        let found =
            conditions.iter().find(|condition| condition["type"] == kind).cloned().unwrap_or_default();
        problems.check(kind, &found["status"], &"True".into());
        problems.check(
            &format!("the generation of {kind}"),
            &found["observedGeneration"],
            &function["metadata"]["generation"],
        );
        if !reason.is_empty() {
            problems.check(kind, &found["reason"], &reason.into());
        }
    }
}

fn owner(object: &Value) -> &Value {
    &object["metadata"]["ownerReferences"][0]["uid"]
}

fn name_of(object: &Value) -> &str {
    text(&object["metadata"]["name"])
}

/// Kind, namespace and name.
fn told(object: &Value) -> String {
    let metadata = &object["metadata"];
    format!("{} {}/{}", text(&object["kind"]), text(&metadata["namespace"]), text(&metadata["name"]))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
