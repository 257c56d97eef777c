//! What is not as it is to be: asked of the cluster and of the registries, not of the controller.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::adversary::NAMESPACES;
use super::author::{DEFAULT, OWN, bystanders};
use super::plan::{Namespace, Wanted, Which, is_git};
use super::system::{Remotes, password};
use super::waits;
use crate::cluster::kubectl;
use crate::registries::{USER, content};
use testenv::ControlPlane;

/// All objects of the cluster that matter, and what was wanted of them.
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
        // What the adversary has in its own namespaces is its own business, and the builds that are measured are gone.
        objects.retain(|object| {
            let metadata = &object["metadata"];
            let own = |name: &Value| name == waits::NAMESPACE || NAMESPACES.iter().any(|own| name == own);
            let namespace = if object["kind"] == "Namespace" { "name" } else { "namespace" };
            !own(&metadata[namespace])
        });
        Self { wanted, remotes, objects }
    }

    /// Kinds, names and versions, by which every write shows; of autoscalers Kubernetes itself writes the status.
    pub fn versions(&self) -> BTreeSet<String> {
        let ours = self.objects.iter().filter(|object| object["kind"] != "HorizontalPodAutoscaler");
        ours.map(|object| format!("{} {}", told(object), text(&object["metadata"]["resourceVersion"])))
            .collect()
    }

    /// A line for everything that is wrong.
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

    /// What its tenant has beside its Functions: it is there, and as it was made.
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

    /// The registry Secrets of a namespace.
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
        // What was there for other registries stays.
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
        let mut problems = Vec::new();
        let mut check = |what: &str, found: &Value, expected: &Value| {
            if found != expected {
                problems.push(format!("{what} is {found} and not {expected}"));
            }
        };
        let (name, spec) = (name_of(function), &function["spec"]);
        let wanted = &namespace.functions[name];
        for (key, value) in wanted.as_object().unwrap() {
            check(key, &spec[key], value);
        }
        for (kind, reason) in
            [("ConfigurationReady", ""), ("BuildReady", "JobFinished"), ("Running", "DeploymentReady")]
        {
            let conditions = function["status"]["conditions"].as_array().cloned().unwrap_or_default();
            let found =
                conditions.iter().find(|condition| condition["type"] == kind).cloned().unwrap_or_default();
            check(kind, &found["status"], &"True".into());
            check(
                &format!("the generation of {kind}"),
                &found["observedGeneration"],
                &function["metadata"]["generation"],
            );
            if !reason.is_empty() {
                check(kind, &found["reason"], &reason.into());
            }
        }
        let is_scaled = spec["minReplicas"] != spec["maxReplicas"];
        let counts = [
            ("ConfigMap", usize::from(!is_git(wanted))),
            ("Deployment", 1),
            ("Service", 1),
            ("HorizontalPodAutoscaler", usize::from(is_scaled)),
        ];
        let uid = &function["metadata"]["uid"];
        let made = |kind| self.all(kind).filter(move |object| owner(object) == uid);
        for (kind, count) in counts {
            check(&format!("the number of {kind}s"), &made(kind).count().into(), &count.into());
        }
        // None if it runs an image again that was built before: the Job of another image in between has gone.
        check("that there is one Job at most", &(made("Job").count() <= 1).into(), &true.into());
        let Some(deployment) = made("Deployment").next() else { return problems };
        let (replicas, container) =
            (&deployment["spec"]["replicas"], &deployment["spec"]["template"]["spec"]["containers"][0]);
        if !is_scaled {
            check("replicas", replicas, &spec["minReplicas"]);
        }
        if wanted["env"].is_array() {
            check("the environment", &container["env"][0], &wanted["env"][0]);
        }
        let namespace_name = text(&function["metadata"]["namespace"]);
        let is_of_it = |pod: &&Value| {
            let labels = &pod["metadata"]["labels"];
            labels["serverless.kyma-project.io/function-name"] == name
                && labels["serverless.kyma-project.io/resource"] == "deployment"
        };
        let pods: Vec<_> = self.within("Pod", namespace_name).filter(is_of_it).collect();
        check("the number of Pods", &pods.len().into(), replicas);
        for pod in pods {
            check("the phase of a Pod", &pod["status"]["phase"], &"Running".into());
            check("the image of a Pod", &pod["spec"]["containers"][0]["image"], &container["image"]);
        }
        let which = self.wanted.registry(namespace);
        let repository =
            format!("{}/functions/{namespace_name}-{name}:", self.remotes.registry(which).address());
        let image = text(&container["image"]);
        if !image.starts_with(&repository) {
            problems.push(format!("{image} is none of {repository}"));
        }
        if problems.is_empty() {
            let (found, expected) = (content(&self.docker_config(which), image), self.wanted.source(wanted));
            if found != expected {
                problems.push(format!("{image} holds {found:?} and not {expected:?}"));
            }
        }
        problems
    }

    /// What was made for Functions that are not there.
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
