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
pub const API_VERSIONS: [&str; 2] = ["admission.k8s.io/v1", "admission.k8s.io/v1beta1"];
/// The kind of the review.
pub const KIND: &str = "AdmissionReview";

/// A question of the API server.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Question<'a> {
    /// `admission.k8s.io/v1` or `v1beta1`.
    #[serde(borrow, default)]
    pub api_version: Cow<'a, str>,
    /// `AdmissionReview`.
    #[serde(borrow, default)]
    pub kind: Cow<'a, str>,
    /// What is asked.
    #[serde(borrow)]
    pub request: Option<Request<'a>>,
}

/// What the API server asks: may this happen to this object?
// No `Debug` that would show the object: it may be a Secret.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request<'a> {
    /// Identifies the question; the answer must carry it.
    #[serde(borrow, default)]
    pub uid: Cow<'a, str>,
    /// The kind of the object.
    #[serde(borrow, default)]
    pub kind: Kind<'a>,
    /// The resource that is written.
    #[serde(borrow, default)]
    pub resource: Resource<'a>,
    /// The part of the object that is written, such as `status`.
    #[serde(borrow)]
    pub sub_resource: Option<Cow<'a, str>>,
    /// The name of the object; empty while the API server still has to generate one.
    #[serde(borrow)]
    pub name: Option<Cow<'a, str>>,
    /// The namespace of the object.
    #[serde(borrow)]
    pub namespace: Option<Cow<'a, str>>,
    /// `CREATE`, `UPDATE`, `DELETE` or `CONNECT`.
    #[serde(borrow, default)]
    pub operation: Cow<'a, str>,
    /// Who asks.
    #[serde(borrow, default)]
    pub user_info: UserInfo<'a>,
    /// The object as it would be.
    #[serde(borrow)]
    pub object: Option<&'a RawValue>,
    /// The object as it is.
    #[serde(borrow)]
    pub old_object: Option<&'a RawValue>,
}

impl std::fmt::Debug for Request<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Request").field("uid", &self.uid).finish_non_exhaustive()
    }
}

/// The kind of an object.
#[derive(Debug, Default, Deserialize)]
pub struct Kind<'a> {
    /// The API group.
    #[serde(borrow, default)]
    pub group: Cow<'a, str>,
    /// The kind, such as `Function`.
    #[serde(borrow, default)]
    pub kind: Cow<'a, str>,
}

/// A resource.
#[derive(Debug, Default, Deserialize)]
pub struct Resource<'a> {
    /// The API group.
    #[serde(borrow, default)]
    pub group: Cow<'a, str>,
    /// The version of the group.
    #[serde(borrow, default)]
    pub version: Cow<'a, str>,
    /// The plural, such as `functions`.
    #[serde(borrow, default)]
    pub resource: Cow<'a, str>,
}

/// Who asks.
#[derive(Debug, Default, Deserialize)]
pub struct UserInfo<'a> {
    /// The name of the user or service account.
    #[serde(borrow, default)]
    pub username: Cow<'a, str>,
}

/// The answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer<'a> {
    /// The version of the question.
    pub api_version: &'a str,
    /// [`KIND`].
    pub kind: &'static str,
    /// The answer itself.
    pub response: Response<'a>,
}

/// Whether it may happen, and what is to be added.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Response<'a> {
    /// The uid of the question.
    pub uid: &'a str,
    /// Whether it may happen.
    pub allowed: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Status<'a>>,
    /// A JSON Patch, in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patch: Option<Base64<'a>>,
    /// `JSONPatch`, together with a patch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patch_type: Option<&'static str>,
    /// Shown to the author.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Cow<'a, str>>,
}

/// Bytes that are written in base64. They may be a Secret.
#[derive(Clone, Copy)]
pub struct Base64<'a>(pub &'a [u8]);

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
pub struct Status<'a> {
    /// `Failure`.
    pub status: &'static str,
    /// All of it in one line, for clients that read nothing else.
    pub message: String,
    /// A word for programs.
    pub reason: &'static str,
    /// What is wrong, field by field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<Details<'a>>,
    /// The HTTP status that the author's client gets.
    pub code: u16,
}

/// What is wrong, field by field.
#[derive(Debug, Serialize)]
pub struct Details<'a> {
    /// The name of the object.
    pub name: Cow<'a, str>,
    /// The API group of the object.
    pub group: Cow<'a, str>,
    /// The kind of the object.
    pub kind: Cow<'a, str>,
    /// A cause for each violation.
    pub causes: Vec<Cause<'a>>,
}

/// One violation.
#[derive(Debug, Serialize)]
pub struct Cause<'a> {
    /// A word for programs, such as `FieldValueInvalid`.
    pub reason: &'static str,
    /// A sentence for people.
    pub message: String,
    /// The path of the field.
    pub field: &'a str,
}
