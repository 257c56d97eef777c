//! Everything that is killed, and credentials that rotate.

use std::time::{Duration, Instant};

use fastrand::Rng;
use testenv::Process;

use super::super::journal::Journal;
use super::cluster::Cluster;
use super::controller::Controller;
use super::pod::Pod;
use super::upstream::{Upstream, add_account, remove_account};
use crate::harness::node_agent::{Agent, AgentNode};

/// Accounts of the upstream besides those of the cache.
pub const PUSHER: (&str, &str) = ("pusher", "horse-of-pusher");
pub const TEAM: (&str, &str) = ("team", "horse-of-team");
pub const OTHER: (&str, &str) = ("other", "horse-of-other");
/// A login that the upstream does not know.
pub const STRANGER: (&str, &str) = ("stranger", "horse-of-stranger");
/// After how long nothing uses the earlier credentials: they can be revoked.
const SWITCHED: Duration = Duration::from_secs(5);

/// What happens.
#[derive(Clone, Copy, Debug)]
pub enum Disturbance {
    Rotate,
    RotateAndKillController,
    MistypeAndCorrect,
    KillGateway,
    KillRegistry,
    KillUpstream,
    RestartCacheWithoutUpstream,
    KillNodeAgent,
    RestartApiServer,
}

impl Disturbance {
    pub const ALL: [Self; 9] = [
        Self::Rotate,
        Self::KillGateway,
        Self::KillRegistry,
        Self::KillUpstream,
        Self::RotateAndKillController,
        Self::RestartCacheWithoutUpstream,
        Self::KillNodeAgent,
        Self::MistypeAndCorrect,
        Self::RestartApiServer,
    ];
}

/// Everything that runs.
pub struct System {
    pub cluster: Cluster,
    pub upstream: Upstream,
    pub pod: Pod,
    pub node: AgentNode,
    pub agent: Agent,
    /// The logs of controllers and agents that were killed.
    ended: Vec<String>,
    controller: Controller,
    /// Accounts that were in use, and until when.
    old: Vec<(String, Instant)>,
}

impl System {
    /// Waits until the cache serves.
    pub fn start() -> Self {
        let mut cluster = Cluster::start();
        let upstream = Upstream::start(&cluster.control_plane.kubeconfig());
        for account in [PUSHER, TEAM, OTHER] {
            add_account(&cluster.control_plane, account);
        }
        create_credentials(&mut cluster, &upstream);
        cluster.create_cache(upstream.port, &upstream.authority);
        let controller = Controller::start(&cluster, 0);
        cluster.wait("the cache is ready", || {
            ["Ready", "CredentialsValid"].iter().all(|kind| cluster.condition(kind).starts_with("True"))
        });
        let pod = Pod::start(&cluster);
        let node = AgentNode::of(&cluster.control_plane);
        let agent = node.start();
        Self { cluster, upstream, pod, node, agent, ended: Vec::new(), controller, old: Vec::new() }
    }

    /// What all have logged, those that were killed, too.
    pub fn logs(&self) -> Vec<String> {
        let running = [&self.controller.process, &self.agent.process].map(Process::output);
        let rest = [self.pod.logs(), self.upstream.logs()].concat();
        self.ended.iter().cloned().chain(running).chain(rest).collect()
    }

    /// Only what pulls go through may make them fail while it is away: the gateway, the registry and the upstream.
    pub fn disturb(&mut self, disturbance: Disturbance, random: &mut Rng, journal: &Journal) {
        self.revoke();
        match disturbance {
            Disturbance::Rotate => self.rotate(|_| {}),
            Disturbance::RotateAndKillController => {
                let pause = Duration::from_millis(random.u64(0..500));
                self.rotate(|system| {
                    std::thread::sleep(pause);
                    system.replace_controller();
                });
            }
            Disturbance::MistypeAndCorrect => {
                self.mistype();
                self.rotate(|_| {});
            }
            Disturbance::KillGateway => journal.outage(|| self.pod.restart_gateway()),
            Disturbance::KillRegistry => journal.outage(|| self.pod.restart_registry()),
            Disturbance::KillUpstream => journal.outage(|| {
                self.upstream.kill();
                std::thread::sleep(Duration::from_millis(random.u64(0..1500)));
                self.upstream.resume();
            }),
            Disturbance::RestartCacheWithoutUpstream => journal.outage(|| {
                self.upstream.kill();
                self.pod.kill();
                self.pod.restart_registry();
                self.pod.restart_gateway();
                self.upstream.resume();
            }),
            Disturbance::KillNodeAgent => {
                self.agent.process.signal("KILL").unwrap();
                self.agent.process.wait().unwrap();
                self.ended.push(self.agent.process.output());
                self.agent = self.node.start();
            }
            Disturbance::RestartApiServer => self.cluster.control_plane.restart_api_server().unwrap(),
        }
    }

    /// Rotates the credentials as the documentation has it. Something else may happen once they are asked for.
    fn rotate(&mut self, meanwhile: impl FnOnce(&mut Self)) {
        let old = self.cluster.login().0.to_owned();
        create_credentials(&mut self.cluster, &self.upstream);
        self.cluster.refer();
        meanwhile(self);
        let secret = self.cluster.secret();
        let cluster = &self.cluster;
        cluster.wait("the credentials are proven", || cluster.proven() == secret.as_str());
        let quoted = format!("{:?}", cluster.login().0);
        cluster.wait("the registry gets them", || self.pod.credentials().out.contains(&quoted));
        let used = [(secret, "upstream".to_owned())].into();
        cluster.wait("the old Secrets are free", || cluster.used() == used);
        self.cluster.delete_old_secrets();
        self.old.push((old, Instant::now()));
    }

    /// Revokes the credentials that nothing uses any more.
    fn revoke(&mut self) {
        let control_plane = &self.cluster.control_plane;
        for (user, _) in self.old.extract_if(.., |(_, until)| until.elapsed() > SWITCHED) {
            remove_account(control_plane, &user);
        }
    }

    /// Waits until all earlier credentials are revoked.
    pub fn revoke_all(&mut self) {
        while !self.old.is_empty() {
            self.revoke();
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Refers to a Secret with a wrong password, until that is noticed.
    fn mistype(&mut self) {
        let (user, password) = self.cluster.login();
        let (user, password) = (user.to_owned(), format!("{password}-mistyped"));
        let proven = self.cluster.proven();
        self.cluster.add_secret(user, password);
        self.cluster.refer();
        let refused = "False CredentialsInvalid ";
        let noticed = || self.cluster.condition("CredentialsValid").starts_with(refused);
        self.cluster.wait("the wrong password is noticed", noticed);
        assert_eq!(self.cluster.proven(), proven);
    }

    /// The next controller leads when the term of the last one has ended.
    fn replace_controller(&mut self) {
        let process = &mut self.controller.process;
        process.signal("KILL").unwrap();
        process.wait().unwrap();
        self.ended.push(process.output());
        self.controller = Controller::start(&self.cluster, self.controller.started + 1);
        self.controller.await_term();
    }
}

/// Creates an account of the upstream, and a Secret for it.
fn create_credentials(cluster: &mut Cluster, upstream: &Upstream) {
    let number = cluster.logins().len() + 1;
    let (user, password) = (format!("cache-{number}"), format!("horse-of-cache-{number}"));
    add_account(&cluster.control_plane, (&user, &password));
    cluster.wait("the upstream knows the account", || upstream.knows((&user, &password)));
    cluster.add_secret(user, password);
}
