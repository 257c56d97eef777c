//! From a decision to the bytes of the answer: the only place with status codes and the limits of what an answer may
//! say.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};

use json_patch::{AddOperation, PatchOperation, ReplaceOperation};
use policy::text::{NAME_SHOWN, cut, printable};
use policy::{Config, Decision, Violation, Warning};
use serde_json::Value;

use super::question::{NoReview, Review};
use super::routes::Endpoint;
use super::secret_buffer::SecretBuffer;
use super::wire::{Answer, Base64, Cause, Details, KIND, Request, Response, Status};

/// The longest warning, in characters: the API server cuts longer ones.
const WARNING_MAX: usize = 256;
/// The longest that all warnings may be, in bytes: the API server cuts beyond.
const WARNINGS_MAX: usize = 4096;
/// The most bytes of an answer, whatever was asked. Only the patch of a registry Secret may be larger: it holds the
/// docker configuration of the Secret itself, so it is bounded by what the question held.
pub(crate) const ANSWER_MAX: usize = 64 << 10;
/// What the violations of a refusal may take of that, so that uid, names and warnings fit, too.
const CAUSES_BYTES_MAX: usize = 44 << 10;
/// The most characters of one violation.
const CAUSE_SHOWN: usize = 1024;

/// What became of a question, in the words of metrics and logs.
#[derive(Clone, Copy, Debug, Eq, PartialEq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Admitted as it is.
    Allowed,
    /// Admitted with additions.
    Patched,
    /// Refused for what is wrong with the object.
    Refused,
    /// Refused because the question could not be decided: a wrong installation, or a fault of this program.
    Error,
}

impl Verdict {
    /// The word.
    #[must_use]
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Patched => "patched",
            Self::Refused => "refused",
            Self::Error => "error",
        }
    }
}

/// An answered question.
pub struct Reviewed<'a> {
    /// The question.
    pub review: Review<'a>,
    /// What became of it.
    pub(crate) verdict: Verdict,
    /// What was decided.
    pub(crate) decision: Decision,
    /// The HTTP status of the answer: 200 but for a fault of this program.
    pub http_status: u16,
    /// The answer, as it goes to the API server. Holds credentials if a registry Secret was asked about.
    pub answer: SecretBuffer,
    secret: bool,
}

/// Answers the question in `body` as `endpoint` does.
pub fn review<'a>(endpoint: &Endpoint, config: &Config, body: &'a [u8]) -> Result<Reviewed<'a>, NoReview> {
    let review = Review::parse(body)?;
    let request = &review.request;
    let outcome = if endpoint.resource.is(&request.resource) {
        // The rules share nothing that a panic could leave half written.
        match catch_unwind(AssertUnwindSafe(|| (endpoint.decide)(config, request))) {
            Ok(decided) => {
                Outcome::Decided(decided.unwrap_or_else(|violation| Decision::of(vec![violation])))
            }
            Err(_) => Outcome::Fault,
        }
    } else {
        Outcome::Misdirected
    };
    let secret = endpoint.is_secret();
    let (verdict, http_status, answer) = encode(endpoint, &review, &outcome);
    let decision = if let Outcome::Decided(decision) = outcome { decision } else { Decision::default() };
    Ok(Reviewed { review, verdict, decision, http_status, answer: SecretBuffer::new(answer, secret), secret })
}

/// What became of a question.
pub enum Outcome {
    /// The rules have judged the object.
    Decided(Decision),
    /// The endpoint is not for this resource.
    Misdirected,
    /// A rule panicked.
    Fault,
}

/// Writes the answer: the verdict, the HTTP status and the bytes. The only place with status codes of answers.
#[must_use]
pub fn encode(endpoint: &Endpoint, review: &Review<'_>, outcome: &Outcome) -> (Verdict, u16, Vec<u8>) {
    let request = &review.request;
    match outcome {
        Outcome::Decided(decision) if decision.is_allowed() => {
            let patch = (!decision.patch.is_empty()).then(|| encode_patch(decision, endpoint.is_secret()));
            let verdict = if patch.is_some() { Verdict::Patched } else { Verdict::Allowed };
            let response = Response {
                uid: &request.uid,
                allowed: true,
                status: None,
                patch: patch.as_ref().map(|patch| Base64(patch.as_ref())),
                patch_type: patch.as_ref().map(|_| "JSONPatch"),
                warnings: bounded(&decision.warnings),
            };
            (verdict, 200, to_bytes(review, response))
        }
        Outcome::Decided(decision) => {
            let name = request.display_name();
            let status = invalid(request, &name, &decision.violations);
            (Verdict::Refused, 200, to_bytes(review, refusal(request, status, bounded(&decision.warnings))))
        }
        Outcome::Misdirected => {
            let message = format!(
                "{} answers for {}, not for {}: the webhook configuration names the wrong path",
                endpoint.path,
                endpoint.resource,
                printable(&request.resource.to_string(), NAME_SHOWN)
            );
            let status =
                Status { status: "Failure", message, reason: "BadRequest", details: None, code: 400 };
            (Verdict::Error, 200, to_bytes(review, refusal(request, status, Vec::new())))
        }
        Outcome::Fault => {
            let message = "the webhook failed on this object; its log says where".to_owned();
            let status =
                Status { status: "Failure", message, reason: "InternalError", details: None, code: 500 };
            (Verdict::Error, 500, to_bytes(review, refusal(request, status, Vec::new())))
        }
    }
}

