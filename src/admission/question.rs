//! From the bytes of a request to a question that can be answered: the envelope first, so that the uid is known, then,
//! when a rule asks for them, its objects.

use policy::decode::{decode, decode_any};
use policy::{Decision, Rule, Violation};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::wire::{API_VERSIONS, KIND, Question, Request};

/// The longest uid, in bytes. The API server sends 36.
const UID_MAX: usize = 256;

/// The subresource by which the number of replicas is changed.
pub const SCALE: &str = "scale";

/// Why a request cannot be answered with a review.
#[derive(Debug, thiserror::Error)]
pub enum NoReview {
    /// The body is not JSON, or not a review.
    // The text of the error could hold a part of the body, and with it a credential: its position says enough.
    #[error("the body is not an AdmissionReview: it does not decode at line {line}, column {column}")]
    Undecodable {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
    /// The body is not text.
    #[error("the body is not an AdmissionReview: it is not UTF-8")]
    NotUtf8,
    /// The body is of another kind or version.
    #[error(
        "the body is not an AdmissionReview of admission.k8s.io/v1 or v1beta1: check its apiVersion and kind"
    )]
    OtherKind,
    /// The review holds no question.
    #[error("the AdmissionReview has no request")]
    NoRequest,
    /// The question cannot be answered, since an answer must carry its uid.
    #[error("the request of the AdmissionReview has no uid")]
    NoUid,
    /// The uid is never cut in an answer, so its length is bounded.
    #[error("the uid of the request of the AdmissionReview is longer than {UID_MAX} bytes")]
    LongUid,
}

/// A question that can be answered.
#[derive(Debug)]
pub struct Review<'a> {
    /// The version to answer in.
    pub(crate) api_version: &'static str,
    /// The question.
    pub request: Request<'a>,
}

impl<'a> Review<'a> {
    /// Reads the envelope of a review; its objects stay text.
    pub fn parse(body: &'a [u8]) -> Result<Self, NoReview> {
        // UTF-8 is checked once for the whole body, and not string by string.
        let text = std::str::from_utf8(body).map_err(|_| NoReview::NotUtf8)?;
        let question: Question<'a> = serde_json::from_str(text)
            .map_err(|error| NoReview::Undecodable { line: error.line(), column: error.column() })?;
        let known = API_VERSIONS.into_iter().find(|version| *version == question.api_version);
        let api_version = known.filter(|_| question.kind == KIND).ok_or(NoReview::OtherKind)?;
        let request = question.request.ok_or(NoReview::NoRequest)?;
        if request.uid.is_empty() {
            return Err(NoReview::NoUid);
        }
        if request.uid.len() > UID_MAX {
            return Err(NoReview::LongUid);
        }
        Ok(Self { api_version, request })
    }
}

impl<'a> Request<'a> {
    /// Whether a whole object is created or updated, and not a part such as its status.
    #[must_use]
    pub(crate) fn writes_object(&self) -> bool {
        self.writes("")
    }

    /// Whether a whole object is deleted.
    #[must_use]
    pub(crate) fn deletes_object(&self) -> bool {
        self.sub_resource.as_deref().unwrap_or_default().is_empty() && self.operation == "DELETE"
    }

    /// Whether the number of replicas alone is changed.
    #[must_use]
    pub(crate) fn scales(&self) -> bool {
        self.writes(SCALE)
    }

    fn writes(&self, sub_resource: &str) -> bool {
        self.sub_resource.as_deref().unwrap_or_default() == sub_resource
            && matches!(&*self.operation, "CREATE" | "UPDATE")
    }

    /// The object as it would be. One that does not decode is a violation, not an error of the request.
    pub fn decode_object<T: Deserialize<'a>>(&self) -> Result<T, Violation> {
        let object = self.object.ok_or_else(|| Violation::required(Rule::SchemaRequired, "object", ""))?;
        decode(object.get())
    }

    /// The object as it is now. One that does not decode is treated as absent: the rules then judge the whole new object.
    #[must_use]
    pub(crate) fn decode_old_object<T: Deserialize<'a>>(&self) -> Option<T> {
        decode_any(self.old_object?.get())
    }

    /// Whether an object with too many entries is admitted: an UPDATE that leaves alone what the rules look at is, so
    /// that an object from before the limits keeps its finalizers and labels manageable.
    pub(crate) fn admits_as_before(&self, violation: Violation) -> Result<Decision, Violation> {
        if violation.is_too_many() && self.leaves_content_alone() {
            Ok(Decision::allowed())
        } else {
            Err(violation)
        }
    }

    fn leaves_content_alone(&self) -> bool {
        let content = |object: Option<&'a RawValue>| serde_json::from_str::<Content<'a>>(object?.get()).ok();
        let (new, old) = (content(self.object), content(self.old_object));
        new.zip(old).is_some_and(|(new, old)| {
            // The API server writes the members of an object in one order, so equal texts are all that is needed.
            new.spec.map(RawValue::get) == old.spec.map(RawValue::get)
                && new.data.map(RawValue::get) == old.data.map(RawValue::get)
        })
    }

    /// The name of the object, or the prefix from which the API server generates one.
    #[must_use]
    pub(crate) fn display_name(&self) -> String {
        if let Some(name) = self.name.as_deref().filter(|name| !name.is_empty()) {
            return name.to_owned();
        }
        let object = self.object.or(self.old_object);
        let named =
            object.and_then(|object| serde_json::from_str::<Named>(object.get()).ok()).unwrap_or_default();
        let metadata = named.metadata;
        if metadata.name.is_empty() { metadata.generate_name } else { metadata.name }
    }
}

/// Only the names of an object: whatever else it holds is skipped.
#[derive(Default, Deserialize)]
struct Named {
    metadata: Names,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Names {
    name: String,
    generate_name: String,
}

/// What the rules look at besides metadata, as text.
#[derive(Deserialize)]
struct Content<'a> {
    #[serde(borrow)]
    spec: Option<&'a RawValue>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}
