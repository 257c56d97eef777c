use std::sync::atomic::Ordering;
use std::time::Duration;

use super::*;
use crate::cache::fake::{self, Fake, later};

const ADDRESS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

struct Proving {
    fake: Arc<Fake>,
    prover: Prover,
}

impl Proving {
    async fn start() -> Self {
        let (fake, prover) = fake::start().await;
        Self { fake, prover }
    }

    async fn prove(&self, login: Option<&Login>, repository: &str) -> Finding {
        self.prover.prove(Question { login, repository, address: ADDRESS }).await.finding
    }

    fn logins(&self) -> usize {
        self.fake.logins.load(Ordering::SeqCst)
    }
}

fn login(password: &str) -> Login {
    Login::new("me", password).unwrap()
}

#[tokio::test]
async fn each_repository_has_a_verdict_of_its_own_that_is_remembered() {
    let proving = Proving::start().await;
    let right = login("right");
    for _ in 0..3 {
        assert_eq!(proving.prove(Some(&right), "mine/a").await, Finding::Right);
        assert_eq!(proving.prove(Some(&right), "other").await, Finding::NoRight);
        assert_eq!(proving.prove(Some(&right), "public").await, Finding::Right);
        assert_eq!(proving.prove(None, "public").await, Finding::Right);
        assert_eq!(proving.prove(None, "mine/a").await, Finding::NoRight);
        assert_eq!(proving.prove(Some(&login("wrong")), "mine/a").await, Finding::WrongLogin);
    }
    assert_eq!(proving.logins(), 3);
    assert_eq!(proving.prove(Some(&right), "mine/b").await, Finding::Right);
    assert_eq!(proving.logins(), 4);
}

#[tokio::test]
async fn equal_questions_are_asked_once() {
    let proving = Proving::start().await;
    let right = login("right");
    let found = futures::future::join_all((0..20).map(|_| proving.prove(Some(&right), "mine/a"))).await;
    assert_eq!((found, proving.logins()), (vec![Finding::Right; 20], 1));
}

#[tokio::test]
async fn the_upstream_sees_three_wrong_logins_of_a_user_and_who_is_known_goes_on() {
    let proving = Proving::start().await;
    let right = login("right");
    assert_eq!(proving.prove(Some(&right), "mine/a").await, Finding::Right);
    let wrong: Vec<_> = (0..10).map(|number| login(&format!("wrong-{number}"))).collect();
    let found = futures::future::join_all(wrong.iter().map(|login| proving.prove(Some(login), "mine/a")));
    let found = found.await;
    let count = |finding| found.iter().filter(|found| **found == finding).count();
    assert_eq!((count(Finding::WrongLogin), count(Finding::TooManyWrong)), (3, 7));
    assert_eq!(proving.logins(), 4);
    assert_eq!(proving.prove(Some(&right), "mine/b").await, Finding::Right);
    assert_eq!(proving.prove(None, "public").await, Finding::Right);
    // Users have one name, however they spell it.
    let spelled = Login::new("ME ", "wrong").unwrap();
    assert_eq!(proving.prove(Some(&spelled), "mine/a").await, Finding::TooManyWrong);
    // Nobody can tell whether this one is right.
    let other = login("other");
    assert_eq!(proving.prove(Some(&other), "mine/a").await, Finding::TooManyWrong);
    assert_eq!(proving.logins(), 5);
}

#[tokio::test]
async fn without_an_answer_it_is_known_who_had_a_right() {
    let proving = Proving::start().await;
    let right = login("right");
    assert_eq!(proving.prove(Some(&right), "mine/a").await, Finding::Right);
    later(Duration::from_mins(5)).await;
    let prove =
        |repository| proving.prover.prove(Question { login: Some(&right), repository, address: ADDRESS });
    proving.fake.status.store(503, Ordering::SeqCst);
    assert_eq!(prove("mine/a").await, Proof { finding: Finding::Away, had_right: true });
    assert_eq!(prove("mine/b").await, Proof { finding: Finding::Away, had_right: false });
    // It is asked again after a moment.
    proving.fake.status.store(0, Ordering::SeqCst);
    assert_eq!(prove("mine/a").await.finding, Finding::Away);
    later(Duration::from_secs(5)).await;
    assert_eq!(prove("mine/a").await.finding, Finding::Right);
    later(Duration::from_mins(5)).await;
    proving.fake.status.store(429, Ordering::SeqCst);
    assert_eq!(prove("mine/a").await, Proof { finding: Finding::RateLimited, had_right: true });
    // It is not asked again for a minute.
    proving.fake.status.store(0, Ordering::SeqCst);
    assert_eq!(prove("mine/b").await, Proof { finding: Finding::RateLimited, had_right: false });
    later(Duration::from_mins(1)).await;
    assert_eq!(prove("mine/b").await.finding, Finding::Right);
}

/// An upstream does not look at logins that ask for what everybody may have.
#[tokio::test]
async fn what_is_public_proves_no_login() {
    let proving = Proving::start().await;
    assert_eq!(wrong_after_guesses(&proving, "public").await, 3);
    assert_eq!(proving.logins(), 3);
}

/// Some look at them, and take any: a proof of theirs means nothing.
#[tokio::test]
async fn proofs_are_not_trusted_once_one_was_wrong() {
    let proving = Proving::start().await;
    assert_eq!(wrong_after_guesses(&proving, "careless/a").await, 3);
}

/// Shows ten logins to the upstream where each is right, and counts how many are wrong then elsewhere.
async fn wrong_after_guesses(proving: &Proving, repository: &str) -> usize {
    let guesses: Vec<_> = (0..10).map(|number| login(&format!("guess-{number}"))).collect();
    for guess in &guesses {
        assert_eq!(proving.prove(Some(guess), repository).await, Finding::Right);
    }
    let mut wrong = 0;
    for guess in &guesses {
        wrong += usize::from(proving.prove(Some(guess), "mine/a").await == Finding::WrongLogin);
    }
    wrong
}

/// Whoever asks for what the upstream cannot answer does not take it away from others.
#[tokio::test]
async fn an_answer_about_one_repository_says_nothing_of_others() {
    let proving = Proving::start().await;
    let right = login("right");
    assert_eq!(proving.prove(Some(&right), "mine/a").await, Finding::Right);
    assert_eq!(proving.prove(None, "broken/a").await, Finding::Silent);
    assert_eq!(proving.prove(Some(&right), "mine/b").await, Finding::Right);
    later(Duration::from_mins(5)).await;
    assert_eq!(proving.prove(None, "broken/b").await, Finding::Silent);
    assert_eq!(proving.prove(Some(&right), "mine/a").await, Finding::Right);
}
