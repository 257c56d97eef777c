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
    proving.fake.status.store(429, Ordering::SeqCst);
    let prove =
        |repository| proving.prover.prove(Question { login: Some(&right), repository, address: ADDRESS });
    assert_eq!(prove("mine/a").await, Proof { finding: Finding::RateLimited, had_right: true });
    proving.fake.status.store(503, Ordering::SeqCst);
    assert_eq!(prove("mine/a").await, Proof { finding: Finding::Away, had_right: true });
    assert_eq!(prove("mine/b").await, Proof { finding: Finding::Away, had_right: false });
    // It is asked again after a moment.
    proving.fake.status.store(0, Ordering::SeqCst);
    assert_eq!(prove("mine/a").await.finding, Finding::Away);
    later(Duration::from_secs(5)).await;
    assert_eq!(prove("mine/a").await.finding, Finding::Right);
}
