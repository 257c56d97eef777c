//! What the gateway may do: read the proven credentials of its cache, and nothing else.

use api::names::cache::proven;
use serde_json::json;

use crate::Kind;
use crate::cache::instance::Instance;
use crate::object::wanted;
use crate::plan::Wanted;

/// The service account, its Role and the binding; none without credentials.
pub(super) fn access(instance: &Instance<'_>) -> Vec<Wanted> {
    if instance.secret().is_none() {
        return Vec::new();
    }
    let name = &instance.resource;
    let metadata = || instance.metadata(name.clone());
    let account = json!({"automountServiceAccountToken": false});
    let role = json!({"rules": [{
        "apiGroups": [""],
        "resources": ["secrets"],
        "resourceNames": [proven(&instance.spec.upstream)],
        "verbs": ["get", "list", "watch"],
    }]});
    let binding = json!({
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": instance.namespace()}],
    });
    vec![
        wanted(Kind::ServiceAccount, &metadata(), account),
        wanted(Kind::Role, &metadata(), role),
        wanted(Kind::RoleBinding, &metadata(), binding),
    ]
}
