//! While a Function changes, its callers notice nothing: the old Pods answer until the new ones do.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::json;

use crate::harness::call::call;
use crate::harness::real_cluster::{CLUSTER, Namespace, PASSWORD};
use crate::harness::wait::wait_within;

/// Calls a Function again and again.
struct Caller {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<BTreeMap<String, usize>>,
}

impl Caller {
    fn start(address: String) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut answers = BTreeMap::new();
            while !stopped.load(Ordering::SeqCst) {
                let answer = call((&address, 80), "POST", "/", &[], b"");
                let words = answer
                    .map_or("no answer".to_owned(), |answer| format!("{} {}", answer.status, answer.body));
                *answers.entry(words).or_insert(0) += 1;
                std::thread::sleep(Duration::from_millis(5));
            }
            answers
        });
        Self { stop, thread }
    }

    /// What was answered, and how often.
    fn stop(self) -> BTreeMap<String, usize> {
        self.stop.store(true, Ordering::SeqCst);
        self.thread.join().unwrap()
    }
}

/// Waits until a Function answers with a text, and its rollout has ended.
fn await_answer(namespace: &Namespace, text: &str) {
    wait_within(Duration::from_mins(3), text, || namespace.call("changing", &[], "").body == text);
    namespace.await_ready("changing");
}

fn spec(text: &str, replicas: i32) -> serde_json::Value {
    let source = format!("module.exports = {{ main: () => '{text}' }}");
    json!({"runtime": "nodejs22", "source": source, "minReplicas": replicas, "maxReplicas": replicas})
}

#[test]
#[ignore = "it needs a node: make test-node"]
fn callers_see_no_failed_request_while_it_is_scaled_changed_and_moved_to_another_registry() {
    let namespace = CLUSTER.namespace("changes");
    namespace.function("changing", &spec("one", 1));
    namespace.await_ready("changing");
    let caller = Caller::start(namespace.address("changing"));

    namespace.function("changing", &spec("one", 2));
    namespace.kubectl("wait function/changing --for=jsonpath={.status.replicas}=2 --timeout=60s");
    namespace.await_ready("changing");
    namespace.function("changing", &spec("two", 2));
    await_answer(&namespace, "two");
    namespace.function("changing", &spec("two", 1));
    namespace.kubectl("wait function/changing --for=jsonpath={.status.replicas}=1 --timeout=60s");

    let other = &CLUSTER.registries[1];
    namespace.use_registry(other, PASSWORD);
    let moved = || {
        namespace.kubectl("get function changing -o jsonpath={.status.image}").starts_with(&other.address())
    };
    wait_within(Duration::from_mins(3), "it runs from the other registry", moved);
    namespace.await_ready("changing");
    // Until the last Pod of the old image has ended.
    let pods = "get pods --selector=serverless.kyma-project.io/resource=deployment -o name";
    wait_within(Duration::from_mins(1), "one Pod is left", || namespace.kubectl(pods).lines().count() == 1);

    let image = "get pods --selector=serverless.kyma-project.io/resource=deployment \
                 -o jsonpath={.items[*].spec.containers[0].image}";
    let image = namespace.kubectl(image);
    assert!(image.starts_with(&other.address()), "{image}");

    let answers = caller.stop();
    let kinds: Vec<_> = answers.keys().map(String::as_str).collect();
    assert_eq!(kinds, ["200 one", "200 two"], "{answers:?}");
}
