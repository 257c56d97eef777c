//! What the gateway may do: read the accounts of its namespace, and nothing else.

use api::names::registry::{GROUP, of_registry};
use serde_json::json;

use crate::Kind;
use crate::object::wanted;
use crate::plan::Wanted;
use crate::registry::instance::Instance;

/// The service account, its Role and the binding.
pub(super) fn access(instance: &Instance<'_>) -> [Wanted; 3] {
    let name = of_registry(instance.name);
    let metadata = || instance.metadata(name.clone());
    let account = json!({"automountServiceAccountToken": false});
    let role = json!({"rules": [
        {"apiGroups": [GROUP], "resources": ["imageregistryaccounts"], "verbs": ["get", "list", "watch"]},
    ]});
    let binding = json!({
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": instance.namespace}],
    });
    [
        wanted(Kind::ServiceAccount, &metadata(), account),
        wanted(Kind::Role, &metadata(), role),
        wanted(Kind::RoleBinding, &metadata(), binding),
    ]
}
