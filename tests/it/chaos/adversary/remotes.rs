//! Attacks that use servers: Git servers and registries, of the adversary or of others.

use fastrand::Rng;
use kube::api::DeleteParams;
use serde_json::json;

use super::attacks::FUNCTION;
use super::servers::Harm;
use super::{Adversary, DEVELOPMENT, FIRST, LAST, hostile};
use crate::chaos::author::DEFAULT;
use crate::harness::git::text;

impl Adversary {
    /// Functions with one repository that answers: each requests a poll when the first one does.
    pub(super) async fn poll(&self, random: &mut Rng) -> String {
        self.put(LAST, &hostile::repository("reachable", self.remotes.git_url(), None)).await;
        let first = hostile::function("polls", "", &hostile::git("reachable", "main"));
        self.put(LAST, &first).await;
        let mut all: Vec<_> = hostile::INTERVALS.into_iter().enumerate().collect();
        random.shuffle(&mut all);
        let mut said = Vec::new();
        for (index, interval) in all {
            let polling = hostile::polling(&format!("polls-{index}"), interval);
            said.push(format!("{interval:?} {}", word(&self.put(LAST, &polling).await)));
        }
        said.join(", ")
    }

    pub(super) async fn registries(&self, number: usize, random: &mut Rng) -> String {
        let mut said = Vec::new();
        for index in 0..4 {
            let namespace = if random.bool() { FIRST } else { LAST };
            let secret = hostile::registry(number + index, &self.servers, random);
            let address = secret["stringData"]["registryAddress"].clone();
            said.push(format!("{address} {}", word(&self.put(namespace, &secret).await)));
        }
        said.join(", ")
    }

    /// A repository on each malicious server, with the adversary's own credentials, and a Function that uses it.
    pub(super) async fn hostile_git(&self, number: usize, random: &mut Rng) -> String {
        let labels = json!({"serverless.kyma-project.io/git-credentials": "true"});
        let key = text(&self.key);
        let mine = json!({"username": "mine", "password": "mine-0", "key": key.as_str()});
        self.put(LAST, &hostile::secret("mine", &labels, &mine)).await;
        let mut harms =
            [Harm::Tarpit, Harm::Endless, Harm::Garbage, Harm::Redirect, Harm::Unauthorized, Harm::Ssh];
        random.shuffle(&mut harms);
        let mut said = Vec::new();
        for (index, harm) in harms.into_iter().enumerate() {
            let name = format!("harm-{}", (number + index) % 40);
            said.push(format!("{harm:?} {}", word(&self.harm(&name, harm, random).await)));
        }
        said.join(", ")
    }

    async fn harm(&self, name: &str, harm: Harm, random: &mut Rng) -> String {
        let auth = match harm {
            Harm::Ssh => Some(("key", "mine")),
            _ => random.bool().then_some(("basic", "mine")),
        };
        let url = hostile::url(&self.servers, harm, name);
        let mut repository = hostile::repository(name, &url, auth);
        let is_kept = random.u8(0..4) == 0;
        if is_kept {
            repository["metadata"]["finalizers"] = json!(["example.com/stay"]);
        }
        self.put(LAST, &repository).await;
        // A full commit hash is not looked up: only the build fetches it.
        let commit = "0".repeat(40);
        let reference = if random.u8(0..3) == 0 { commit.as_str() } else { "main" };
        let function = self.put(LAST, &hostile::function(name, "", &hostile::git(name, reference))).await;
        if is_kept {
            let repositories = super::api(&self.client, FUNCTION, "GitRepository", LAST);
            let _ = repositories.delete(name, &DeleteParams::default()).await;
        }
        function
    }

    /// Acts as the user who may write only Functions and repositories.
    pub(super) async fn steal(&self, number: usize, random: &mut Rng) -> String {
        let name = format!("stolen-{}", number % 20);
        let harm = [Harm::Unauthorized, Harm::Redirect][random.usize(0..2)];
        let url = hostile::url(&self.servers, harm, &name);
        let said = self.put(DEVELOPMENT, &hostile::repository(&name, &url, Some(("basic", DEFAULT)))).await;
        let commit = "0".repeat(40);
        let reference = if random.bool() { commit.as_str() } else { "main" };
        let spec = hostile::git(&name, reference);
        let function = self.put(DEVELOPMENT, &hostile::function(&name, "", &spec)).await;
        format!("{harm:?}: {said}; {function}")
    }

    pub(super) async fn known_hosts(&self, number: usize) -> String {
        let (host, line) = hostile::slow_pattern(&self.ssh.known_hosts);
        let key = text(&self.key);
        let labels = json!({"serverless.kyma-project.io/git-credentials": "true"});
        let texts = json!({"key": key.as_str(), "known_hosts": line});
        self.put(LAST, &hostile::secret("slow", &labels, &texts)).await;
        let name = format!("slow-{}", number % 4);
        let url = format!("ssh://git@{host}:{}/r.git", self.ssh.port);
        let repository = hostile::repository(&name, &url, Some(("key", "slow")));
        let said = self.put(LAST, &repository).await;
        let spec = hostile::git(&name, "main");
        let function = self.put(LAST, &hostile::function(&name, "", &spec)).await;
        format!("{said}; {function}")
    }
}

/// The last words of the result of a request.
fn word(said: &str) -> &str {
    said.splitn(3, ' ').last().unwrap_or_default()
}
