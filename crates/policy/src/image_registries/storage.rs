//! Where a registry stores images: on a volume that all its Pods share, or in a bucket.

use api::registry::{ImageRegistrySpec, S3, VolumeClaim, must};

use crate::decision::Decision;
use crate::object::ImageRegistryObject;
use crate::patch::Patch;
use crate::quantity::Quantity;
use crate::registries::RegistryAddress;
use crate::registry_fields as fields;
use crate::rule::Rule;
use crate::violation::{Value, Violation, Violations};

/// The access mode that is filled in for a single replica.
const SINGLE: &str = "ReadWriteOnce";
/// The access mode that more than one replica needs.
const SHARED: &str = "ReadWriteMany";
const CLAIM: &str = "spec.persistentVolumeClaim";
const STORAGE: &str = "storage";

/// Fills in the access modes of a volume; `old` is the object before an UPDATE. They cannot change, so an UPDATE that leaves
/// them out keeps them.
#[must_use]
pub fn default(new: &ImageRegistryObject, old: Option<&ImageRegistryObject>) -> Decision {
    let mut patch = Patch::default();
    if let Some(spec) = &new.spec
        && let Some(claim) = &spec.persistent_volume_claim
        && access_modes(claim).is_empty()
    {
        let before = old.and_then(|old| old.spec.as_ref()?.persistent_volume_claim.as_ref());
        let before = before.map(access_modes).filter(|modes| !modes.is_empty());
        let field = ["persistentVolumeClaim", "accessModes"];
        match before {
            Some(modes) => patch.add(field, modes.to_vec()),
            None if spec.replicas.is_none_or(|replicas| replicas <= 1) => patch.add(field, vec![SINGLE]),
            // How many Pods share a volume is for its author to say.
            None => {}
        }
    }
    Decision { patch: patch.into_operations(), ..Decision::default() }
}

fn access_modes(claim: &VolumeClaim) -> &[String] {
    claim.access_modes.as_deref().unwrap_or_default()
}

pub(super) fn check(spec: &ImageRegistrySpec, old: Option<&ImageRegistrySpec>, violations: &mut Violations) {
    let s3 = spec.storage.as_ref().and_then(|storage| storage.s3.as_ref());
    match &spec.persistent_volume_claim {
        None if s3.is_none() => {
            violations.push(Violation::required(Rule::RegistryStorageMissing, CLAIM, must::VOLUME));
        }
        None => {}
        Some(_) if s3.is_some() => {
            violations.push(Violation::forbidden(Rule::RegistryStorageTwo, CLAIM, must::NO_VOLUME));
        }
        Some(claim) => {
            check_sharing(spec.replicas, claim, violations);
            check_size(claim, violations);
            if let Some(old) = old.and_then(|old| old.persistent_volume_claim.as_ref()) {
                check_change(claim, old, violations);
            }
        }
    }
    if let Some(s3) = s3 {
        check_bucket(s3, violations);
    }
}

fn check_sharing(replicas: Option<i32>, claim: &VolumeClaim, violations: &mut Violations) {
    let modes = access_modes(claim);
    if replicas.is_some_and(|replicas| replicas > 1) && !modes.iter().any(|mode| mode == SHARED) {
        let field = format!("{CLAIM}.accessModes");
        let (rule, must) = (Rule::RegistryVolumeShared, must::SHARED_VOLUME);
        violations.push(Violation::invalid(rule, field, modes.join(", ").as_str(), must));
    }
}

fn check_size(claim: &VolumeClaim, violations: &mut Violations) {
    let field = || format!("{CLAIM}.resources.requests.{STORAGE}");
    let resources = claim.resources.as_ref();
    let requests = resources.and_then(|resources| resources.requests.as_ref());
    let Some(size) = requests.and_then(|requests| requests.get(STORAGE)) else {
        violations.push(Violation::required(Rule::RegistryVolumeSize, field(), must::VOLUME_SIZE));
        return;
    };
    let text = size.text();
    let judged = match Quantity::parse(&text) {
        Ok(size) if size > Quantity::ZERO => Ok(()),
        Ok(_) => Err(must::VOLUME_SIZE_POSITIVE.to_owned()),
        Err(error) => Err(error.to_string()),
    };
    if let Err(must) = judged {
        violations.push(Violation::invalid(Rule::RegistryVolumeSize, field(), &*text, must));
    }
}

