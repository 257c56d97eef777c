//! The bytes of `admission.k8s.io` reviews: what the API server sends and what it wants back. Nothing is decided
//! here.
//!
//! Own types, because those of `kube::core::admission` serialise a patch as an array of numbers and decode whole
//! objects; here objects stay text until a rule asks for them.

use std::borrow::Cow;

use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

/// The versions of the review that are understood; the answer has the version of the question.
pub(crate) const API_VERSIONS: [&str; 2] = ["admission.k8s.io/v1", "admission.k8s.io/v1beta1"];
pub(crate) const KIND: &str = "AdmissionReview";

/// A question of the API server.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Question<'a> {
    /// `admission.k8s.io/v1` or `v1beta1`.
    #[serde(borrow, default)]
    pub(crate) api_version: Cow<'a, str>,
    /// `AdmissionReview`.
    #[serde(borrow, default)]
    pub(crate) kind: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) request: Option<Request<'a>>,
}

/// What the API server asks: may this happen to this object?
// No `Debug` that would show the object: it may be a Secret.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request<'a> {
    /// Identifies the question; the answer must carry it.
    #[serde(borrow, default)]
    pub uid: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(crate) kind: Kind<'a>,
    /// The resource that is written.
    #[serde(borrow, default)]
    pub(crate) resource: Resource<'a>,
    /// The part of the object that is written, such as `status`.
    #[serde(borrow)]
    pub(crate) sub_resource: Option<Cow<'a, str>>,
    /// The name of the object; empty while the API server still has to generate one.
    #[serde(borrow)]
    pub(crate) name: Option<Cow<'a, str>>,
    /// The namespace of the object.
    #[serde(borrow)]
    pub(crate) namespace: Option<Cow<'a, str>>,
    /// `CREATE`, `UPDATE`, `DELETE` or `CONNECT`.
    #[serde(borrow, default)]
    pub(crate) operation: Cow<'a, str>,
    /// Who asks.
    #[serde(borrow, default)]
    pub(crate) user_info: UserInfo<'a>,
    /// The object as it would be.
    #[serde(borrow)]
    pub(crate) object: Option<&'a RawValue>,
    /// The object as it is.
    #[serde(borrow)]
    pub(crate) old_object: Option<&'a RawValue>,
}

impl std::fmt::Debug for Request<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Request").field("uid", &self.uid).finish_non_exhaustive()
    }
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Kind<'a> {
    #[serde(borrow, default)]
    pub(crate) group: Cow<'a, str>,
    /// The kind, such as `Function`.
    #[serde(borrow, default)]
    pub(crate) kind: Cow<'a, str>,
}

#[derive(Debug, Default, Deserialize)]
#[allow(clippy::struct_field_names, reason = "the names of the API")]
pub(crate) struct Resource<'a> {
    #[serde(borrow, default)]
    pub(crate) group: Cow<'a, str>,
    /// The version of the group.
    #[serde(borrow, default)]
    pub(crate) version: Cow<'a, str>,
    /// The plural, such as `functions`.
    #[serde(borrow, default)]
    pub(crate) resource: Cow<'a, str>,
}

/// Who asks.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct UserInfo<'a> {
    /// The name of the user or service account.
    #[serde(borrow, default)]
    pub(crate) username: Cow<'a, str>,
}

/// The answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Answer<'a> {
    /// The version of the question.
    pub(crate) api_version: &'a str,
    /// [`KIND`].
    pub(crate) kind: &'static str,
    pub(crate) response: Response<'a>,
}

/// Whether the API server may store the object, and with which additions.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response<'a> {
    /// The uid of the question.
    pub(crate) uid: &'a str,
    /// Whether it may happen.
    pub(crate) allowed: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<Status<'a>>,
    /// A JSON Patch, in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) patch: Option<Base64<'a>>,
    /// `JSONPatch`, together with a patch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) patch_type: Option<&'static str>,
    /// Shown to the author.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) warnings: Vec<Cow<'a, str>>,
}

/// Bytes that are written in base64. They may be a Secret.
#[derive(Clone, Copy)]
pub(crate) struct Base64<'a>(pub(crate) &'a [u8]);

impl std::fmt::Debug for Base64<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "({} bytes)", self.0.len())
    }
}

impl Serialize for Base64<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&Base64Display::new(self.0, &STANDARD))
    }
}

/// A refusal (`metav1.Status`).
#[derive(Debug, Serialize)]
#[allow(clippy::struct_field_names, reason = "the names of the API")]
pub(crate) struct Status<'a> {
    /// `Failure`.
    pub(crate) status: &'static str,
    /// All of it in one line, for clients that read nothing else.
    pub(crate) message: String,
    /// A word for programs.
    pub(crate) reason: &'static str,
    /// What is wrong, field by field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) details: Option<Details<'a>>,
    /// The HTTP status that the author's client gets.
    pub(crate) code: u16,
}

/// What is wrong, field by field.
#[derive(Debug, Serialize)]
pub(crate) struct Details<'a> {
    pub(crate) name: Cow<'a, str>,
    pub(crate) group: Cow<'a, str>,
    pub(crate) kind: Cow<'a, str>,
    /// A cause for each violation.
    pub(crate) causes: Vec<Cause<'a>>,
}

/// One violation.
#[derive(Debug, Serialize)]
pub(crate) struct Cause<'a> {
    /// A word for programs, such as `FieldValueInvalid`.
    pub(crate) reason: &'static str,
    /// A sentence for people.
    pub(crate) message: String,
    pub(crate) field: &'a str,
}
