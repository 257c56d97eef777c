//! What is found about the credentials of a cache and about its upstream, in words. The last credentials that were proven
//! stay in use, whatever is found.

use api::cache::CacheReason;

use super::proof::Answer;

/// What helps if the upstream refuses credentials.
const CREATE: &str = "create another Secret with new ones and name it in spec.secretReferenceName";
/// What helps if the upstream is not reached.
const CHECK: &str = "check spec.remoteURL, spec.proxy and spec.remoteCA";

/// The Secret that a cache refers to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Source {
    /// The cache refers to none.
    None,
    /// It does not exist.
    Missing,
    /// It cannot hold credentials.
    Malformed(String),
    /// It holds credentials; `is_proven` if they are the ones in use.
    Held {
        /// Whether they are the ones in use.
        is_proven: bool,
    },
}

/// What is known of credentials.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Findings {
    /// The Secret that the cache refers to, with its namespace.
    pub secret: String,
    /// What it holds.
    pub source: Source,
    /// The Secret that the credentials in use come from.
    pub in_use: Option<String>,
    /// The last answer of the upstream; `None` if it was not asked about them yet.
    pub answer: Option<Answer>,
}

/// A condition: its status, its reason and its message.
pub type Words = (bool, CacheReason, String);

impl Findings {
    /// Whether the upstream accepts the credentials.
    #[must_use]
    pub fn credentials(&self) -> Words {
        let Self { secret, source, answer, .. } = self;
        let no = |reason, message: String| (false, reason, format!("{message}{}", self.kept()));
        let is_proven = match source {
            Source::None => {
                return (true, CacheReason::Anonymous, "The cache pulls without credentials".to_owned());
            }
            Source::Missing => {
                let message = format!("Secret {secret} does not exist: create it with username and password");
                return no(CacheReason::CredentialsMissing, message);
            }
            Source::Malformed(why) => return no(CacheReason::CredentialsInvalid, why.clone()),
            Source::Held { is_proven } => *is_proven,
        };
        let unproven = format!("the credentials of Secret {secret} are not proven yet");
        match answer {
            Some(Answer::Refused(status)) if is_proven => {
                let message = format!(
                    "The upstream refuses the credentials of Secret {secret} with status {status}, and has accepted them before: {CREATE}"
                );
                (false, CacheReason::CredentialsInvalid, message)
            }
            Some(Answer::Refused(status)) => {
                let message = format!(
                    "The upstream refuses the credentials of Secret {secret} with status {status}: {CREATE}"
                );
                no(CacheReason::CredentialsInvalid, message)
            }
            _ if is_proven => {
                let message = format!("The upstream accepts the credentials of Secret {secret}");
                (true, CacheReason::CredentialsProven, message)
            }
            // It is in use as soon as it is accepted.
            Some(Answer::Accepted) | None => {
                let message = format!("The credentials of Secret {secret} are not proven yet");
                no(CacheReason::CredentialsUnproven, message)
            }
            Some(Answer::RateLimited(_)) => {
                let message = format!("The upstream limits requests, so {unproven}: it is asked again later");
                no(CacheReason::RateLimited, message)
            }
            Some(Answer::Unreachable(why)) => {
                let message = format!("The upstream cannot be reached, so {unproven}: {why}; {CHECK}");
                no(CacheReason::UpstreamUnreachable, message)
            }
            Some(Answer::NoRegistry(why)) => {
                let message =
                    format!("The upstream does not answer as a registry, so {unproven}: {why}; {CHECK}");
                no(CacheReason::UpstreamUnreachable, message)
            }
        }
    }