/// The size of a volume, if it has one.
fn size(claim: &VolumeClaim) -> Option<Quantity> {
    let size = claim.resources.as_ref()?.requests.as_ref()?.get(STORAGE)?;
    Quantity::parse(&size.text()).ok()
}

fn check_change(new: &VolumeClaim, old: &VolumeClaim, violations: &mut Violations) {
    if new.storage_class_name != old.storage_class_name {
        let field = format!("{CLAIM}.storageClassName");
        let class = new.storage_class_name.as_deref().unwrap_or_default();
        let (rule, must) = (Rule::RegistryVolumeFixed, must::STORAGE_CLASS_STAYS);
        violations.push(Violation::invalid(rule, field, class, must));
    }
    if old.access_modes.is_some() && new.access_modes != old.access_modes {
        let field = format!("{CLAIM}.accessModes");
        let (rule, must) = (Rule::RegistryVolumeFixed, must::ACCESS_MODES_STAY);
        violations.push(Violation::invalid(rule, field, access_modes(new).join(", ").as_str(), must));
    }
    if let (Some(now), Some(before)) = (size(new), size(old))
        && now < before
    {
        let field = format!("{CLAIM}.resources.requests.{STORAGE}");
        let rule = Rule::RegistryVolumeShrinks;
        violations.push(Violation::invalid(rule, field, now.to_string().as_str(), must::VOLUME_GROWS));
    }
}

fn check_bucket(s3: &S3, violations: &mut Violations) {
    let bucket = s3.bucket.as_str();
    if bucket.is_empty() {
        let what_for = "the bucket that holds the images";
        violations.push(Violation::required(Rule::RegistryBucket, "spec.storage.s3.bucket", what_for));
    } else if !is_bucket(bucket) {
        let rule = Rule::RegistryBucket;
        violations.push(Violation::invalid(rule, "spec.storage.s3.bucket", bucket, must::BUCKET));
    }
    if s3.region.is_empty() {
        let what_for = "the region of the bucket; stores without regions take any word";
        violations.push(Violation::required(Rule::RegistryBucket, "spec.storage.s3.region", what_for));
    }
    if s3.endpoint.as_deref().is_some_and(|endpoint| !is_endpoint(endpoint)) {
        // It may hold a password.
        let (rule, field) = (Rule::RegistryS3Endpoint, "spec.storage.s3.endpoint");
        violations.push(Violation::invalid(rule, field, Value::Withheld, must::S3_ENDPOINT));
    }
    let (field, what_for) = ("spec.storage.s3.secretName", "the Secret with accessKey and secretKey");
    fields::reference(field, &s3.secret_name, what_for, violations);
}

fn is_bucket(text: &str) -> bool {
    let is_end =
        |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let is_inner = |byte: u8| is_end(Some(byte)) || matches!(byte, b'-' | b'.');
    (3..=63).contains(&text.len())
        && is_end(text.bytes().next())
        && is_end(text.bytes().last())
        && text.bytes().all(is_inner)
        && !text.contains("..")
}

fn is_endpoint(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let rest =
        rest.map(|rest| rest.strip_suffix('/').unwrap_or(rest)).filter(|rest| !rest.contains(['/', '[']));
    // A host that has no dot is one of the cluster, which a port makes a host of an image name.
    rest.is_some_and(|rest| {
        let (host, port) = rest.split_once(':').unwrap_or((rest, "443"));
        !host.is_empty() && RegistryAddress::parse(&format!("{host}:{port}")).is_ok()
    })
}
