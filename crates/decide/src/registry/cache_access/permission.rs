//! What follows from an answer of the upstream, and from its absence.

use crate::registry::token::Refusal;

/// Which pulls are allowed while the upstream does not say who may pull.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Failover {
    /// None.
    #[default]
    Deny,
    /// Those of repositories that the login could pull before.
    SameRepository,
    /// Those of images that the login has pulled before.
    SameImage,
}

/// What was found out about a login and a repository.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Finding {
    /// The upstream lets it pull.
    Right,
    /// The upstream does not know such a login.
    WrongLogin,
    /// The upstream does not let it pull, or has no such repository.
    NoRight,
    /// The login was not sent to the upstream: others of its user were wrong a moment ago.
    TooManyWrong,
    /// Too many others wait for an answer of the upstream.
    Busy,
    /// The upstream answers too many requests.
    RateLimited,
    /// The upstream does not answer.
    Away,
    /// The upstream answers others, but does not say of this repository.
    Silent,
}

/// What a login may pull from a repository.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Permission {
    /// Nothing was asked for that could be pulled.
    Nothing,
    /// All its images.
    Everything,
    /// The images that it has pulled before.
    KnownImages,
    /// No image.
    Refused(Refusal),
}

/// What a login may pull. `had_right` says whether it had the right to a short time ago.
#[must_use]
pub fn permission(finding: Finding, is_anonymous: bool, had_right: bool, failover: Failover) -> Permission {
    let refusal = match finding {
        Finding::Right => return Permission::Everything,
        Finding::RateLimited | Finding::Away if had_right && failover != Failover::Deny => {
            return match failover {
                Failover::SameImage => Permission::KnownImages,
                Failover::Deny | Failover::SameRepository => Permission::Everything,
            };
        }
        Finding::WrongLogin => Refusal::Login,
        Finding::NoRight if is_anonymous => Refusal::LogInForUpstream,
        Finding::NoRight => Refusal::NotPermitted,
        Finding::TooManyWrong => Refusal::TooManyWrong,
        Finding::Busy => Refusal::Busy,
        Finding::RateLimited => Refusal::RateLimited,
        Finding::Away | Finding::Silent => Refusal::UpstreamAway,
    };
    Permission::Refused(refusal)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const FAILOVERS: [Failover; 3] = [Failover::Deny, Failover::SameRepository, Failover::SameImage];

    #[rstest]
    #[case(Finding::WrongLogin, 401)]
    #[case(Finding::NoRight, 401)]
    #[case(Finding::TooManyWrong, 429)]
    #[case(Finding::Busy, 429)]
    #[case(Finding::Silent, 503)]
    fn what_the_upstream_refuses_no_failover_allows(#[case] finding: Finding, #[case] status: u16) {
        for failover in FAILOVERS {
            for is_anonymous in [true, false] {
                let Permission::Refused(why) = permission(finding, is_anonymous, true, failover) else {
                    panic!("{finding:?} is allowed")
                };
                assert_eq!(why.status(), status);
            }
        }
    }

    #[rstest]
    #[case(Finding::Away, 503)]
    #[case(Finding::RateLimited, 429)]
    fn without_an_answer_the_failover_decides_for_those_who_had_the_right(
        #[case] finding: Finding,
        #[case] status: u16,
    ) {
        let refused = |had_right, failover| match permission(finding, false, had_right, failover) {
            Permission::Refused(why) => why.status(),
            other => panic!("{other:?}"),
        };
        for failover in FAILOVERS {
            assert_eq!(refused(false, failover), status);
        }
        assert_eq!(refused(true, Failover::Deny), status);
        let allowed = |failover| permission(finding, false, true, failover);
        assert_eq!(allowed(Failover::SameRepository), Permission::Everything);
        assert_eq!(allowed(Failover::SameImage), Permission::KnownImages);
    }

    #[test]
    fn nobody_is_told_to_log_in() {
        let refused = |is_anonymous| permission(Finding::NoRight, is_anonymous, false, Failover::Deny);
        assert_eq!(refused(true), Permission::Refused(Refusal::LogInForUpstream));
        assert_eq!(refused(false), Permission::Refused(Refusal::NotPermitted));
        assert_eq!(permission(Finding::Right, true, false, Failover::Deny), Permission::Everything);
    }
}
