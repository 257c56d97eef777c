//! The names of objects and the placement of Pods, as set by values of the chart.

use serde_json::{Value, json};

use super::{object, objects, render};

/// Names that others use: accounts of builds and Functions, the Lease, images, folders in containers, and a value.
const OF_OTHERS: [&str; 6] = [
    "serverless-controller-leader-election-helper",
    "image: serverless-",
    "=/etc/serverless-",
    ": /etc/serverless-",
    "priorityClassName: serverless-webhook",
    "name: serverless-webhook # PriorityClass",
];

/// All objects that belong together have the same name.
#[test]
fn another_name_is_that_of_all_objects() {
    for name in ["nameOverride=ours", "fullnameOverride=ours", "nameOverride=x,fullnameOverride=ours"] {
        let flags = "--set monitoring.serviceMonitor=true,monitoring.prometheusRule=true,monitoring.dashboard=true,nodeAgent.enabled=true";
        let rendered = render(&format!("--set {name} {flags} --set webhook.priorityClass.create=false"));
        let programs = ["serverless-webhook", "serverless-controller", "serverless-node-agent"];
        let left: Vec<_> = rendered
            .lines()
            .filter(|line| programs.iter().any(|program| line.contains(program)))
            .filter(|line| !OF_OTHERS.iter().any(|known| line.contains(known)))
            // Labels of objects that are the same in every installation, names of alert groups, and queries.
            .filter(|line| !line.ends_with("app.kubernetes.io/name: serverless-controller"))
            .filter(|line| !line.trim_start().starts_with(['"', '-']))
            .collect();
        assert_eq!(left, [""; 0], "{name}");
        let deployment = object(&rendered, "Deployment", "ours-webhook");
        let args = deployment.pointer("/spec/template/spec/containers/0/args").unwrap();
        assert!(args.as_array().unwrap().contains(&json!("--service-name=ours-webhook")), "{args}");
        let configuration = object(&rendered, "MutatingWebhookConfiguration", "ours-webhook");
        assert_eq!(configuration["webhooks"][0]["clientConfig"]["service"]["name"], "ours-webhook");
        let role = object(&rendered, "Role", "ours-webhook");
        assert_eq!(role["rules"][0]["resourceNames"], json!(["ours-webhook-ca", "ours-webhook-tls"]));
        let policy = object(&rendered, "ValidatingAdmissionPolicy", "ours-webhook");
        let text = policy["spec"]["validations"].to_string();
        assert!(text.contains("['ours-webhook-ca', 'ours-webhook-tls']"), "{text}");
        let monitor = object(&rendered, "ServiceMonitor", "ours-webhook");
        let values = &monitor["spec"]["selector"]["matchExpressions"][0]["values"];
        assert_eq!(*values, json!(["ours-webhook", "ours-controller", "ours-node-agent"]));
        object(&rendered, "PodMonitor", "ours-registries");
        selectors_find_their_pods(&rendered);
    }
}

/// Checks that each Service, policy and budget selects the Pods of a Deployment or `DaemonSet`.
fn selectors_find_their_pods(rendered: &str) {
    let objects = objects(rendered);
    let name = "app.kubernetes.io/name";
    let labels =
        objects.iter().filter(|object| object["kind"] == "Deployment" || object["kind"] == "DaemonSet");
    let labels: Vec<_> = labels.map(|one| &one["spec"]["template"]["metadata"]["labels"][name]).collect();
    for object in &objects {
        let selector = match object["kind"].as_str().unwrap() {
            "Service" => &object["spec"]["selector"][name],
            "NetworkPolicy" => &object["spec"]["podSelector"]["matchLabels"][name],
            "DaemonSet" | "Deployment" | "PodDisruptionBudget" => {
                &object["spec"]["selector"]["matchLabels"][name]
            }
            _ => continue,
        };
        assert!(labels.contains(&selector), "{object}");
    }
}

fn template(rendered: &str, name: &str) -> Value {
    object(rendered, "Deployment", name)["spec"]["template"].clone()
}

#[test]
fn pods_run_where_values_say_and_carry_what_they_add() {
    for (program, port) in [("webhook", "https"), ("controller", "admin")] {
        let spread = json!([{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}]);
        let affinity = json!({"nodeAffinity": {}});
        let values = json!({program: {
            "affinity": affinity,
            "topologySpreadConstraints": spread,
            "nodeSelector": {"disk": "ssd"},
            "tolerations": [{"key": "edge", "operator": "Exists"}],
            "imagePullSecrets": [{"name": "pull"}],
            "podAnnotations": {"example.com/a": "1"},
            "podLabels": {"team": "platform"},
            "extraEnv": [{"name": "HTTPS_PROXY", "value": "http://proxy:3128"}],
        }});
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), values.to_string()).unwrap();
        let rendered = render(&format!("-f {}", file.path().display()));
        let Value::Object(given) = &values[program] else { unreachable!() };
        let template = template(&rendered, &format!("serverless-{program}"));
        for key in
            ["affinity", "topologySpreadConstraints", "nodeSelector", "tolerations", "imagePullSecrets"]
        {
            assert_eq!(template["spec"][key], given[key], "{program} {key}");
        }
        assert_eq!(template["metadata"]["annotations"]["example.com/a"], "1", "{program}");
        assert_eq!(template["metadata"]["labels"]["team"], "platform", "{program}");
        let container = &template["spec"]["containers"][0];
        assert!(container["env"].as_array().unwrap().contains(&given["extraEnv"][0]), "{program}");
        assert_eq!(container["ports"][0]["name"], port, "{program}");
    }
}

/// On the host network, ports may be taken, and two Pods cannot run on the same node.
#[test]
fn the_webhook_can_use_the_network_of_nodes() {
    let flags = "--set webhook.hostNetwork=true,webhook.ports.https=18443,webhook.ports.admin=19090";
    let rendered = render(flags);
    let deployment = object(&rendered, "Deployment", "serverless-webhook");
    let update = json!({"rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}});
    assert_eq!(deployment["spec"]["strategy"], update);
    let pod = template(&rendered, "serverless-webhook")["spec"].clone();
    assert_eq!((&pod["hostNetwork"], &pod["dnsPolicy"]), (&json!(true), &json!("ClusterFirstWithHostNet")));
    let container = &pod["containers"][0];
    let ports = json!([
        {"name": "https", "containerPort": 18443},
        {"name": "admin", "containerPort": 19090},
    ]);
    assert_eq!(container["ports"], ports);
    let args = container["args"].as_array().unwrap();
    for arg in ["--listen=[::]:18443", "--admin-listen=[::]:19090"] {
        assert!(args.contains(&json!(arg)), "{args:?}");
    }
}
