//! The one place that writes. Once this process is no longer the leader, it neither writes nor reads.

use decide::Kind;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, Preconditions};
use kube::{Api, Client, Resource as _};
use process::lease::Term;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::Error;
use crate::object::Object;

/// The field manager of everything that is written.
pub(crate) const FIELD_MANAGER: &str = "serverless-controller";

/// How many objects a page of a list has that is looked through.
const LOOKED_THROUGH: u32 = 100;

/// Writes while a term lasts.
#[derive(Clone)]
pub struct Writer {
    client: Client,
    term: Term,
}

impl Writer {
    /// A writer for a term.
    #[must_use]
    pub fn new(client: Client, term: Term) -> Self {
        Self { client, term }
    }

    /// The client, for reads.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The objects of a kind in a namespace.
    #[must_use]
    pub fn api(&self, kind: Kind, namespace: &str) -> Api<Object> {
        Api::namespaced_with(self.client.clone(), namespace, &kind.resource())
    }

    /// The current object, if it exists. Of a kind that the cluster does not have, none does.
    ///
    /// # Errors
    /// If the API server does not answer.
    pub async fn get(&self, kind: Kind, namespace: &str, name: &str) -> Result<Option<Value>, Error> {
        match self.fenced(self.api(kind, namespace).get(name)).await {
            Err(error) if error.is_not_found() => Ok(None),
            found => found?.value().map(Some).map_err(Error::of_json),
        }
    }

    /// Deletes an object if the given check accepts its current state. An object that has changed since, or another one
    /// with the same name, stays.
    ///
    /// # Errors
    /// If the API server does not delete it.
    pub async fn delete_if(
        &self,
        kind: Kind,
        namespace: &str,
        name: &str,
        is_meant: impl FnOnce(&Value) -> bool,
    ) -> Result<(), Error> {
        let api = self.api(kind, namespace);
        let Some(found) = self.fenced(api.get_opt(name)).await? else { return Ok(()) };
        if !is_meant(&found.value().map_err(Error::of_json)?) {
            return Ok(());
        }
        self.delete_as(kind, namespace, name, found.meta()).await
    }

    /// As [`Writer::delete_if`], but only the metadata are read: no data of a Secret.
    ///
    /// # Errors
    /// If the API server does not delete it.
    pub async fn delete_if_metadata(
        &self,
        kind: Kind,
        namespace: &str,
        name: &str,
        is_meant: impl FnOnce(&ObjectMeta) -> bool,
    ) -> Result<(), Error> {
        let api = self.api(kind, namespace);
        match self.fenced(api.get_metadata_opt(name)).await? {
            Some(found) if is_meant(&found.metadata) => {
                self.delete_as(kind, namespace, name, &found.metadata).await
            }
            _ => Ok(()),
        }
    }

    /// Deletes an object, if its metadata are still these.
    async fn delete_as(
        &self,
        kind: Kind,
        namespace: &str,
        name: &str,
        metadata: &ObjectMeta,
    ) -> Result<(), Error> {
        let (uid, resource_version) = (metadata.uid.clone(), metadata.resource_version.clone());
        let preconditions = Some(Preconditions { uid, resource_version });
        let params = DeleteParams { preconditions, ..DeleteParams::background() };
        match self.fenced(self.api(kind, namespace).delete(name, &params)).await {
            Err(error) if error.is_not_found() => {}
            deleted => drop(deleted?),
        }
        tracing::info!(namespace, kind = kind.as_str(), name, "deleted");
        Ok(())
    }

    /// Changes some fields of an object with a merge patch.
    ///
    /// # Errors
    /// If the API server refuses.
    pub async fn patch(
        &self,
        kind: Kind,
        namespace: &str,
        name: &str,
        patch: Value,
    ) -> Result<Object, Error> {
        self.merge(&self.api(kind, namespace), name, patch).await
    }

    pub(crate) async fn merge(&self, api: &Api<Object>, name: &str, patch: Value) -> Result<Object, Error> {
        self.fenced(api.patch(name, &PatchParams::default(), &Patch::Merge(patch))).await
    }

    /// Changes some fields of a status with a merge patch. Returns the object after the change.
    ///
    /// # Errors
    /// If the API server refuses.
    pub async fn patch_status<K>(&self, api: &Api<K>, name: &str, patch: Value) -> Result<K, Error>
    where
        K: Clone + DeserializeOwned + std::fmt::Debug,
    {
        self.fenced(api.patch_status(name, &PatchParams::default(), &Patch::Merge(patch))).await
    }

    /// Whether something holds for an object of a list. The pages after that object are not asked for.
    ///
    /// # Errors
    /// If the API server refuses.
    pub async fn any<K>(
        &self,
        api: &Api<K>,
        params: ListParams,
        holds: impl Fn(&K) -> bool,
    ) -> Result<bool, Error>
    where
        K: Clone + DeserializeOwned + std::fmt::Debug,
    {
        let mut params = params.limit(LOOKED_THROUGH);
        loop {
            let page = self.fenced(api.list(&params)).await?;
            if page.items.iter().any(&holds) {
                return Ok(true);
            }
            match page.metadata.continue_.filter(|token| !token.is_empty()) {
                Some(token) => params = params.continue_token(&token),
                None => return Ok(false),
            }
        }
    }

    /// Runs a request while this process is the leader. A request that is held up is dropped at the end of the term.
    ///
    /// # Errors
    /// If the API server returns an error, or the term has ended.
    pub async fn fenced<T>(&self, call: impl Future<Output = kube::Result<T>>) -> Result<T, Error> {
        if !self.term.holds() {
            return Err(Error::Deposed);
        }
        tokio::select! {
            // An answer that has arrived is used, even if the term has ended meanwhile.
            biased;
            answer = call => Ok(answer?),
            () = self.term.clone().ended() => Err(Error::Deposed),
        }
    }
}
