use std::pin::pin;

use futures::FutureExt as _;

use super::*;

const ONE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
const OTHER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

#[test]
fn no_address_and_no_tenant_takes_more_than_half_of_the_places() {
    let waiting = Gauge::default();
    let queue = Arc::new(Queue::new(1, 4, waiting.clone()));
    let own: Vec<_> = ["a", "b"].into_iter().map(|tenant| queue.enter(ONE, tenant).unwrap()).collect();
    assert!(queue.enter(ONE, "c").is_none());
    let tenant = queue.enter(OTHER, "a").unwrap();
    assert!(queue.enter([192, 0, 2, 3].into(), "a").is_none());
    let others = queue.enter(OTHER, "d").unwrap();
    assert!(queue.enter([192, 0, 2, 3].into(), "e").is_none());
    drop(own);
    assert!(queue.enter(ONE, "c").is_some());
    assert_eq!(waiting.get(), 2);
    drop((tenant, others));
    let state = queue.state();
    assert_eq!((state.taken, state.sources.len(), waiting.get()), (0, 0, 0));
}

#[tokio::test]
async fn turns_are_taken_one_after_the_other() {
    let waiting = Gauge::default();
    let queue = Arc::new(Queue::new(1, 4, waiting.clone()));
    let turn = queue.enter(ONE, "a").unwrap().wait().await;
    assert_eq!(waiting.get(), 0);
    let next = tokio::spawn(queue.enter(OTHER, "b").unwrap().wait());
    tokio::task::yield_now().await;
    assert_eq!((next.is_finished(), waiting.get()), (false, 1));
    drop(turn);
    assert!(next.await.unwrap().is_some());
    assert_eq!(waiting.get(), 0);
}

#[test]
fn who_sends_many_logins_waits_for_itself() {
    let address = |number: u8| IpAddr::from([192, 0, 2, number]);
    // From many addresses for one tenant, and for many tenants from one address.
    let floods: [fn(u8) -> (u8, String); 2] =
        [|number| (number, "greedy".to_owned()), |number| (0, number.to_string())];
    for flood in floods {
        let queue = Arc::new(Queue::new(1, 16, Gauge::default()));
        let mut flooding: Vec<_> = (1..8)
            .map(|number| {
                let (from, tenant) = flood(number);
                Box::pin(queue.enter(address(from), &tenant).unwrap().wait())
            })
            .collect();
        let turns: Vec<_> = flooding.iter_mut().map(futures::FutureExt::now_or_never).collect();
        assert_eq!(turns.iter().flatten().count(), 1);
        let mut other = pin!(queue.enter(address(99), "other").unwrap().wait());
        assert!(other.as_mut().now_or_never().is_none());
        drop(turns);
        assert!(other.now_or_never().is_some());
    }
}

#[test]
fn a_source_leaves_a_core_for_the_others() {
    let queue = Arc::new(Queue::new(2, 8, Gauge::default()));
    let first = queue.enter(ONE, "a").unwrap().wait().now_or_never().flatten().unwrap();
    let mut second = pin!(queue.enter(OTHER, "a").unwrap().wait());
    assert!(second.as_mut().now_or_never().is_none());
    let other = queue.enter([192, 0, 2, 3].into(), "b").unwrap().wait().now_or_never();
    assert!(other.flatten().is_some());
    drop(first);
    assert!(second.now_or_never().flatten().is_some());
    // Who leaves the line keeps nobody waiting.
    let mut gone = Box::pin(queue.enter(ONE, "a").unwrap().wait());
    drop(gone.as_mut().now_or_never());
    drop(gone);
    let state = queue.state();
    assert_eq!((state.running, state.sources.len()), (0, 0));
}
