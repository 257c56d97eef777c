//! What several kinds of registries refer to: certificates and Secrets.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use crate::cel::registry as cel;
use crate::limits;

/// Where a certificate comes from: from an issuer of cert-manager, or from a Secret. From neither, it is signed by the
/// authority of the installation.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = cel::one_source_of_a_certificate())]
pub struct CertificateSource {
    /// The issuer of cert-manager that signs the certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer_ref: Option<IssuerRef>,
    /// The Secret of the same namespace that holds the certificate: tls.crt, tls.key and ca.crt.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::NAME_MAX))]
    #[x_kube(validation = cel::object_name())]
    pub secret_name: Option<String>,
}

/// An issuer of cert-manager.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
pub struct IssuerRef {
    /// Its name.
    // What is missing decodes as blank, so that validation reports it together with all other violations.
    #[serde(default)]
    #[schemars(!default, length(max = limits::NAME_MAX))]
    #[x_kube(validation = cel::object_name())]
    pub name: String,
    /// Its kind: `Issuer`, of the same namespace, or `ClusterIssuer`.
    #[serde(default)]
    #[schemars(!default, extend("enum" = ["Issuer", "ClusterIssuer"]))]
    pub kind: String,
}

/// A Secret of the same namespace.
#[derive(Clone, Debug, Default, Deserialize, Eq, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SecretRef {
    /// Its name.
    #[serde(default)]
    #[schemars(!default, length(max = limits::NAME_MAX))]
    #[x_kube(validation = cel::object_name())]
    pub secret_name: String,
}
