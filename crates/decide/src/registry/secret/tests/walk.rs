//! A walk over crashes after every write, deletions, other registries and requests for a rotation.

use proptest::prelude::*;

use super::*;

/// What happens before a look.
#[derive(Clone, Copy, Debug)]
enum Happening {
    Nothing,
    /// Somebody asks for a rotation.
    Request,
    /// Somebody deletes the Secret of which the status is written: nothing else says that consumers have its password.
    Loss,
    /// The registry gets another hostname.
    Rename,
    /// The registry is away, and back at the next look.
    Absence,
    /// Somebody changes the name of the Secret.
    SecretName,
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        20 => Just(Happening::Nothing),
        1 => Just(Happening::Request),
        1 => Just(Happening::Loss),
        1 => Just(Happening::Rename),
        1 => Just(Happening::Absence),
        1 => Just(Happening::SecretName),
    ]
}

/// An account that a consumer has read from the Secret, or from one of an earlier name as long as there is no other.
fn consumed(cluster: &Cluster) -> Option<OwnAccount> {
    let mut leftovers = cluster.leftovers.values().rev().filter_map(Stored::own);
    let number = cluster.stored.own().or_else(|| leftovers.next())?.number?;
    cluster.accounts.iter().find(|own| own.number == number).cloned()
}

fn is_valid(cluster: &Cluster, account: &OwnAccount, hours: i64) -> bool {
    cluster.accounts.contains(account) && at(hours) < until(account)
}

fn until(account: &OwnAccount) -> Timestamp {
    crate::registry::later(account.created, account.ttl)
}

fn is_reported(cluster: &Cluster) -> bool {
    let stored = cluster.stored.own().and_then(|secret| secret.number);
    stored == Some(status::rotation(cluster.status.as_ref()))
}

proptest! {
    /// If one look in five hours gets through, a consumer that reads the Secret every six hours has valid credentials, except
    /// from the loss of the Secret until it is there again. A look that has nothing to do writes nothing.
    #[test]
    fn no_crash_leaves_a_consumer_without_valid_credentials(
        looks in proptest::collection::vec((0_usize..8, happening()), 200)
    ) {
        let mut cluster = Cluster::new(request(&json!({})));
        let mut consumer = None;
        for (hours, (writes, happening)) in (0_i64..).zip(looks) {
            cluster.accounts.retain(|own| at(hours) < until(own));
            let gets_through = hours % 5 == 0;
            let registry = cluster.registry.clone();
            match happening {
                Happening::Request => cluster.request.requested = Some(hours.to_string()),
                Happening::Loss if gets_through && is_reported(&cluster) => cluster.stored = Stored::Missing,
                Happening::Rename => cluster.registry.as_mut().unwrap().hostname = Some(format!("{hours}.example.com")),
                Happening::Absence if !gets_through => cluster.registry = None,
                Happening::SecretName => cluster.rename_secret(&format!("at-{hours:03}")),
                Happening::Nothing | Happening::Loss | Happening::Absence => {}
            }
            let is_done = cluster.look(hours, if gets_through { usize::MAX } else { writes });
            prop_assert!(is_done || !gets_through);
            if is_done {
                let plan = cluster.decide(hours);
                prop_assert!(plan.next.is_none() && plan.deletions.is_empty() && plan.leftovers.is_empty(), "{plan:?}");
                prop_assert_eq!(Some(plan.status), cluster.status.clone());
            }
            cluster.registry = cluster.registry.take().or(registry);
            if hours % 6 == 0 || consumer.is_none() {
                consumer = consumed(&cluster);
            }
            let account = consumer.clone().unwrap();
            prop_assert!(is_valid(&cluster, &account, hours), "{}: {:?}", hours, cluster);
            // Each look makes one account at most, and four may end before they delete.
            let most = if gets_through { ACCOUNTS_MAX } else { ACCOUNTS_MAX + 4 };
            prop_assert!(cluster.accounts.len() <= most, "{}: {:?}", hours, cluster);
        }
    }
}
