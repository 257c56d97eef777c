//! When authorities and certificates are replaced, and in which steps.

use rstest::rstest;

use super::*;

const HOUR: Duration = Duration::from_hours(1);
const KEPT: Duration = Duration::from_hours(3);

fn start() -> SystemTime {
    SystemTime::UNIX_EPOCH + HOUR * 24 * 20_000
}

/// A life of 100 hours that starts some hours after the start.
fn life(made: u32) -> Life {
    Life { made: start() + HOUR * made, ends: start() + HOUR * (made + 100) }
}

fn secret(signs: Option<u32>, next: Option<u32>, trusted: usize, since: Option<u32>) -> AuthoritySecret {
    let since = since.map(|hours| start() + HOUR * hours);
    AuthoritySecret {
        signs: signs.map(life),
        next: next.map(life),
        trusted,
        since,
        ..AuthoritySecret::default()
    }
}

#[rstest]
#[case::nothing(secret(None, None, 0, None), 0, false, Some(Step::Make))]
#[case::fresh(secret(Some(0), None, 1, None), 74, false, None)]
#[case::due(secret(Some(0), None, 1, None), 75, false, Some(Step::Prepare))]
#[case::the_clock_goes_back(secret(Some(50), None, 1, None), 0, false, None)]
#[case::not_trusted_everywhere(secret(Some(0), Some(75), 2, None), 76, false, None)]
#[case::trusted_everywhere(secret(Some(0), Some(75), 2, None), 76, true, Some(Step::Promote))]
#[case::ended_before_it_was_trusted(secret(Some(0), Some(75), 2, None), 100, false, Some(Step::Promote))]
#[case::ended_with_the_next_one(secret(Some(0), Some(0), 2, None), 100, true, Some(Step::Make))]
#[case::the_next_one_has_ended(secret(Some(90), Some(0), 2, None), 165, true, Some(Step::Prepare))]
#[case::the_old_one_is_kept(secret(Some(75), None, 2, Some(76)), 78, true, None)]
#[case::the_old_one_goes(secret(Some(75), None, 2, Some(76)), 79, true, Some(Step::Forget))]
#[case::there_is_no_old_one(secret(Some(75), None, 1, Some(76)), 79, true, None)]
#[case::damaged_but_prepared(secret(None, Some(75), 2, None), 76, false, Some(Step::Promote))]
fn an_authority_is_replaced_in_steps(
    #[case] secret: AuthoritySecret,
    #[case] hours: u32,
    #[case] next_is_trusted: bool,
    #[case] expected: Option<Step>,
) {
    let rollover = Rollover { next_is_published: false, next_is_trusted, old_is_kept: KEPT };
    assert_eq!(secret.step(rollover, start() + HOUR * hours), expected);
}

#[rstest]
#[case::until_it_is_due(secret(Some(0), None, 1, None), Some(75))]
#[case::until_it_ends(secret(Some(0), Some(75), 2, None), Some(100))]
#[case::until_the_old_one_goes(secret(Some(75), None, 2, Some(76)), Some(79))]
#[case::nothing(secret(None, None, 0, None), None)]
fn it_sleeps_until_a_step_is_due(#[case] secret: AuthoritySecret, #[case] expected: Option<u32>) {
    let rollover = Rollover { next_is_published: false, next_is_trusted: false, old_is_kept: KEPT };
    assert_eq!(secret.wake(rollover), expected.map(|hours| start() + HOUR * hours));
}

#[rstest]
#[case::not_everywhere(false, None, 76, None)]
#[case::not_everywhere_although_it_is_old(false, None, 142, None)]
#[case::everywhere(true, None, 76, Some(Step::Publish))]
#[case::everywhere_after_a_long_outage(true, None, 190, Some(Step::Publish))]
#[case::somebody_never_gets_it(false, None, 243, Some(Step::Publish))]
#[case::published(true, Some(190), 191, None)]
#[case::published_not_for_two_days(true, Some(190), 237, None)]
#[case::published_for_two_days(true, Some(190), 238, Some(Step::Promote))]
fn the_next_authority_of_the_installation_is_published_for_two_days(
    #[case] is_everywhere: bool,
    #[case] published: Option<u32>,
    #[case] hours: u32,
    #[case] expected: Option<Step>,
) {
    let at = |hours: u32| start() + HOUR * hours;
    let root = AuthoritySecret {
        signs: Some(Life { made: start(), ends: at(1000) }),
        next: Some(Life { made: at(75), ends: at(2000) }),
        is_everywhere,
        published: published.map(at),
        trusted: 2,
        since: None,
    };
    assert_eq!(root.step(root_rollover(&root, at(hours)), at(hours)), expected);
}

/// Killed after any write and away for days, the controller lets nobody meet an authority that could not be known for
/// two days.
#[rstest]
fn no_outage_shortens_the_publication(#[values(0, 1, 2, 3, 4, 5, 6)] last_write: usize) {
    let mut root = secret(Some(0), None, 1, None);
    root.signs = Some(Life { made: start(), ends: start() + HOUR * 1000 });
    // When each Secret that holds it was written.
    let mut holders = [None; 3];
    let (mut now, mut writes) = (start() + HOUR * 750, 0);
    loop {
        root.is_everywhere = holders.iter().all(Option::is_some);
        let missing = holders.iter_mut().find(|holder| holder.is_none() && root.next.is_some());
        match (root.step(root_rollover(&root, now), now), missing) {
            (Some(Step::Prepare), _) => {
                root.next = Some(Life { made: now, ends: now + HOUR * 1000 });
            }
            (Some(Step::Publish), _) => root.published = Some(now),
            (Some(step), _) => {
                assert_eq!(step, Step::Promote);
                break;
            }
            (None, Some(holder)) => *holder = Some(now),
            (None, None) => {
                now += HOUR;
                continue;
            }
        }
        writes += 1;
        now += if writes == last_write { HOUR * 100 } else { Duration::from_secs(1) };
    }
    assert_eq!(writes, 5);
    for holder in holders {
        assert!(holder.is_some_and(|written| written + HOUR * 48 <= now), "{holder:?} {now:?}");
    }
}

#[test]
fn an_old_token_authority_outlives_its_tokens() {
    let rollover = token_rollover(true, Duration::from_mins(15));
    let expected =
        Rollover { next_is_published: false, next_is_trusted: true, old_is_kept: Duration::from_mins(21) };
    assert_eq!(rollover, expected);
}

#[rstest]
#[case::missing(None, true, true, 0, true)]
#[case::fresh(Some(0), true, true, 74, false)]
#[case::due(Some(0), true, true, 75, true)]
#[case::of_other_names(Some(0), false, true, 1, true)]
#[case::another_authority(Some(0), true, false, 1, true)]
#[case::ended(Some(0), true, true, 100, true)]
fn a_certificate_is_signed_when_it_is_due(
    #[case] serves: Option<u32>,
    #[case] is_as_wanted: bool,
    #[case] has_authorities: bool,
    #[case] hours: u32,
    #[case] expected: bool,
) {
    let secret = ServerSecret { serves: serves.map(life), is_as_wanted, has_authorities };
    assert_eq!(secret.is_due(start() + HOUR * hours), expected);
}

#[test]
fn authorities_have_names_of_their_own() {
    assert_eq!(authority_name(ROOT_CA, "kyma-system", start()), "image-registry-root-ca 1728000000000");
    assert_eq!(authority_name("x-auth-ca", "shop", start()), "x-auth-ca.shop 1728000000000");
}
