//! The rules of a Shoot with the extensions `registry-cache` and `registry-mirror`. An UPDATE that leaves alone what they
//! look at is admitted. One that changes what a reference refers to is judged, even if the document stays as it is.

use api::gardener::{Extension, MirrorConfig, RegistryConfig, ShootSpec};
use api::names::cache::{CREDENTIALS, CREDENTIALS_VALUE};
use api::names::gardener::{CONTAINERD, MIRROR_CONFIG, REGISTRY_CACHE, REGISTRY_CONFIG, REGISTRY_MIRROR};
use serde_json::Value as Json;

use super::document::{self, Place};
use super::references::{Reference, Resources, Secrets};
use super::{mirror_config, registry_config};
use crate::decision::Decision;
use crate::object::ShootObject;
use crate::rule::Rule;
use crate::upstream_credentials;
use crate::violation::Violation;

/// An extension of a Shoot, and of the Shoot before an UPDATE.
struct Found<'a> {
    index: usize,
    extension: &'a Extension,
    before: Option<&'a Extension>,
}

impl<'a> Found<'a> {
    fn of(kind: &str, new: &'a ShootSpec, old: Option<&'a ShootSpec>) -> Option<Self> {
        let find = |spec: &'a ShootSpec| {
            let mut extensions = spec.extensions.iter().flatten().enumerate();
            extensions.find(|(_, extension)| extension.kind == kind)
        };
        let (index, extension) = find(new)?;
        Some(Self { index, extension, before: old.and_then(find).map(|(_, extension)| extension) })
    }

    fn is_new(&self) -> bool {
        self.before.is_none()
    }

    /// Whether the document is as before.
    fn is_same(&self) -> bool {
        self.before.is_some_and(|before| before.provider_config == self.extension.provider_config)
    }

    fn document(&self) -> Option<&'a Json> {
        self.extension.provider_config.as_ref()
    }
}

/// What is judged, and what is known.
struct Review<'a> {
    new: &'a ShootSpec,
    old: Option<&'a ShootSpec>,
    namespace: &'a str,
    secrets: Option<&'a Secrets>,
    decision: Decision,
}

/// What is wrong with a Shoot, on CREATE and UPDATE; `old` is the Shoot before the UPDATE. Without `secrets`, no Secret can be
/// seen.
#[must_use]
pub fn validate(new: &ShootObject, old: Option<&ShootObject>, secrets: Option<&Secrets>) -> Decision {
    let Some(spec) = new.spec.as_ref().filter(|_| !new.metadata.is_being_deleted()) else {
        return Decision::allowed();
    };
    let old = old.and_then(|old| old.spec.as_ref());
    let cache = Found::of(REGISTRY_CACHE, spec, old);
    let mirror = Found::of(REGISTRY_MIRROR, spec, old);
    let namespace = new.metadata.namespace.as_deref().unwrap_or_default();
    let mut review = Review { new: spec, old, namespace, secrets, decision: Decision::allowed() };
    if let Some(found) = &cache {
        review.check_cache(found);
    }
    if let Some(found) = &mirror {
        review.check_mirror(found, cache.as_ref());
    }
    review.decision
}

