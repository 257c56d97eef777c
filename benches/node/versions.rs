//! The versions of the controller that are measured by turns: this one, and before it the one whose programs are in the
//! folder that `BEFORE` names, if there is one. On a machine with other work only figures of the same minutes compare.

use std::sync::LazyLock;
use std::time::Duration;

use crate::harness::cluster::{NOTHING, kubectl};
use crate::harness::real_cluster::CLUSTER;
use crate::harness::wait::wait_within;

/// The tag of the installed image.
const INSTALLED: &str = "1";

/// A version of the controller.
pub struct Version {
    /// Its name, and the tag of its image.
    pub name: &'static str,
}

/// All versions.
pub static VERSIONS: LazyLock<Vec<Version>> = LazyLock::new(|| {
    let before = std::env::var_os("BEFORE").map(|_| Version { name: "before" });
    before.into_iter().chain([Version { name: INSTALLED }]).collect()
});

impl Version {
    /// Lets this version reconcile Functions.
    pub fn install(&self) {
        if VERSIONS.len() == 1 {
            return;
        }
        let say = |words: &str| {
            kubectl(&CLUSTER.control_plane, &format!("{words} --namespace=kyma-system"), NOTHING).unwrap()
        };
        let image = format!("images.test:5002/serverless-controller:{}", self.name);
        say(&format!("set image deployment/serverless-controller *={image}"));
        say("rollout status deployment/serverless-controller --timeout=2m");
        let pods = |path: &str| {
            say(&format!(
                "get pods --selector=app.kubernetes.io/name=serverless-controller -o jsonpath={{.items[*].{path}}}"
            ))
        };
        let is_alone = || pods("spec.containers[0].image").split(' ').all(|running| running == image);
        wait_within(Duration::from_mins(2), "only this version is left", is_alone);
        let leads = || {
            let holder = say(
                "get lease serverless-controller-leader-election-helper -o jsonpath={.spec.holderIdentity}",
            );
            pods("metadata.name").split(' ').any(|pod| holder.contains(pod))
        };
        wait_within(Duration::from_mins(2), "it leads", leads);
    }
}
