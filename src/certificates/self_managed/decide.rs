//! The next step towards a certificate that every API server trusts: a pure function from what is observed to a step.
//!
//! No connection is lost because nothing is served before it is trusted, and nothing stops being trusted before it has
//! stopped being served: an authority is first published in every `caBundle`, next to the old one; after a grace period,
//! in which every API server sees it, it signs; the old one is removed when the last certificate that it signed has expired.

use std::time::{Duration, SystemTime};

use process::certificates::{Certificate, Keyed};

/// What the cluster holds.
pub(super) struct Observed {
    /// The authority in its Secret; `None` if there is none, or key and certificate do not fit.
    pub(super) authority: Option<Keyed>,
    /// The certificate in its Secret; `None` if there is none, or key and certificate do not fit.
    pub(super) server: Option<Keyed>,
    /// The authority that signed it, as its Secret says.
    pub(super) issuer: Option<Certificate>,
    /// The `caBundle` of every webhook.
    pub(super) published: Vec<Vec<Certificate>>,
}

/// What is wanted.
pub(super) struct Wanted {
    /// The names to serve.
    pub(super) names: Vec<String>,
    /// How long a server certificate is valid.
    pub(super) lifetime: Duration,
}

/// The next step.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Step {
    /// Make a new authority.
    MakeAuthority,
    /// Write these certificates into every `caBundle`.
    Publish(Vec<Certificate>),
    /// Sign a new server certificate.
    Sign,
    /// Sign one as soon as the grace period is over.
    AwaitTrust,
    /// All is as it should be.
    Rest,
}

/// Decides. `trusted` says whether the authority has been published for longer than the grace period, or there is nobody
/// who could still trust something else.
#[must_use]
pub(super) fn decide(observed: &Observed, wanted: &Wanted, trusted: bool, now: SystemTime) -> Step {
    let usable =
        |authority: &&Keyed| authority.certificate.is_valid(now) && !is_due(&authority.certificate, now);
    let Some(authority) = observed.authority.as_ref().filter(usable) else { return Step::MakeAuthority };
    let authority = &authority.certificate;

    let bundle = bundle(observed, authority, wanted, now);
    let is_published = |webhook: &Vec<Certificate>| {
        webhook.len() == bundle.len() && bundle.iter().all(|certificate| webhook.contains(certificate))
    };
    if !observed.published.iter().all(is_published) {
        return Step::Publish(bundle);
    }

    let fits =
        |server: &Keyed| server.serves(authority, &wanted.names, now) && !is_due(&server.certificate, now);
    match &observed.server {
        Some(server) if fits(server) => Step::Rest,
        // Nothing is lost by haste when what is served has ended.
        Some(server) if !trusted && server.certificate.is_valid(now) => Step::AwaitTrust,
        None if !trusted => Step::AwaitTrust,
        _ => Step::Sign,
    }
}

/// Whether two thirds of its life are over, so that there is time to replace it.
fn is_due(certificate: &Certificate, now: SystemTime) -> bool {
    let life = certificate.not_after().duration_since(certificate.made()).unwrap_or_default();
    certificate.made() + life * 2 / 3 <= now
}

/// How many authorities a bundle holds at most, whatever others have put into it.
const MAX_BUNDLE: usize = 8;

