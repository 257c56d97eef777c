use std::time::Duration;

use policy::image_registry_accounts::bcrypt::parse;
use rstest::rstest;

use super::*;

/// `right` at the least cost.
fn hash(password: &str) -> Bcrypt {
    parse(&bcrypt::hash(password, 4).unwrap()).unwrap()
}

fn passwords() -> Passwords {
    Passwords::new(NonZeroUsize::new(2).unwrap(), Gauge::default()).unwrap()
}

const ADDRESS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

async fn ask(passwords: &Passwords, hashes: Option<&[Bcrypt]>, password: &str) -> Verdict {
    let password = HiddenText::new(password);
    passwords
        .verify(Question { user: "me", tenant: "me", hashes, password: &password, address: ADDRESS })
        .await
}

#[tokio::test]
async fn any_of_the_hashes_is_right() {
    let (passwords, hashes) = (passwords(), ["old", "new"].map(hash));
    for _ in 0..2 {
        assert_eq!(ask(&passwords, Some(&hashes), "old").await, Verdict::Right(0));
        assert_eq!(ask(&passwords, Some(&hashes), "new").await, Verdict::Right(1));
    }
    assert_eq!(ask(&passwords, Some(&hashes[1..]), "old").await, Verdict::Wrong);
    assert_eq!(ask(&passwords, Some(&hashes[1..]), "new").await, Verdict::Right(0));
}

#[rstest]
#[case::wrong("wrong")]
#[case::empty("")]
#[case::cut("righ")]
#[case::longer("right ")]
#[case::nul("right\0")]
#[tokio::test]
async fn everything_else_is_wrong(#[case] password: &str) {
    let (passwords, hashes) = (passwords(), [hash("right")]);
    assert_eq!(ask(&passwords, Some(&hashes), password).await, Verdict::Wrong);
}

#[tokio::test]
async fn a_password_that_bcrypt_would_cut_is_wrong() {
    let (passwords, hashes) = (passwords(), [hash(&"a".repeat(72))]);
    assert_eq!(ask(&passwords, Some(&hashes), &"a".repeat(72)).await, Verdict::Right(0));
    assert_eq!(ask(&passwords, Some(&hashes), &"a".repeat(73)).await, Verdict::Wrong);
}

#[tokio::test]
async fn nobody_has_the_password_of_no_user() {
    let passwords = passwords();
    // It was right for another hash, or for another user, but not here.
    assert_eq!(ask(&passwords, Some(&[hash("right")]), "right").await, Verdict::Right(0));
    assert_eq!(ask(&passwords, None, "right").await, Verdict::Wrong);
    assert_eq!(ask(&passwords, Some(&[]), "right").await, Verdict::Wrong);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_login_is_answered_late_whether_the_user_exists_or_not() {
    for hashes in [Some([hash("right")]), None] {
        let passwords = passwords();
        let hashes = hashes.as_ref().map(<[_; 1]>::as_slice);
        for (password, milliseconds) in [("a", 500), ("b", 1000), ("b", 2000), ("c", 4000), ("d", 4000)] {
            let started = Instant::now();
            assert_eq!(ask(&passwords, hashes, password).await, Verdict::Wrong);
            assert_eq!(started.elapsed(), Duration::from_millis(milliseconds));
        }
    }
}

#[tokio::test]
async fn who_floods_is_sent_away_and_who_is_known_is_not() {
    let passwords = Arc::new(passwords());
    let hashes = [hash("right")];
    assert_eq!(ask(&passwords, Some(&hashes), "right").await, Verdict::Right(0));
    // All places of this address.
    let places: Vec<_> = (0..QUEUE / 2).map(|_| passwords.queue.enter(ADDRESS, "me").unwrap()).collect();
    assert_eq!(ask(&passwords, Some(&hashes), "wrong").await, Verdict::Busy);
    assert_eq!(ask(&passwords, Some(&hashes), "right").await, Verdict::Right(0));
    drop(places);
    assert_eq!(ask(&passwords, Some(&hashes), "wrong").await, Verdict::Wrong);
}

#[test]
fn the_hash_for_nobody_is_one_of_any_cost() {
    for cost in 4..=14 {
        assert_eq!(u32::from(parse(&dummy(cost)).unwrap().cost()), cost);
    }
}

#[tokio::test]
async fn nobody_costs_as_much_as_the_dearest_account() {
    let passwords = passwords();
    let dear = [parse(&bcrypt::hash("right", 11).unwrap()).unwrap()];
    assert_eq!(passwords.cost.load(Ordering::Relaxed), DUMMY_COST);
    assert_eq!(ask(&passwords, Some(&dear), "right").await, Verdict::Right(0));
    assert_eq!(passwords.cost.load(Ordering::Relaxed), 11);
}

#[tokio::test(start_paused = true)]
async fn nothing_else_is_verified_while_a_wrong_login_waits() {
    let passwords = Arc::new(passwords());
    let (asking, started) = (Arc::clone(&passwords), Instant::now());
    let wrong = tokio::spawn(async move { ask(&asking, Some(&[hash("right")]), "wrong").await });
    while passwords.waiting.available_permits() == WAITING {
        task::yield_now().await;
    }
    assert_eq!(ask(&passwords, Some(&[hash("right")]), "wrong too").await, Verdict::Busy);
    assert_eq!(wrong.await.unwrap(), Verdict::Wrong);
    assert_eq!(started.elapsed(), Duration::from_millis(500));
    // When all places are taken, nobody waits.
    let _all = passwords.waiting.try_acquire_many(u32::try_from(WAITING).unwrap()).unwrap();
    assert_eq!(ask(&passwords, None, "wrong").await, Verdict::Busy);
    assert_eq!(started.elapsed(), Duration::from_millis(500));
}

#[test]
fn nothing_shows_a_password() {
    let password = HiddenText::new("secret");
    let question = Question { user: "me", tenant: "me", hashes: None, password: &password, address: ADDRESS };
    assert!(!format!("{question:?}").contains("secret"));
}
