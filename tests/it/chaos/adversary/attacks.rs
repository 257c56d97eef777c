//! The attacks.

use std::time::Duration;

use fastrand::Rng;
use serde_json::{Value, json};

use super::forged::JobForm;
use super::plan::{Act, Attack};
use super::{Adversary, FIRST, HANGING, LAST, connections, forged, hostile};

pub(super) const FUNCTION: &str = "serverless.kyma-project.io/v1alpha1";
/// More than there are slots.
const JOBS: usize = 11;

impl Adversary {
    /// Makes an attack. Returns the result.
    pub(super) async fn act(&self, act: &Act) -> String {
        let mut random = act.dice();
        let random = &mut random;
        let name = format!("f{}", act.number % self.caps.functions);
        match act.attack {
            Attack::ForgedObjects => self.forge_objects(random).await,
            Attack::ForgedJobs => self.forge_jobs(random).await,
            Attack::ForgedStatus => self.forge_status(random).await,
            Attack::PollInterval => self.poll(random).await,
            Attack::RuntimeLabels => {
                let victim = self.victim(random.usize(..)).await;
                self.put(LAST, &hostile::labelled(&name, victim.as_ref(), random)).await
            }
            Attack::HugeSource => self.put(LAST, &hostile::huge_source(&name, random)).await,
            Attack::HugeAnnotations => self.put(LAST, &hostile::huge_annotations(&name, random)).await,
            Attack::ManyFunctions => self.many(act.number).await,
            Attack::Unschedulable => self.put(LAST, &hostile::unschedulable(&name)).await,
            Attack::HangingBuilds => self.hang(random).await,
            Attack::FailingBuild => {
                self.put(LAST, &hostile::function(&name, "fails", &hostile::inline(&name))).await
            }
            Attack::RestrictedBuild => {
                let spec = hostile::inline(&format!("// {}", act.number));
                self.put(FIRST, &hostile::function(&name, "", &spec)).await
            }
            Attack::RuntimeMaps => self.runtimes(act.number, random).await,
            Attack::RegistrySecret => self.registries(act.number, random).await,
            Attack::EditCopies => self.edit_copies(act.number, random).await,
            Attack::DeleteCopies => self.delete_copies().await,
            Attack::HostileGit => self.hostile_git(act.number, random).await,
            Attack::StolenCredentials => self.steal(act.number, random).await,
            Attack::KnownHosts => self.known_hosts(act.number).await,
            Attack::Connections => {
                let ports = self.running.ports();
                connections::hold(&ports, &self.tls, random).await
            }
            Attack::Withdraw => self.withdraw(random).await,
        }
    }

    /// Objects that might be mistaken for those of a victim, with the same names.
    async fn forge_objects(&self, random: &mut Rng) -> String {
        let Some(victim) = self.victim(random.usize(..)).await else { return "no victim".to_owned() };
        let namespace = if random.bool() { FIRST } else { LAST };
        let mut said = Vec::new();
        for object in forged::all(&victim, random) {
            said.push(self.put(namespace, &object).await);
        }
        said.join(", ")
    }

    async fn forge_jobs(&self, random: &mut Rng) -> String {
        let form = JobForm::ALL[random.usize(0..JobForm::ALL.len())];
        let nobody = json!({"metadata": {"name": "nobody", "uid": "nobody"}});
        let whose = match random.u8(0..3) {
            0 => Some(nobody),
            1 => self.victim(random.usize(..)).await,
            _ => self.own_function(random).await,
        };
        let Some(whose) = whose else { return "nobody to forge it of".to_owned() };
        let mut said = String::new();
        for index in 0..JOBS {
            let mut metadata = json!({
                "name": format!("{form:?}-{index}").to_lowercase(), "labels": forged::labels(&whose),
            });
            if random.bool() {
                metadata["ownerReferences"] = forged::owner(&whose);
                metadata["finalizers"] = json!(["example.com/stay"]);
            }
            said = self.put(LAST, &forged::job(metadata, form)).await;
        }
        format!("{JOBS} {form:?} Jobs for {}, the last: {said}", whose["metadata"]["name"])
    }

    async fn own_function(&self, random: &mut Rng) -> Option<Value> {
        let names = self.names(LAST, FUNCTION, "Function", "").await;
        let name = names.get(random.usize(..).checked_rem(names.len())?)?;
        let function = super::api(&self.client, FUNCTION, "Function", LAST).get(name).await.ok()?;
        serde_json::to_value(function).ok()
    }

