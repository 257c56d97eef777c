//! What is read from and written to the API server: two Secrets, and the `caBundle` of webhook configurations. Every write
//! names the version that it was decided on, so that nobody overwrites what they have not seen.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use k8s_openapi::ByteString;
use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhookConfiguration, ValidatingWebhookConfiguration,
};
use k8s_openapi::api::core::v1::Secret;
use kube::api::{ApiResource, DynamicObject, ObjectMeta, Patch, PatchParams, PostParams};
use kube::{Api, Client};
use process::certificates::{Certificate, Pair};
use process::lease::{unless_changed, unless_created};
use serde_json::{Value, json};
use zeroize::Zeroizing;

/// The field manager of `caBundle`, so that `GitOps` tools can own all else.
const FIELD_MANAGER: &str = "serverless-webhook-certificates";
const CERTIFICATE: &str = "tls.crt";
const KEY: &str = "tls.key";
/// The authority that signed the certificate of a Secret.
const ISSUER: &str = "ca.crt";

/// The API server, as this webhook sees it.
pub(super) struct Cluster {
    secrets: Api<Secret>,
    configurations: [(ApiResource, Api<DynamicObject>); 2],
    name: String,
}

/// A Secret with a certificate and its key.
#[derive(Default)]
pub(super) struct Stored {
    /// As it is stored, if it is.
    secret: Option<Secret>,
    /// `None` if it holds no certificate and key.
    pub(super) pair: Option<Pair>,
    pub(super) issuer: Option<Certificate>,
}

/// The `caBundle`s of a webhook configuration.
pub(super) struct Configuration {
    resource: usize,
    version: String,
    /// Each webhook with the authorities that it trusts.
    pub(super) webhooks: Vec<(String, Vec<Certificate>)>,
}

impl Cluster {
    /// `name` is that of the webhook configurations.
    pub(super) fn new(client: &Client, namespace: &str, name: &str) -> Self {
        let api = |resource: ApiResource| {
            let api = Api::all_with(client.clone(), &resource);
            (resource, api)
        };
        Self {
            secrets: Api::namespaced(client.clone(), namespace),
            configurations: [
                api(ApiResource::erase::<MutatingWebhookConfiguration>(&())),
                api(ApiResource::erase::<ValidatingWebhookConfiguration>(&())),
            ],
            name: name.to_owned(),
        }
    }

    pub(super) async fn read(&self, secret: &str) -> kube::Result<Stored> {
        let secret = self.secrets.get_opt(secret).await?;
        let text = |key: &str| {
            let data = secret.as_ref()?.data.as_ref()?;
            String::from_utf8(data.get(key)?.0.clone()).ok()
        };
        let pair = text(CERTIFICATE).zip(text(KEY));
        Ok(Stored {
            pair: pair.map(|(certificate, key)| Pair { certificate, key: Zeroizing::new(key) }),
            issuer: text(ISSUER).and_then(|pem| Certificate::all(pem.as_bytes()).into_iter().next()),
            secret,
        })
    }

    /// Writes a pair in place of what was read, and leaves what others have written beside it. If somebody else has written
    /// in between, nothing happens.
    pub(super) async fn write(
        &self,
        name: &str,
        read: &Stored,
        pair: &Pair,
        issuer: &str,
    ) -> kube::Result<()> {
        let mut secret = read.secret.clone().unwrap_or_else(|| Secret {
            metadata: ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() },
            ..Secret::default()
        });
        let data = secret.data.get_or_insert_default();
        for (key, text) in [(CERTIFICATE, &*pair.certificate), (KEY, &*pair.key), (ISSUER, issuer)] {
            data.insert(key.to_owned(), ByteString(text.as_bytes().to_vec()));
        }
        let params = PostParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PostParams::default() };
        let written = if read.secret.is_some() {
            unless_changed(self.secrets.replace(name, &params, &secret).await)
        } else {
            unless_created(self.secrets.create(&params, &secret).await)
        };
        written.map(drop)
    }

    /// The webhook configurations that exist.
    pub(super) async fn configurations(&self) -> kube::Result<Vec<Configuration>> {
        let mut found = Vec::new();
        for (resource, (_, api)) in self.configurations.iter().enumerate() {
            let Some(object) = api.get_opt(&self.name).await? else { continue };
            let webhooks = object.data.get("webhooks").and_then(Value::as_array).into_iter().flatten();
            let webhooks = webhooks.filter_map(|webhook| {
                let bundle = webhook.pointer("/clientConfig/caBundle").and_then(Value::as_str);
                let pem = STANDARD.decode(bundle.unwrap_or_default()).unwrap_or_default();
                Some((webhook.get("name")?.as_str()?.to_owned(), Certificate::all(&pem)))
            });
            let webhooks = webhooks.collect();
            let version = object.metadata.resource_version.unwrap_or_default();
            found.push(Configuration { resource, version, webhooks });
        }
        Ok(found)
    }

    /// Writes the `caBundle` of each webhook and nothing else. If somebody else has written in between, nothing happens.
    pub(super) async fn publish(
        &self,
        configuration: &Configuration,
        bundle: &[Certificate],
    ) -> kube::Result<()> {
        let Some((resource, api)) = self.configurations.get(configuration.resource) else { return Ok(()) };
        let pem: String = bundle.iter().map(Certificate::to_pem).collect();
        let pem = STANDARD.encode(pem);
        let webhooks: Vec<_> = configuration
            .webhooks
            .iter()
            .map(|(name, _)| json!({"name": name, "clientConfig": {"caBundle": pem}}))
            .collect();
        let patch = json!({
            "apiVersion": resource.api_version,
            "kind": resource.kind,
            "metadata": {"name": self.name, "resourceVersion": configuration.version},
            "webhooks": webhooks,
        });
        let params = PatchParams::apply(FIELD_MANAGER).force();
        unless_changed(api.patch(&self.name, &params, &Patch::Apply(patch)).await).map(drop)
    }
}
