//! A Pod pulls with the token of its service account: neither its namespace nor the node has a password.

use super::team::Team;
use crate::harness::certs_d::{configure, pod};
use crate::harness::real_cluster::CLUSTER;
use crate::harness::real_cluster::provider::documented;

#[test]
#[ignore = "it needs a node: make test-node"]
fn a_pod_pulls_with_the_token_of_its_service_account_as_the_documents_say() {
    // The registry of the documents.
    let team = Team::start("infra");
    let account = "push.infra.example.1";
    let message = format!("Secret imagepushsecret-example has the credentials of account {account}");
    team.await_ready("imagepushsecret example", &message);
    let push = team.held("imagepushsecret-example");
    team.push(&push[".dockerconfigjson"], &push["ca.crt"], "team/app:1");
    configure(&team.host, &team.for_nodes(&push["ca.crt"])[&team.host]);
    let tenants = CLUSTER.namespace("without-passwords");
    let app = pod("app", &team.image("team/app:1"));

    let refused = || {
        tenants.apply(&app);
        let said = tenants.refusal("app");
        tenants.kubectl("delete pod app --now");
        said
    };

    // The kubelet gets no token that is for the registry, so it has no login.
    let said = refused();
    assert!(said.contains("401 Unauthorized"), "{said}");
    team.apply(&documented("name: registry-audience-infra"));
    // The gateway cannot ask whether the token is still valid.
    let said = refused();
    assert!(said.contains("503 Service Unavailable"), "{said}");
    team.apply(&documented("name: registry-token-reviews}\nrules"));
    team.namespace.kubectl(
        "create clusterrolebinding registry-token-reviews-infra --clusterrole=registry-token-reviews --serviceaccount=infra:imageregistry-registry",
    );
    tenants.apply(&app);
    tenants.await_pod("app");
    let used = "get pod app -o jsonpath={.spec.imagePullSecrets}";
    assert_eq!(tenants.kubectl(used), "");
    tenants.kubectl("delete pod app --now");
}