    async fn forge_status(&self, random: &mut Rng) -> String {
        let Some(own) = self.own_function(random).await else { return "no Function".to_owned() };
        let name = own["metadata"]["name"].as_str().unwrap();
        let condition = |kind: &str| {
            json!({
                "type": kind, "status": "True", "reason": "JobFinished", "message": "x".repeat(30_000),
                "lastTransitionTime": "2026-01-01T00:00:00Z", "observedGeneration": 1,
            })
        };
        let conditions: Vec<_> = ["ConfigurationReady", "BuildReady", "Running"].map(condition).into();
        let status =
            json!({"status": {"conditions": conditions, "commit": "0".repeat(40), "source": "forged"}});
        self.patch(LAST, (FUNCTION, "Function/status", name), &status).await
    }

    async fn many(&self, number: usize) -> String {
        let mut said = String::new();
        for index in 0..10 {
            let name = format!("f{}", (number + index) % self.caps.functions);
            let spec = hostile::inline(&format!("// {number}"));
            said = self.put(LAST, &hostile::function(&name, "", &spec)).await;
        }
        format!("10 Functions, the last: {said}")
    }

    /// More hanging builds than there are slots. Unchanged ones go on, so that they hold their slots, whatever registry
    /// others get: they use a registry of their own.
    async fn hang(&self, random: &mut Rng) -> String {
        self.put(HANGING, &hostile::own_registry()).await;
        let mut said = String::new();
        for index in 0..2 * JOBS {
            let text = if random.u8(0..10) == 0 { random.u8(..) } else { 0 };
            let spec = hostile::inline(&format!("// {text}"));
            let namespace = if index % 2 == 0 { HANGING } else { LAST };
            said = self.put(namespace, &hostile::function(&format!("hangs-{index}"), "hangs", &spec)).await;
        }
        format!("{} Functions, the last: {said}", 2 * JOBS)
    }

    async fn runtimes(&self, number: usize, random: &mut Rng) -> String {
        let mut said = String::new();
        for index in 0..4 {
            let number = (number * 4 + index) % self.caps.runtimes;
            said = self.put(LAST, &hostile::runtime(number, random)).await;
        }
        format!("4 ConfigMaps of 1 MB, the last: {said}")
    }

    /// All copies of the controller in the two namespaces.
    async fn copies(&self) -> Vec<(&'static str, &'static str, String)> {
        let mut all = Vec::new();
        for namespace in [FIRST, LAST] {
            for kind in ["ConfigMap", "Secret", "ServiceAccount"] {
                let names = self.names(namespace, "v1", kind, "serverless.kyma-project.io/config").await;
                let copied = names.into_iter().filter(|name| !name.starts_with("evil-"));
                all.extend(copied.map(|name| (namespace, kind, name)));
            }
        }
        all
    }

    async fn edit_copies(&self, number: usize, random: &mut Rng) -> String {
        let copies = self.copies().await;
        let mut said = String::new();
        for round in 0..3 {
            for (namespace, kind, name) in &copies {
                let patch = match (*kind, random.u8(0..3)) {
                    ("Secret", 0) => json!({"stringData": {"password": format!("mine-{number}")}}),
                    ("ConfigMap", 0) => json!({"data": {"Dockerfile": format!("FROM scratch # {number}")}}),
                    (_, 1) => json!({"metadata": {"labels": {"serverless.kyma-project.io/config": null}}}),
                    _ => json!({
                        "metadata": {
                            "annotations": {"serverless.kyma-project.io/copied-from": "elsewhere", "round": round.to_string()},
                            "finalizers": ["example.com/stay"],
                        },
                    }),
                };
                said = self.patch(namespace, ("v1", kind, name), &patch).await;
            }
        }
        format!("{} copies, three times, the last: {said}", copies.len())
    }

    async fn delete_copies(&self) -> String {
        let copies = self.copies().await;
        let mut said = String::new();
        for (namespace, kind, name) in &copies {
            said = self.delete(namespace, ("v1", kind, name)).await;
        }
        format!("{} copies, the last: {said}", copies.len())
    }

    async fn withdraw(&self, random: &mut Rng) -> String {
        let kinds = [
            ("v1", "ConfigMap"),
            ("v1", "Service"),
            ("apps/v1", "Deployment"),
            ("batch/v1", "Job"),
            (FUNCTION, "Function"),
            (FUNCTION, "GitRepository"),
        ];
        let (api_version, kind) = kinds[random.usize(0..kinds.len())];
        let namespace = if random.u8(0..4) == 0 { FIRST } else { LAST };
        let mut names = self.names(namespace, api_version, kind, "").await;
        random.shuffle(&mut names);
        names.truncate(8);
        let mut said = String::new();
        for name in &names {
            said = self.delete(namespace, (api_version, kind, name)).await;
        }
        tokio::time::sleep(Duration::from_millis(random.u64(0..300))).await;
        format!("{} {kind}s, the last: {said}", names.len())
    }
}
