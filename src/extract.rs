//! From the bytes of a request to a question that can be answered: the envelope first, so that the uid is known, then,
//! when a rule asks for them, its objects.

use policy::Violation;
use policy::decode::decode;
use serde::Deserialize;

use crate::wire::{API_VERSIONS, KIND, Question, Request};

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
}

/// A question that can be answered.
#[derive(Debug)]
pub struct Review<'a> {
    /// The version to answer in.
    pub api_version: &'static str,
    /// The question.
    pub request: Request<'a>,
}

impl<'a> Review<'a> {
    /// Reads the envelope of a review; its objects stay text.
    pub fn parse(body: &'a [u8]) -> Result<Self, NoReview> {
        // Whether it is UTF-8 is found out at once, and not string by string.
        let text = std::str::from_utf8(body).map_err(|_| NoReview::NotUtf8)?;
        let question: Question<'a> = serde_json::from_str(text)
            .map_err(|error| NoReview::Undecodable { line: error.line(), column: error.column() })?;
        let known = API_VERSIONS.into_iter().find(|version| *version == question.api_version);
        let api_version = known.filter(|_| question.kind == KIND).ok_or(NoReview::OtherKind)?;
        let request = question.request.ok_or(NoReview::NoRequest)?;
        if request.uid.is_empty() {
            return Err(NoReview::NoUid);
        }
        Ok(Self { api_version, request })
    }
}

impl<'a> Request<'a> {
    /// Whether a whole object is created or updated, and not a part such as its status.
    #[must_use]
    pub fn writes_object(&self) -> bool {
        let is_whole = self.sub_resource.as_deref().unwrap_or_default().is_empty();
        is_whole && matches!(&*self.operation, "CREATE" | "UPDATE")
    }

    /// The object as it would be. One that does not decode is a violation, not an error of the request.
    pub fn decode_object<T: Deserialize<'a>>(&self) -> Result<T, Violation> {
        let object = self.object.ok_or_else(|| Violation::required("object", ""))?;
        decode(object.get())
    }

    /// The object as it is. One that does not decode counts as absent: the rules then judge the new one as a whole.
    #[must_use]
    pub fn decode_old_object<T: Deserialize<'a>>(&self) -> Option<T> {
        serde_json::from_str(self.old_object?.get()).ok()
    }

    /// The name of the object, or the prefix from which the API server is to generate it.
    #[must_use]
    pub fn display_name(&self) -> String {
        if let Some(name) = self.name.as_deref().filter(|name| !name.is_empty()) {
            return name.to_owned();
        }
        let object = self.object.or(self.old_object);
        let named =
            object.and_then(|object| serde_json::from_str::<Named>(object.get()).ok()).unwrap_or_default();
        if named.metadata.name.is_empty() { named.metadata.generate_name } else { named.metadata.name }
    }
}

/// Only the metadata of an object.
#[derive(Default, Deserialize)]
struct Named {
    metadata: policy::Meta,
}