fn refusal<'a>(request: &'a Request<'_>, status: Status<'a>, warnings: Vec<Cow<'a, str>>) -> Response<'a> {
    Response {
        uid: &request.uid,
        allowed: false,
        status: Some(status),
        patch: None,
        patch_type: None,
        warnings,
    }
}

/// A refusal as the API server itself refuses objects of built-in kinds, so that clients print the list of causes. What
/// does not fit is dropped from the end of the list.
fn invalid<'a>(request: &'a Request<'_>, name: &'a str, violations: &'a [Violation]) -> Status<'a> {
    let kind = printable(&request.kind.kind, NAME_SHOWN);
    let mut message = format!("{kind} {:?} is invalid: ", cut(name, NAME_SHOWN));
    let mut causes = Vec::new();
    let mut room = CAUSES_BYTES_MAX;
    for violation in violations {
        let problem = violation.problem.to_string();
        let text = match printable(&problem, CAUSE_SHOWN) {
            Cow::Borrowed(_) => None,
            Cow::Owned(cut) => Some(cut),
        };
        let text = text.unwrap_or(problem);
        // Both are in the message and in the list of causes.
        let bytes = 2 * (json_length(&violation.field) + json_length(&text)) + CAUSE_FRAME;
        let Some(left) = room.checked_sub(bytes) else { break };
        room = left;
        let separator = if causes.is_empty() { "" } else { "; " };
        // Writing to a String cannot fail.
        let _ = write!(message, "{separator}{}: {text}", violation.field);
        causes.push(Cause { reason: violation.problem.reason(), message: text, field: &violation.field });
    }
    if violations.len() > causes.len() {
        let _ = write!(message, "; and {} more", violations.len() - causes.len());
    }
    let group = printable(&request.kind.group, NAME_SHOWN);
    let details = Some(Details { name: printable(name, NAME_SHOWN), group, kind, causes });
    Status { status: "Failure", message, reason: "Invalid", details, code: 422 }
}

/// What a cause takes besides its texts: the names of its members, its reason, and separators.
const CAUSE_FRAME: usize = 80;

/// The length of a printable text in JSON.
fn json_length(text: &str) -> usize {
    text.len() + text.bytes().filter(|byte| matches!(byte, b'"' | b'\\')).count()
}

/// The warnings that the API server passes on whole.
fn bounded(warnings: &[Warning]) -> Vec<Cow<'_, str>> {
    let mut room = WARNINGS_MAX;
    let fits = |warning: &Cow<'_, str>| {
        room = room.saturating_sub(warning.len());
        room > 0
    };
    warnings.iter().map(|warning| bounded_warning(&warning.text)).take_while(fits).collect()
}

fn bounded_warning(warning: &str) -> Cow<'_, str> {
    if warning.chars().count() <= WARNING_MAX && !warning.contains(char::is_control) {
        return Cow::Borrowed(warning);
    }
    let printable = warning.chars().map(|character| if character.is_control() { ' ' } else { character });
    let mut shown: String = printable.take(WARNING_MAX).collect();
    if warning.chars().count() > WARNING_MAX {
        shown.pop();
        shown.push('…');
    }
    Cow::Owned(shown)
}

/// The patch as JSON. It is encoded as the answer is written, so that one copy less exists: it may be a whole Secret.
fn encode_patch(decision: &Decision, secret: bool) -> SecretBuffer {
    let texts: usize = decision.patch.iter().map(text_length).sum();
    SecretBuffer::new(to_json(&decision.patch, texts + 512), secret)
}

fn text_length(operation: &PatchOperation) -> usize {
    match operation {
        PatchOperation::Add(AddOperation { value: Value::String(text), .. })
        | PatchOperation::Replace(ReplaceOperation { value: Value::String(text), .. }) => text.len(),
        _ => 0,
    }
}

fn to_bytes(review: &Review<'_>, response: Response<'_>) -> Vec<u8> {
    let texts: usize = response.warnings.iter().map(|warning| warning.len()).sum();
    let room = response.patch.map_or(0, |patch| patch.0.len().div_ceil(3) * 4) + 2 * texts + 512;
    to_json(&Answer { api_version: review.api_version, kind: KIND, response }, room)
}

/// With room for everything secret, since what a vector leaves behind as it grows is not wiped.
fn to_json(value: &impl serde::Serialize, room: usize) -> Vec<u8> {
    let mut json = Vec::with_capacity(room);
    // Texts and lists cannot fail to serialise into memory; an empty answer would be refused by the API server.
    let _ = serde_json::to_writer(&mut json, value);
    json
}

impl Drop for Reviewed<'_> {
    fn drop(&mut self) {
        if self.secret {
            self.decision.zeroise();
        }
    }
}