    /// Why the cache gets no images from the upstream; `None` if it does, or nobody knows.
    #[must_use]
    pub fn trouble(&self) -> Option<(CacheReason, String)> {
        match self.answer.as_ref()? {
            Answer::Refused(status) if self.source == (Source::Held { is_proven: true }) => Some((
                CacheReason::CredentialsInvalid,
                format!(
                    "The upstream refuses the credentials of Secret {} with status {status}; what is cached is served: {CREATE}",
                    self.secret
                ),
            )),
            // If new ones are refused, others are in use, and were not asked about.
            Answer::Accepted | Answer::Refused(_) => None,
            Answer::RateLimited(_) => Some((
                CacheReason::RateLimited,
                "The upstream limits requests; what is cached is served".to_owned(),
            )),
            Answer::Unreachable(why) => Some((
                CacheReason::UpstreamUnreachable,
                format!("The upstream cannot be reached; what is cached is served: {why}; {CHECK}"),
            )),
            Answer::NoRegistry(why) => Some((
                CacheReason::UpstreamUnreachable,
                format!(
                    "The upstream does not answer as a registry; what is cached is served: {why}; {CHECK}"
                ),
            )),
        }
    }

    fn kept(&self) -> String {
        match &self.in_use {
            Some(name) if self.secret.ends_with(&format!("/{name}")) => {
                "; those that it held before stay in use".to_owned()
            }
            Some(name) => format!("; those of Secret {name} stay in use"),
            None => "; the cache starts when the upstream has accepted some".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rstest::rstest;

    use super::*;

    const HELD: Source = Source::Held { is_proven: false };
    const PROVEN: Source = Source::Held { is_proven: true };

    fn malformed() -> Source {
        Source::Malformed("missing \"password\" data entry in the referenced secret \"ns/v2\"".to_owned())
    }

    fn away() -> Answer {
        Answer::Unreachable("refused".to_owned())
    }

    #[rstest]
    #[case::none(Source::None, None, None, "true Anonymous: The cache pulls without credentials")]
    #[case::missing(
        Source::Missing,
        None,
        None,
        "false CredentialsMissing: Secret ns/v2 does not exist: create it with username and password; the cache starts when the upstream has accepted some"
    )]
    #[case::deleted(
        Source::Missing,
        Some("v1"),
        Some(Answer::Accepted),
        "false CredentialsMissing: Secret ns/v2 does not exist: create it with username and password; those of Secret v1 stay in use"
    )]
    #[case::deleted_while_it_is_in_use(
        Source::Missing,
        Some("v2"),
        None,
        "false CredentialsMissing: Secret ns/v2 does not exist: create it with username and password; those that it held before stay in use"
    )]
    #[case::changed(
        HELD,
        Some("v2"),
        Some(Answer::Refused(401)),
        "false CredentialsInvalid: The upstream refuses the credentials of Secret ns/v2 with status 401: create another Secret with new ones and name it in spec.secretReferenceName; those that it held before stay in use"
    )]
    #[case::malformed(
        malformed(),
        Some("v1"),
        None,
        "false CredentialsInvalid: missing \"password\" data entry in the referenced secret \"ns/v2\"; those of Secret v1 stay in use"
    )]
    #[case::refused(
        HELD,
        Some("v1"),
        Some(Answer::Refused(401)),
        "false CredentialsInvalid: The upstream refuses the credentials of Secret ns/v2 with status 401: create another Secret with new ones and name it in spec.secretReferenceName; those of Secret v1 stay in use"
    )]
    #[case::refused_at_first(
        HELD,
        None,
        Some(Answer::Refused(403)),
        "false CredentialsInvalid: The upstream refuses the credentials of Secret ns/v2 with status 403: create another Secret with new ones and name it in spec.secretReferenceName; the cache starts when the upstream has accepted some"
    )]
    #[case::limited(
        HELD,
        Some("v1"),
        Some(Answer::RateLimited(Some(Duration::ZERO))),
        "false RateLimited: The upstream limits requests, so the credentials of Secret ns/v2 are not proven yet: it is asked again later; those of Secret v1 stay in use"
    )]
    #[case::unreachable(
        HELD,
        Some("v1"),
        Some(away()),
        "false UpstreamUnreachable: The upstream cannot be reached, so the credentials of Secret ns/v2 are not proven yet: refused; check spec.remoteURL, spec.proxy and spec.remoteCA; those of Secret v1 stay in use"
    )]
    #[case::no_registry(
        HELD, None, Some(Answer::NoRegistry("no challenge".to_owned())),
        "false UpstreamUnreachable: The upstream does not answer as a registry, so the credentials of Secret ns/v2 are not proven yet: no challenge; check spec.remoteURL, spec.proxy and spec.remoteCA; the cache starts when the upstream has accepted some"
    )]
    #[case::not_asked(
        HELD,
        Some("v1"),
        None,
        "false CredentialsUnproven: The credentials of Secret ns/v2 are not proven yet; those of Secret v1 stay in use"
    )]
    #[case::proven(
        PROVEN,
        Some("v2"),
        Some(Answer::Accepted),
        "true CredentialsProven: The upstream accepts the credentials of Secret ns/v2"
    )]
    #[case::proven_and_away(
        PROVEN,
        Some("v2"),
        Some(away()),
        "true CredentialsProven: The upstream accepts the credentials of Secret ns/v2"
    )]
    #[case::revoked(
        PROVEN,
        Some("v2"),
        Some(Answer::Refused(401)),
        "false CredentialsInvalid: The upstream refuses the credentials of Secret ns/v2 with status 401, and has accepted them before: create another Secret with new ones and name it in spec.secretReferenceName"
    )]
    fn what_is_found_is_told_apart(
        #[case] source: Source,
        #[case] in_use: Option<&str>,
        #[case] answer: Option<Answer>,
        #[case] expected: &str,
    ) {
        let in_use = in_use.map(str::to_owned);
        let findings = Findings { secret: "ns/v2".to_owned(), source, in_use, answer };
        let (is_true, reason, message) = findings.credentials();
        assert_eq!(format!("{is_true} {}: {message}", reason.as_str()), expected);
    }

    #[rstest]
    #[case::not_asked(None, None)]
    #[case::accepted(Some(Answer::Accepted), None)]
    #[case::refused(Some(Answer::Refused(401)), None)]
    #[case::limited(
        Some(Answer::RateLimited(None)),
        Some("RateLimited: The upstream limits requests; what is cached is served")
    )]
    #[case::unreachable(
        Some(away()),
        Some(
            "UpstreamUnreachable: The upstream cannot be reached; what is cached is served: refused; check spec.remoteURL, spec.proxy and spec.remoteCA"
        )
    )]
    #[case::no_registry(
        Some(Answer::NoRegistry("it gives no token".to_owned())),
        Some("UpstreamUnreachable: The upstream does not answer as a registry; what is cached is served: it gives no token; check spec.remoteURL, spec.proxy and spec.remoteCA")
    )]
    fn an_upstream_that_is_away_is_told(#[case] answer: Option<Answer>, #[case] expected: Option<&str>) {
        let findings = Findings { secret: String::new(), source: Source::None, in_use: None, answer };
        let trouble = findings.trouble().map(|(reason, message)| format!("{}: {message}", reason.as_str()));
        assert_eq!(trouble.as_deref(), expected);
    }

    #[rstest]
    #[case::in_use(
        PROVEN,
        Some(
            "CredentialsInvalid: The upstream refuses the credentials of Secret ns/v2 with status 401; what is cached is served: create another Secret with new ones and name it in spec.secretReferenceName"
        )
    )]
    #[case::others_are_in_use(HELD, None)]
    fn credentials_in_use_that_are_refused_get_no_images(
        #[case] source: Source,
        #[case] expected: Option<&str>,
    ) {
        let answer = Some(Answer::Refused(401));
        let findings = Findings { secret: "ns/v2".to_owned(), source, in_use: None, answer };
        let trouble = findings.trouble().map(|(reason, message)| format!("{}: {message}", reason.as_str()));
        assert_eq!(trouble.as_deref(), expected);
    }
}
