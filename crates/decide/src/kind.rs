//! The kinds of objects that the controller reads and writes: a closed list, each with its resource.

use std::fmt;

use api::names::{GROUP, VERSION, registry};
use kube::core::ApiResource;

/// A kind of objects.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[allow(missing_docs, reason = "the kinds of Kubernetes")]
pub enum Kind {
    Certificate,
    ConfigMap,
    Deployment,
    Function,
    GitRepository,
    HorizontalPodAutoscaler,
    ImageBuildEnv,
    ImagePullSecret,
    ImagePushSecret,
    ImageRegistry,
    ImageRegistryAccount,
    Job,
    NetworkPolicy,
    PersistentVolumeClaim,
    Pod,
    PodDisruptionBudget,
    Role,
    RoleBinding,
    Secret,
    Service,
    ServiceAccount,
    StatefulSet,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 22] = [
        Self::Certificate,
        Self::ConfigMap,
        Self::Deployment,
        Self::Function,
        Self::GitRepository,
        Self::HorizontalPodAutoscaler,
        Self::ImageBuildEnv,
        Self::ImagePullSecret,
        Self::ImagePushSecret,
        Self::ImageRegistry,
        Self::ImageRegistryAccount,
        Self::Job,
        Self::NetworkPolicy,
        Self::PersistentVolumeClaim,
        Self::Pod,
        Self::PodDisruptionBudget,
        Self::Role,
        Self::RoleBinding,
        Self::Secret,
        Self::Service,
        Self::ServiceAccount,
        Self::StatefulSet,
    ];

    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        let (_, _, kind, _) = self.names();
        kind
    }

    /// The kind of a name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// The `apiVersion` of its objects.
    #[must_use]
    pub fn api_version(self) -> String {
        let (group, version, ..) = self.names();
        if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") }
    }

    /// Its API resource.
    #[must_use]
    pub fn resource(self) -> ApiResource {
        let (group, version, kind, plural) = self.names();
        ApiResource {
            group: group.to_owned(),
            version: version.to_owned(),
            api_version: self.api_version(),
            kind: kind.to_owned(),
            plural: plural.to_owned(),
        }
    }

    /// Group, version, kind and plural.
    const fn names(self) -> (&'static str, &'static str, &'static str, &'static str) {
        match self {
            Self::Certificate => ("cert-manager.io", "v1", "Certificate", "certificates"),
            Self::ConfigMap => ("", "v1", "ConfigMap", "configmaps"),
            Self::Deployment => ("apps", "v1", "Deployment", "deployments"),
            Self::Function => (GROUP, VERSION, "Function", "functions"),
            Self::GitRepository => (GROUP, VERSION, "GitRepository", "gitrepositories"),
            Self::HorizontalPodAutoscaler => {
                ("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers")
            }
            Self::ImageBuildEnv => (registry::GROUP, registry::VERSION, "ImageBuildEnv", "imagebuildenvs"),
            Self::ImagePullSecret => {
                (registry::GROUP, registry::VERSION, "ImagePullSecret", "imagepullsecrets")
            }
            Self::ImagePushSecret => {
                (registry::GROUP, registry::VERSION, "ImagePushSecret", "imagepushsecrets")
            }
            Self::ImageRegistry => (registry::GROUP, registry::VERSION, "ImageRegistry", "imageregistries"),
            Self::ImageRegistryAccount => {
                (registry::GROUP, registry::VERSION, "ImageRegistryAccount", "imageregistryaccounts")
            }
            Self::Job => ("batch", "v1", "Job", "jobs"),
            Self::NetworkPolicy => ("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies"),
            Self::PersistentVolumeClaim => ("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims"),
            Self::Pod => ("", "v1", "Pod", "pods"),
            Self::PodDisruptionBudget => ("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets"),
            Self::Role => ("rbac.authorization.k8s.io", "v1", "Role", "roles"),
            Self::RoleBinding => ("rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings"),
            Self::Secret => ("", "v1", "Secret", "secrets"),
            Self::Service => ("", "v1", "Service", "services"),
            Self::ServiceAccount => ("", "v1", "ServiceAccount", "serviceaccounts"),
            Self::StatefulSet => ("apps", "v1", "StatefulSet", "statefulsets"),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use api::registry::{
        ImageBuildEnv, ImagePullSecret, ImagePushSecret, ImageRegistry, ImageRegistryAccount,
    };
    use api::{Function, GitRepository};
    use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
    use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
    use k8s_openapi::api::batch::v1::Job;
    use k8s_openapi::api::core::v1::{
        ConfigMap, PersistentVolumeClaim, Pod, Secret, Service, ServiceAccount,
    };
    use k8s_openapi::api::networking::v1::NetworkPolicy;
    use k8s_openapi::api::policy::v1::PodDisruptionBudget;
    use k8s_openapi::api::rbac::v1::{Role, RoleBinding};

    use super::*;

    #[test]
    fn each_kind_is_the_resource_of_its_type() {
        // There is no type of cert-manager.
        let certificate = Kind::Certificate.resource();
        assert_eq!(
            (certificate.api_version.as_str(), certificate.plural.as_str()),
            ("cert-manager.io/v1", "certificates")
        );
        let types = [
            certificate,
            ApiResource::erase::<ConfigMap>(&()),
            ApiResource::erase::<Deployment>(&()),
            ApiResource::erase::<Function>(&()),
            ApiResource::erase::<GitRepository>(&()),
            ApiResource::erase::<HorizontalPodAutoscaler>(&()),
            ApiResource::erase::<ImageBuildEnv>(&()),
            ApiResource::erase::<ImagePullSecret>(&()),
            ApiResource::erase::<ImagePushSecret>(&()),
            ApiResource::erase::<ImageRegistry>(&()),
            ApiResource::erase::<ImageRegistryAccount>(&()),
            ApiResource::erase::<Job>(&()),
            ApiResource::erase::<NetworkPolicy>(&()),
            ApiResource::erase::<PersistentVolumeClaim>(&()),
            ApiResource::erase::<Pod>(&()),
            ApiResource::erase::<PodDisruptionBudget>(&()),
            ApiResource::erase::<Role>(&()),
            ApiResource::erase::<RoleBinding>(&()),
            ApiResource::erase::<Secret>(&()),
            ApiResource::erase::<Service>(&()),
            ApiResource::erase::<ServiceAccount>(&()),
            ApiResource::erase::<StatefulSet>(&()),
        ];
        assert_eq!(Kind::ALL.map(Kind::resource), types);
        assert_eq!(Kind::ALL.map(|kind| Kind::parse(kind.as_str())), Kind::ALL.map(Some));
        assert_eq!(Kind::parse("Node"), None);
    }
}