impl Review<'_> {
    fn check_cache(&mut self, found: &Found<'_>) {
        let Some((place, config)) = self.begin::<RegistryConfig>(found, REGISTRY_CACHE, &REGISTRY_CONFIG)
        else {
            return;
        };
        if !found.is_same() {
            self.check_change(&place, &config, found);
            let Decision { violations, warnings, .. } = &mut self.decision;
            registry_config::check(&place, &config, violations, warnings);
        }
        for (index, cache) in config.caches.iter().flatten().enumerate() {
            if let Some(name) = &cache.secret_reference_name {
                self.check_reference(
                    found,
                    &Reference {
                        field: place.member(&format!("caches[{index}].secretReferenceName")),
                        key: "secretReferenceName",
                        name,
                        judge: upstream_credentials::check_referenced,
                        label: Some((CREDENTIALS, CREDENTIALS_VALUE)),
                    },
                );
            }
        }
    }

    fn check_change(&mut self, place: &Place, config: &RegistryConfig, found: &Found<'_>) {
        let Some(before) = found.before else { return };
        match &before.provider_config {
            None => {
                let field = place.field();
                let why = "providerConfig is not available on old Shoot";
                self.decision.violations.push(Violation::forbidden(Rule::GardenerDecoding, field, why));
            }
            // One that cannot be read says nothing of what must not change.
            Some(old) => {
                if let Some(old) = document::read_any::<RegistryConfig>(old, &REGISTRY_CONFIG) {
                    registry_config::check_update(place, config, &old, &mut self.decision.violations);
                }
            }
        }
    }

    fn check_mirror(&mut self, found: &Found<'_>, cache: Option<&Found<'_>>) {
        let Some((place, config)) = self.begin::<MirrorConfig>(found, REGISTRY_MIRROR, &MIRROR_CONFIG) else {
            return;
        };
        if !found.is_same() {
            mirror_config::check(&place, &config, &mut self.decision.violations);
        }
        for (index, mirror) in config.mirrors.iter().flatten().enumerate() {
            for (number, host) in mirror.hosts.iter().flatten().enumerate() {
                let Some(name) = &host.ca_bundle_secret_reference_name else { continue };
                let field = format!("mirrors[{index}].hosts[{number}].caBundleSecretReferenceName");
                self.check_reference(
                    found,
                    &Reference {
                        field: place.member(&field),
                        key: "caBundleSecretReferenceName",
                        name,
                        judge: mirror_config::check_ca_bundle,
                        label: None,
                    },
                );
            }
        }
        let changed_cache = cache.filter(|cache| !found.is_same() || !cache.is_same());
        let caches = changed_cache.and_then(Found::document);
        let caches = caches.and_then(|caches| document::read_any::<RegistryConfig>(caches, &REGISTRY_CONFIG));
        if let Some(caches) = caches {
            mirror_config::check_caches(&place, &config, &caches, &mut self.decision.violations);
        }
    }

    /// Checks the container runtime, and reads the document. One that is as before and cannot be read is none.
    fn begin<T: serde::de::DeserializeOwned>(
        &mut self,
        found: &Found<'_>,
        extension: &str,
        kind: &api::names::gardener::Kind,
    ) -> Option<(Place, T)> {
        self.check_runtime(found, extension);
        let place = Place::in_extension(found.index);
        let Some(document) = found.document() else {
            if !found.is_same() {
                let what_for = format!("providerConfig is required for the {extension} extension");
                let violation = Violation::required(Rule::GardenerDecoding, place.field(), what_for);
                self.decision.violations.push(violation);
            }
            return None;
        };
        let config = if found.is_same() {
            document::read_any(document, kind)
        } else {
            document::read(&place, document, kind, &mut self.decision.violations)
        };
        config.map(|config| (place, config))
    }

    fn check_runtime(&mut self, found: &Found<'_>, extension: &str) {
        if !found.is_new() && self.old.is_some_and(|old| old.provider == self.new.provider) {
            return;
        }
        let workers = self.new.provider.iter().flat_map(|provider| provider.workers.iter().flatten());
        let runtimes = workers.map(|worker| worker.cri.as_ref().map_or(CONTAINERD, |cri| &cri.name));
        let others = runtimes.enumerate().filter(|(_, name)| *name != CONTAINERD);
        for (index, name) in others {
            let field = format!("spec.provider.workers[{index}].cri.name");
            let must =
                format!("container runtime needs to be containerd when the {extension} extension is enabled");
            self.decision.violations.push(Violation::invalid(Rule::GardenerRuntime, field, name, must));
        }
    }

    /// Checks a reference, unless document and Secret are as before.
    fn check_reference(&mut self, found: &Found<'_>, reference: &Reference<'_>) {
        let resources = self.resources(self.new);
        let before = self.old.map(|old| self.resources(old).secret(reference.name));
        if !found.is_same() || before != Some(resources.secret(reference.name)) {
            resources.check(reference, self.secrets, &mut self.decision);
        }
    }

    fn resources<'b>(&self, spec: &'b ShootSpec) -> Resources<'b>
    where
        Self: 'b,
    {
        Resources { entries: spec.resources.as_deref().unwrap_or_default(), namespace: self.namespace }
    }
}
