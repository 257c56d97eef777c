//! Where the time between `kubectl apply` and the first answer goes, and whose it is.

use k8s_openapi::jiff::Timestamp;
use serde_json::Value;

use crate::harness::real_cluster::{CLUSTER, Namespace};
use crate::watch::Watch;

/// The stages in their order, with what works in them.
pub const STAGES: [(&str, &str); 16] = [
    ("kubectl starts, the webhook admits the Function", "kubectl, API server, webhook"),
    ("ConfigMap and Job are created", "controller"),
    ("the Pod of the build is created and has a node", "Job controller, scheduler"),
    ("its container starts", "kubelet, containerd"),
    ("buildkitd starts", "BuildKit"),
    ("base image and cache are read, steps run", "BuildKit"),
    ("image and cache are exported", "BuildKit"),
    ("the container ends", "BuildKit"),
    ("its Pod says so", "kubelet"),
    ("the Job will succeed", "Job controller"),
    ("the Job has succeeded", "Job controller"),
    ("the Deployment is written", "controller"),
    ("its Pod has a node", "Deployment controller, scheduler"),
    ("the image is pulled, the container starts", "kubelet, containerd"),
    ("the Pod is ready", "runtime of the Function, kubelet"),
    ("its Service leads there", "EndpointSlice controller, kube-proxy"),
];

/// How a round went.
pub struct Round {
    /// Seconds of each stage.
    pub seconds: [f64; STAGES.len()],
}

impl Round {
    pub fn total(&self) -> f64 {
        self.seconds.iter().sum()
    }

    /// Takes apart what was watched between two times.
    pub fn of(namespace: &Namespace, watch: &Watch, start: Timestamp, answered: Timestamp) -> Self {
        // Times of objects are whole seconds.
        let second = Timestamp::from_second(start.as_second()).unwrap();
        let is_new = |object: &Value| time(&object["metadata"]["creationTimestamp"]) >= second;
        let has_node = |pod: &Value| pod["spec"]["nodeName"].is_string();
        let of_build = |pod: &Value| pod["metadata"]["labels"]["batch.kubernetes.io/job-name"].is_string();
        let serves =
            |pod: &Value| pod["metadata"]["labels"]["serverless.kyma-project.io/resource"] == "deployment";
        let at = |kind: &str, holds: &dyn Fn(&Value) -> bool| watch.wait(start, kind, holds);

        let (admitted, _) = at("Function", &|_| true);
        let (job, _) = at("Job", &is_new);
        let (scheduled, _) = at("Pod", &|pod| is_new(pod) && of_build(pod) && has_node(pod));
        let (_, build) =
            at("Pod", &|pod| is_new(pod) && of_build(pod) && pod["status"]["phase"] == "Succeeded");
        let [started, ended] = container(&build);
        let [first, exports, last] = log(namespace, &build);
        let (said, _) = at("Pod", &|pod| {
            is_new(pod)
                && of_build(pod)
                && pod["status"]["containerStatuses"][0]["state"]["terminated"].is_object()
        });
        let has = |object: &Value, kind: &str| {
            let mut conditions = object["status"]["conditions"].as_array().into_iter().flatten();
            conditions.any(|condition| condition["type"] == kind && condition["status"] == "True")
        };
        let (criteria, _) = at("Job", &|job| is_new(job) && has(job, "SuccessCriteriaMet"));
        let (complete, _) = at("Job", &|job| is_new(job) && has(job, "Complete"));
        let (ready, pod) = at("Pod", &|pod| is_new(pod) && serves(pod) && has(pod, "Ready"));
        let image = |pod: &Value| pod["spec"]["containers"][0]["image"].clone();
        let (deployed, _) =
            at("Deployment", &|deployment| image(&deployment["spec"]["template"]) == image(&pod));
        let is_same = |other: &Value| other["metadata"]["uid"] == pod["metadata"]["uid"];
        let (placed, _) = at("Pod", &|other| is_same(other) && has_node(other));
        let [runs, _] = container(&pod);

        let ends = [
            start, admitted, job, scheduled, started, first, exports, last, ended, said, criteria, complete,
            deployed, placed, runs, ready, answered,
        ];
        let seconds = |stage: usize| ends[stage + 1].duration_since(ends[stage]).as_secs_f64();
        Self { seconds: std::array::from_fn(seconds) }
    }
}

fn time(text: &Value) -> Timestamp {
    text.as_str().unwrap().parse().unwrap()
}

/// When the only container of a Pod started and ended, according to containerd: the Pod says it in whole seconds.
fn container(pod: &Value) -> [Timestamp; 2] {
    let id = pod["status"]["containerStatuses"][0]["containerID"].as_str().unwrap();
    let output =
        CLUSTER.node.crictl().args(["inspect", id.trim_start_matches("containerd://")]).output().unwrap();
    let inspected: Value = serde_json::from_slice(&output.stdout).unwrap();
    // One that has not ended has an odd time.
    ["startedAt", "finishedAt"]
        .map(|key| inspected["status"][key].as_str().unwrap().parse().unwrap_or(Timestamp::UNIX_EPOCH))
}

/// The times of the first line in the log of a build, of its first line about an export, and of its last line.
fn log(namespace: &Namespace, pod: &Value) -> [Timestamp; 3] {
    let log = namespace.kubectl(&format!("logs {} --timestamps", pod["metadata"]["name"].as_str().unwrap()));
    let at = |line: &str| line.split(' ').next().unwrap().parse().unwrap();
    let exports = log.lines().find(|line| line.contains("exporting")).unwrap();
    [log.lines().next().unwrap(), exports, log.lines().last().unwrap()].map(at)
}
