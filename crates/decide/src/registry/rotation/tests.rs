//! A walk over everything that can happen between the writes of a rotation.

use proptest::prelude::*;
use rstest::rstest;

use super::*;

const HOUR: Duration = Duration::from_hours(1);
const DAY: Lifetimes = Lifetimes { interval: Duration::from_hours(24), overlap: Duration::from_hours(12) };

fn at(hours: u64) -> Timestamp {
    later(Timestamp::UNIX_EPOCH, HOUR * u32::try_from(hours).unwrap())
}

fn account(number: u64, hours: u64) -> Account {
    Account { number, created: at(hours), ttl: DAY.interval }
}

fn observed(accounts: &[Account], stored: Option<u64>) -> Observed {
    Observed {
        uid: "uid".to_owned(),
        accounts: accounts.to_vec(),
        stored,
        rotation: 0,
        ..Observed::default()
    }
}

#[rstest]
#[case::new(observed(&[], None), 0, Some((1, Cause::NoSecret)), &[])]
#[case::lost_before_the_secret_was_written(observed(&[account(1, 0)], None), 0, Some((2, Cause::NoSecret)), &[1])]
#[case::fresh(observed(&[account(1, 0)], Some(1)), 11, None, &[])]
#[case::due(observed(&[account(1, 0)], Some(1)), 12, Some((2, Cause::Due)), &[])]
#[case::replaced(observed(&[account(1, 0), account(2, 12)], Some(2)), 13, None, &[])]
#[case::lost_at_the_second(observed(&[account(1, 0), account(2, 12)], Some(1)), 13, Some((3, Cause::Due)), &[2])]
#[case::expired(observed(&[account(1, 0)], Some(1)), 24, Some((2, Cause::NoAccount)), &[])]
#[case::account_deleted(observed(&[], Some(4)), 1, Some((5, Cause::NoAccount)), &[])]
#[case::secret_deleted(Observed { rotation: 3, ..observed(&[account(3, 0)], None) }, 1, Some((4, Cause::NoSecret)), &[])]
#[case::secret_restored(Observed { rotation: 2, ..observed(&[account(1, 0), account(2, 1)], Some(1)) }, 1, None, &[])]
#[case::clock_before_the_account(observed(&[account(1, 100)], Some(1)), 0, None, &[])]
fn each_state_has_one_way_on(
    #[case] observed: Observed,
    #[case] hours: u64,
    #[case] next: Option<(u64, Cause)>,
    #[case] orphans: &[u64],
) {
    let rotation = observed.decide(DAY, at(hours));
    assert_eq!((rotation.next, rotation.orphans.as_slice()), (next, orphans));
}

#[test]
fn a_number_is_never_used_again() {
    let gone = Observed { rotation: 7, ..observed(&[], None) };
    assert_eq!(gone.decide(DAY, at(0)).next, Some((8, Cause::NoSecret)));
}

#[test]
fn an_annotation_is_followed_once() {
    let first = Observed { requested: Some("a".to_owned()), ..observed(&[account(1, 0)], Some(1)) };
    assert_eq!(first.decide(DAY, at(1)).next, Some((2, Cause::Requested)));
    let done = Observed { followed: Some("a".to_owned()), ..first };
    assert_eq!(done.decide(DAY, at(1)).next, None);
    let again = Observed { requested: Some("b".to_owned()), ..done.clone() };
    assert_eq!(again.decide(DAY, at(1)).next, Some((2, Cause::Requested)));
    let removed = Observed { requested: None, ..done };
    assert_eq!(removed.decide(DAY, at(1)).next, None);
}

#[test]
fn the_password_is_replaced_at_the_end_of_the_interval_less_the_overlap_and_at_most_a_twentieth_earlier() {
    let mut earliest = Timestamp::MAX;
    for uid in 0..1000 {
        let observed = Observed { uid: uid.to_string(), ..observed(&[account(1, 0)], Some(1)) };
        let due = observed.decide(DAY, at(0)).due.unwrap();
        assert!((later(at(0), HOUR.mul_f64(11.4))..=at(12)).contains(&due), "{due}");
        assert_eq!(observed.decide(DAY, at(5)).due, Some(due));
        earliest = earliest.min(due);
    }
    assert!(earliest < later(at(0), HOUR.mul_f64(11.5)));
}

#[test]
fn a_longer_interval_does_not_let_an_account_expire() {
    let week = Lifetimes { interval: HOUR * 168, overlap: HOUR * 84 };
    let rotation = observed(&[account(1, 0)], Some(1)).decide(week, at(0));
    assert_eq!(rotation.valid_until, Some(at(24)));
    assert!(rotation.due.unwrap() <= at(12));
}

/// What the cluster holds, changed as a rotation changes it, one write at a time.
#[derive(Clone, Debug)]
struct Cluster {
    observed: Observed,
    /// The account of the Secret as a consumer has it who reads it every six hours.
    consumed: Option<Account>,
}

impl Cluster {
    /// A look at an hour that ends after some writes.
    fn look(&mut self, hours: u64, writes: usize) {
        self.observed.accounts.retain(|account| at(hours) < account.valid_until());
        let rotation = self.observed.decide(DAY, at(hours));
        for write in 0..writes {
            if let Some(orphan) = rotation.orphans.get(write) {
                self.observed.accounts.retain(|account| account.number != *orphan);
            } else if let Some((number, _)) = rotation.next {
                match write - rotation.orphans.len() {
                    0 => self.observed.accounts.push(account(number, hours)),
                    1 => self.observed.stored = Some(number),
                    _ => self.observed.rotation = number,
                }
            }
        }
    }
}

proptest! {
    /// Whatever write a crash follows, if one look in five hours gets through, a consumer that reads the Secret every six
    /// hours always has a valid password, and accounts do not pile up.
    #[test]
    fn no_crash_leaves_a_consumer_without_a_valid_password(crashes in proptest::collection::vec(0_usize..5, 300)) {
        let mut cluster = Cluster { observed: observed(&[], None), consumed: None };
        for (hours, crash) in (0_u64..).zip(crashes) {
            cluster.look(hours, if hours % 5 == 0 { usize::from(u8::MAX) } else { crash });
            if hours % 6 == 0 {
                let stored = cluster.observed.stored;
                cluster.consumed = cluster.observed.accounts.iter().copied().find(|account| Some(account.number) == stored);
            }
            let consumed = cluster.consumed.unwrap();
            prop_assert!(cluster.observed.accounts.contains(&consumed), "{hours}: {cluster:?}");
            prop_assert!(at(hours) < consumed.valid_until(), "{hours}: {cluster:?}");
            prop_assert!(cluster.observed.accounts.len() <= 4, "{hours}: {cluster:?}");
        }
    }
}
