//! A walk over everything that can happen between the writes of a rotation.

use std::collections::BTreeMap;

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
#[case::clock_before_the_account(observed(&[account(1, 100)], Some(1)), 0, Some((2, Cause::Ahead)), &[])]
#[case::clock_before_the_second(observed(&[account(1, 0), account(2, 100)], Some(1)), 12, Some((3, Cause::Due)), &[2])]
#[case::several_clocks(observed(&[account(1, 100), account(2, 101), account(3, 102), account(4, 103)], Some(4)), 0, None, &[])]
fn each_state_has_one_way_on(
    #[case] observed: Observed,
    #[case] hours: u64,
    #[case] next: Option<(u64, Cause)>,
    #[case] orphans: &[u64],
) {
    let rotation = observed.decide(DAY, at(hours));
    let next = next.map(|(number, cause)| Next::Create(number, cause));
    assert_eq!((rotation.next, rotation.orphans.as_slice()), (next, orphans));
    assert_eq!(rotation.outlived, [0; 0]);
}

#[test]
fn a_number_is_never_used_again() {
    let gone = Observed { rotation: 7, ..observed(&[], None) };
    assert_eq!(gone.decide(DAY, at(0)).next, Some(Next::Create(8, Cause::NoSecret)));
}

#[test]
fn an_annotation_is_followed_once() {
    let first = Observed { requested: Some("a".to_owned()), ..observed(&[account(1, 0)], Some(1)) };
    assert_eq!(first.decide(DAY, at(1)).next, Some(Next::Create(2, Cause::Requested)));
    let done = Observed { followed: Some("a".to_owned()), ..first };
    assert_eq!(done.decide(DAY, at(1)).next, None);
    let again = Observed { requested: Some("b".to_owned()), ..done.clone() };
    assert_eq!(again.decide(DAY, at(1)).next, Some(Next::Create(2, Cause::Requested)));
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

fn second(seconds: u64) -> Timestamp {
    later(Timestamp::UNIX_EPOCH, Duration::from_secs(seconds))
}

#[test]
fn the_secret_names_an_account_three_seconds_after_its_creation() {
    let new = Account { number: 2, created: second(43_200), ttl: DAY.interval };
    let waits = Observed { held: Some(2), ..observed(&[account(1, 0), new], Some(1)) };
    let next = |seconds: u64| waits.decide(DAY, second(43_200 + seconds)).next;
    assert_eq!(next(0), Some(Next::Wait(LEAD)));
    assert_eq!(next(2), Some(Next::Wait(Duration::from_secs(1))));
    assert_eq!(next(3), Some(Next::Store(2, Cause::Due)));
    assert_eq!(waits.decide(DAY, second(43_200)).orphans, [0; 0]);
    // Whoever has lost the password makes another account.
    let lost = Observed { held: None, ..waits.clone() }.decide(DAY, second(43_203));
    assert_eq!((lost.next, lost.orphans.as_slice()), (Some(Next::Create(3, Cause::Due)), [2].as_slice()));
    // Nobody needs it any more: the request for it is withdrawn, for example.
    let unneeded = waits.decide(DAY, second(7200));
    assert_eq!((unneeded.next, unneeded.orphans.as_slice()), (None, [2].as_slice()));
    // The clock was ahead when it was created, or it was deleted meanwhile.
    let ahead = Observed { accounts: vec![account(1, 0), account(2, 100)], ..waits.clone() };
    assert_eq!(ahead.decide(DAY, at(12)).next, Some(Next::Create(3, Cause::Due)));
    assert_eq!(ahead.decide(DAY, at(12)).orphans, [2]);
    let deleted = Observed { accounts: vec![account(1, 0)], ..waits };
    assert_eq!(deleted.decide(DAY, at(12)).next, Some(Next::Create(2, Cause::Due)));
}

#[rstest]
#[case::new(0, 0, Some(3))]
#[case::a_clock_that_differs(60, 0, Some(63))]
#[case::old(0, 3, None)]
#[case::ahead(301, 0, None)]
fn an_account_is_too_new_for_a_while(#[case] created: u64, #[case] now: u64, #[case] expected: Option<u64>) {
    assert_eq!(wait(second(created), second(now)), expected.map(Duration::from_secs));
}

#[test]
fn an_account_from_the_future_ends_with_the_overlap_after_its_successor() {
    // Created at hour 1 by a clock that was 99 hours ahead.
    let wrong = observed(&[account(1, 100)], Some(1));
    assert_eq!(wrong.decide(DAY, at(2)).next, Some(Next::Create(2, Cause::Ahead)));
    let replaced = observed(&[account(1, 100), account(2, 2)], Some(2));
    let rotation = replaced.decide(DAY, at(3));
    assert_eq!((rotation.next, rotation.outlived, rotation.outlives), (None, Vec::new(), Some(at(14))));
    assert_eq!(replaced.decide(DAY, at(14)).outlived, [1]);
    // Further rotations change nothing about it.
    let again = observed(&[account(1, 100), account(2, 2), account(3, 13)], Some(3));
    assert_eq!(again.decide(DAY, at(14)).outlived, [1]);
}

#[test]
fn an_account_that_was_not_far_ahead_lives_no_longer_than_a_life_after_its_successor() {
    let replaced = observed(&[account(1, 5), account(2, 2)], Some(2));
    assert_eq!(replaced.decide(DAY, at(4)).outlives, Some(at(14)));
    let rotation = replaced.decide(DAY, at(10));
    assert_eq!((rotation.outlived, rotation.outlives), (Vec::new(), Some(at(26))));
    assert_eq!(replaced.decide(DAY, at(26)).outlived, [1]);
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
        let (mut now, mut left) = (at(hours), writes);
        // What a process holds is lost with it.
        self.observed.held = None;
        while left > 0 {
            let rotation = self.observed.decide(DAY, now);
            let unneeded: Vec<_> = rotation.orphans.iter().chain(&rotation.outlived).collect();
            for number in unneeded.iter().take(left) {
                self.observed.accounts.retain(|account| account.number != **number);
            }
            left = left.saturating_sub(unneeded.len());
            if left == 0 {
                break;
            }
            match rotation.next {
                Some(Next::Create(number, _)) => {
                    self.observed.accounts.push(Account { number, created: now, ttl: DAY.interval });
                    self.observed.held = Some(number);
                }
                Some(Next::Wait(rest)) => {
                    now = later(now, rest);
                    continue;
                }
                Some(Next::Store(number, _)) => self.observed.stored = Some(number),
                None => {
                    self.observed.rotation = self.observed.stored.unwrap_or_default();
                    break;
                }
            }
            left -= 1;
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
    /// The clock is ahead for some hours. No account of that time is valid for longer than it should be, or than the overlap
    /// after the clock is right again, and at most an hour more, which is how often it is looked at.
    #[test]
    fn a_clock_that_was_ahead_extends_no_life(begin in 0_u64..40, length in 1_u64..30, ahead in 100_u64..2000) {
        let mut cluster = Cluster { observed: observed(&[], None), consumed: None };
        let mut born = BTreeMap::new();
        for hours in 0..200 {
            let clock = if (begin..begin + length).contains(&hours) { hours + ahead } else { hours };
            cluster.look(clock, usize::MAX);
            for account in &cluster.observed.accounts {
                born.entry(account.number).or_insert(hours);
            }
            if hours >= begin + length {
                let end = |account: &Account| (born[&account.number] + 24).max(begin + length + 12);
                let outlived = |account: &&Account| end(account) + 1 < hours;
                let outlived: Vec<_> = cluster.observed.accounts.iter().filter(outlived).collect();
                prop_assert!(outlived.is_empty(), "{hours}: {outlived:?}");
                let stored = cluster.observed.stored.unwrap();
                prop_assert!(cluster.observed.accounts.iter().any(|account| account.number == stored));
            }
        }
    }
}
