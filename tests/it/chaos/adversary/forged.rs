//! Objects that claim to belong to a victim.

use decide::function::Identity;
use fastrand::Rng;
use serde_json::{Value, json};

/// What the other tenants have besides their Functions. Only they may change it.
pub const BYSTANDERS: [&str; 3] = ["payments-config", "payments", "nightly-backup"];

/// The labels of a Function's objects.
pub fn labels(function: &Value) -> Value {
    let metadata = &function["metadata"];
    json!({
        "serverless.kyma-project.io/managed-by": "function-controller",
        "serverless.kyma-project.io/function-name": metadata["name"],
        "serverless.kyma-project.io/uuid": metadata["uid"],
    })
}

pub fn owner(function: &Value) -> Value {
    let metadata = &function["metadata"];
    json!([{
        "apiVersion": "serverless.kyma-project.io/v1alpha1", "kind": "Function", "controller": true,
        "blockOwnerDeletion": true, "name": metadata["name"], "uid": metadata["uid"],
    }])
}

/// The objects that a victim has besides its Function, those that the controller creates for it, and more. They have
/// its labels, and most of them name it as the owner.
pub fn all(victim: &Value, random: &mut Rng) -> Vec<Value> {
    let function: api::Function = serde_json::from_value(victim.clone()).unwrap();
    let identity = Identity::of(&function.metadata).unwrap();
    let mut metadata = |name: &str| {
        let mut metadata = json!({"name": name, "labels": labels(victim)});
        if random.u8(0..4) > 0 {
            metadata["ownerReferences"] = owner(victim);
        }
        if random.u8(0..4) > 0 {
            // Keeps the garbage collector from deleting it.
            metadata["finalizers"] = json!(["example.com/stay"]);
        }
        metadata
    };
    let child = identity.child();
    let [config, payments, backup] = BYSTANDERS;
    let [config, payments, backup] = [metadata(config), metadata(payments), metadata(backup)];
    let [first, second, third] = [metadata(&child), metadata(&child), metadata(&child)];
    let [service_of_it, build] = [metadata(&identity.name), metadata(&identity.job("image", 1))];
    let mut form = || JobForm::ALL[random.usize(0..JobForm::ALL.len())];
    let jobs = [job(backup, form()), job(build, form())];
    let mut all = vec![
        config_map(&config),
        config_map(&first),
        deployment(&payments),
        deployment(&second),
        autoscaler(&third),
        service(&service_of_it),
    ];
    all.extend(jobs);
    random.shuffle(&mut all);
    all
}

pub fn config_map(metadata: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"source": "forged"}})
}

pub fn deployment(metadata: &Value) -> Value {
    let labels = json!({"app": "theirs"});
    let pod = json!({"metadata": {"labels": labels}, "spec": {"containers": [{"name": "a", "image": "b"}]}});
    let spec = json!({"replicas": 0, "selector": {"matchLabels": labels}, "template": pod});
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec})
}

fn service(metadata: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"ports": [{"port": 80}]}})
}

fn autoscaler(metadata: &Value) -> Value {
    let target = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "payments"});
    let spec = json!({"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": 9});
    json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": metadata, "spec": spec})
}

/// The progress of a Job.
#[derive(Clone, Copy, Debug)]
pub enum JobForm {
    Suspended,
    Hanging,
    Complete,
    Failed,
}

impl JobForm {
    pub const ALL: [Self; 4] = [Self::Suspended, Self::Hanging, Self::Complete, Self::Failed];
}

/// A Job with the annotations of a build, at the last attempt.
pub fn job(mut metadata: Value, form: JobForm) -> Value {
    metadata["annotations"] = json!({
        "serverless.kyma-project.io/image": "127.0.0.1:1/forged:1",
        "serverless.kyma-project.io/attempt": "4294967295",
        "serverless.kyma-project.io/image-digest": format!("sha256:{}", "0".repeat(64)),
        "serverless.kyma-project.io/credentials-version": "0",
        "serverless.kyma-project.io/failure": "forged",
    });
    let build = match form {
        JobForm::Hanging | JobForm::Suspended => "hangs",
        JobForm::Complete => "ends",
        JobForm::Failed => "fails",
    };
    let pod = json!({"containers": [{"name": "a", "image": "b"}], "restartPolicy": "Never"});
    let template = json!({"metadata": {"labels": {"testenv/build": build}}, "spec": pod});
    let spec = json!({
        "suspend": matches!(form, JobForm::Suspended), "backoffLimit": 0, "template": template,
    });
    json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec})
}
