//! How the steps of a plan are taken.

use api::names::job_annotation;
use cluster::{Error, Intent, Writer};
use decide::Kind;
use decide::drift::is_stored;
use decide::function::Identity;
use decide::owner::is_owned;
use decide::plan::{JobChange, Step, Wanted};
use serde_json::{Value, json};

use super::stores::Stores;

/// An object of a Function.
struct OfFunction<'a> {
    wanted: &'a Wanted,
    uid: &'a str,
}

impl Intent for OfFunction<'_> {
    fn wanted(&self) -> &Wanted {
        self.wanted
    }

    fn is_ours(&self, stored: &Value) -> bool {
        is_owned(stored, self.uid)
    }

    fn is_done(&self, stored: &Value) -> bool {
        is_stored(&self.wanted.object, stored)
    }
}

/// Takes a step for a Function, and adds the answer to the caches.
pub(super) async fn take(
    writer: &Writer,
    identity: &Identity,
    step: &Step,
    stores: &Stores,
) -> Result<(), Error> {
    let (namespace, uid) = (&identity.namespace, identity.uid.as_str());
    match step {
        Step::Create(wanted) => {
            stores.written(wanted.kind, &writer.create(&OfFunction { wanted, uid }).await?);
        }
        Step::Apply(wanted) => {
            stores.written(wanted.kind, &writer.update(&OfFunction { wanted, uid }).await?);
        }
        Step::Change { name, uid, version, change } => {
            let patch = patch_of(change, uid, version.as_deref());
            stores.written(Kind::Job, &writer.patch(Kind::Job, namespace, name, patch).await?);
        }
        Step::Delete(kind, name) => {
            writer.delete_if(*kind, namespace, name, |stored| is_owned(stored, uid)).await?;
        }
    }
    Ok(())
}

/// The patch for a change of the Job that was seen. Only what ends a Job depends on its state: the Job controller still
/// writes to one that has succeeded, and a conflict would cost a second.
fn patch_of(change: &JobChange, uid: &str, version: Option<&str>) -> Value {
    let mut patch = match change {
        JobChange::Relabel(labels) => json!({"metadata": {"labels": labels}}),
        JobChange::Digest(digest) => json!({"metadata": {"annotations": {(job_annotation::DIGEST): digest}}}),
        JobChange::Fail(why) => json!({"metadata": {"annotations": {(job_annotation::FAILURE): why}}}),
        JobChange::End(why) => json!({
            "metadata": {"annotations": {(job_annotation::FAILURE): why}},
            // This time has passed already, so the Job controller ends the Job.
            "spec": {"activeDeadlineSeconds": 1},
        }),
    };
    if let Some(metadata) = patch.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.insert("uid".to_owned(), uid.into());
        let version = version.filter(|_| matches!(change, JobChange::End(_)));
        metadata.extend(version.map(|version| ("resourceVersion".to_owned(), version.into())));
    }
    patch
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::labels(
        JobChange::Relabel([("a".to_owned(), None), ("b".to_owned(), Some("c".to_owned()))].into()),
        json!({"metadata": {"labels": {"a": null, "b": "c"}, "uid": "u"}}),
    )]
    #[case::a_digest(
        JobChange::Digest("sha256:1".to_owned()),
        json!({"metadata": {"annotations": {"serverless.kyma-project.io/image-digest": "sha256:1"}, "uid": "u"}}),
    )]
    #[case::a_failure(
        JobChange::Fail("no digest".to_owned()),
        json!({"metadata": {"annotations": {"serverless.kyma-project.io/failure": "no digest"}, "uid": "u"}}),
    )]
    #[case::an_end(
        JobChange::End("no Pod".to_owned()),
        json!({
            "metadata": {"annotations": {"serverless.kyma-project.io/failure": "no Pod"}, "uid": "u", "resourceVersion": "7"},
            "spec": {"activeDeadlineSeconds": 1},
        }),
    )]
    fn a_change_is_of_the_job_that_was_seen_and_an_end_of_its_state(
        #[case] change: JobChange,
        #[case] expected: Value,
    ) {
        assert_eq!(patch_of(&change, "u", Some("7")), expected);
    }
}