/// What API servers have to trust: the authority, and what was published before for as long as a certificate that it
/// signed may be served. Those that are published are asked, and not a list of our own, so that even an authority whose
/// Secret is lost goes in order. Whether they are valid is not: a clock that is wrong for a while must not take away trust.
fn bundle(
    observed: &Observed,
    authority: &Certificate,
    wanted: &Wanted,
    now: SystemTime,
) -> Vec<Certificate> {
    let mut bundle = vec![authority.clone()];
    let last_signed_by_others = authority.made() + wanted.lifetime;
    if now < last_signed_by_others {
        for certificate in observed.issuer.iter().chain(observed.published.iter().flatten()) {
            if bundle.len() < MAX_BUNDLE && !bundle.contains(certificate) {
                bundle.push(certificate.clone());
            }
        }
    }
    bundle
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use rstest::rstest;

    use process::certificates as issue;

    use super::*;
    use crate::certificates::service_names;

    const LIFETIME: Duration = Duration::from_hours(24);
    const AUTHORITY_LIFETIME: Duration = Duration::from_hours(72);
    const HOUR: Duration = Duration::from_hours(1);

    /// A whole second, as certificates have no finer times.
    fn start() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_hours(24 * 20_000)
    }

    fn names() -> Vec<String> {
        service_names("webhook", "system")
    }

    fn authority(name: &str, now: SystemTime) -> Keyed {
        Keyed::read(issue::authority(name, now, now + AUTHORITY_LIFETIME).unwrap()).unwrap()
    }

    fn server(authority: &Keyed, names: Vec<String>, now: SystemTime) -> Keyed {
        Keyed::read(issue::server(&authority.pair, names, now, now + LIFETIME).unwrap()).unwrap()
    }

    fn published(authorities: &[&Keyed]) -> Vec<Vec<Certificate>> {
        let bundle: Vec<_> = authorities.iter().map(|authority| authority.certificate.clone()).collect();
        vec![bundle.clone(), bundle]
    }

    fn step(observed: &Observed, trusted: bool, now: SystemTime) -> Step {
        decide(observed, &Wanted { names: names(), lifetime: LIFETIME }, trusted, now)
    }

    fn publish(authorities: &[&Keyed]) -> Step {
        Step::Publish(published(authorities).remove(0))
    }

    #[test]
    fn from_nothing_to_a_certificate() {
        let now = start();
        let mut observed =
            Observed { authority: None, server: None, issuer: None, published: published(&[]) };
        assert_eq!(step(&observed, false, now), Step::MakeAuthority);
        let first = authority("first", now);
        observed.authority = Some(first.clone());
        assert_eq!(step(&observed, false, now), publish(&[&first]));
        observed.published = published(&[&first]);
        assert_eq!(step(&observed, false, now), Step::AwaitTrust);
        assert_eq!(step(&observed, true, now), Step::Sign);
        observed.server = Some(server(&first, names(), now));
        assert_eq!(step(&observed, true, now), Step::Rest);
        // Without any webhook configuration there is nothing to publish.
        observed.published.clear();
        assert_eq!(step(&observed, true, now), Step::Rest);
    }

    #[rstest]
    #[case::fresh(HOUR * 15, Step::Rest)]
    #[case::due(HOUR * 16, Step::Sign)]
    #[case::the_authority_is_not_yet_due(HOUR * 47, Step::Sign)]
    #[case::the_authority_is_due(HOUR * 48, Step::MakeAuthority)]
    #[case::all_has_ended(HOUR * 1000, Step::MakeAuthority)]
    fn what_is_due_is_replaced(#[case] age: Duration, #[case] expected: Step) {
        let first = authority("first", start());
        let observed = Observed {
            server: Some(server(&first, names(), start())),
            issuer: Some(first.certificate.clone()),
            published: published(&[&first]),
            authority: Some(first),
        };
        assert_eq!(step(&observed, true, start() + age), expected);
    }

    #[test]
    fn an_authority_is_followed_by_another_without_a_gap() {
        let (first, now) = (authority("first", start()), start() + HOUR * 48);
        let second = authority("second", now);
        let mut observed = Observed {
            authority: Some(second.clone()),
            server: Some(server(&first, names(), now - HOUR)),
            issuer: Some(first.certificate.clone()),
            published: published(&[&first]),
        };
        assert_eq!(step(&observed, false, now), publish(&[&second, &first]));
        // One of the two configurations lags behind.
        observed.published = published(&[&second, &first]);
        observed.published.pop();
        observed.published.extend(published(&[&first]));
        assert_eq!(step(&observed, true, now), publish(&[&second, &first]));
        observed.published = published(&[&second, &first]);
        assert_eq!(step(&observed, false, now), Step::AwaitTrust);
        assert_eq!(step(&observed, true, now), Step::Sign);
        observed.server = Some(server(&second, names(), now));
        observed.issuer = Some(second.certificate.clone());
        assert_eq!(step(&observed, true, now), Step::Rest);
        // The old one is removed when nothing that it signed can still be served, and not before.
        observed.server = Some(server(&second, names(), now + HOUR * 16));
        assert_eq!(step(&observed, true, now + LIFETIME - HOUR), Step::Rest);
        assert_eq!(step(&observed, true, now + LIFETIME), publish(&[&second]));
    }

    #[test]
    fn what_is_served_stays_trusted_though_its_authority_was_published_nowhere() {
        let (first, second) = (authority("first", start()), authority("second", start()));
        let observed = Observed {
            authority: Some(second.clone()),
            server: Some(server(&first, names(), start())),
            issuer: Some(first.certificate.clone()),
            published: published(&[]),
        };
        assert_eq!(step(&observed, false, start()), publish(&[&second, &first]));
    }

    #[rstest]
    #[case::of_another_authority(false, names(), Duration::ZERO, Step::AwaitTrust)]
    #[case::of_other_names(true, vec!["elsewhere".to_owned()], Duration::ZERO, Step::AwaitTrust)]
    #[case::that_has_ended_so_haste_loses_nothing(false, names(), LIFETIME, Step::Sign)]
    fn a_certificate_that_does_not_fit_is_replaced(
        #[case] ours: bool,
        #[case] names: Vec<String>,
        #[case] age: Duration,
        #[case] untrusted: Step,
    ) {
        let (first, other) = (authority("first", start()), authority("other", start()));
        let signer = if ours { &first } else { &other };
        let observed = Observed {
            server: Some(server(signer, names, start())),
            issuer: None,
            published: published(&[&first]),
            authority: Some(first),
        };
        assert_eq!(step(&observed, false, start() + age), untrusted);
        assert_eq!(step(&observed, true, start() + age), Step::Sign);
    }

    #[test]
    fn a_bundle_that_others_have_filled_is_bounded() {
        let first = authority("first", start());
        let others: Vec<_> = (0..20).map(|index| authority(&index.to_string(), start())).collect();
        let observed = Observed {
            authority: Some(first.clone()),
            server: None,
            issuer: None,
            published: published(&others.iter().collect::<Vec<_>>()),
        };
        let Step::Publish(bundle) = step(&observed, false, start()) else { unreachable!() };
        assert_eq!((bundle.len(), bundle.first()), (MAX_BUNDLE, Some(&first.certificate)));
    }
}
