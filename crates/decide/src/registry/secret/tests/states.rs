//! Each state with the way on.

use rstest::rstest;

use super::*;

fn condition(status: &ImageSecretStatus) -> String {
    let condition = &status.conditions.as_ref().unwrap()[0];
    let since = condition.last_transition_time.as_ref().unwrap().0;
    let text = |text: &Option<String>| text.clone().unwrap();
    format!(
        "{} {} {}: {} ({since})",
        condition.kind,
        condition.status,
        text(&condition.reason),
        text(&condition.message)
    )
}

#[test]
fn the_status_says_until_when_the_credentials_are_valid() {
    let cluster = Cluster::settled(request(&json!({})));
    let status = cluster.status.clone().unwrap();
    let expected = "Ready True Synced: Secret imagepushsecret-web has the credentials of account push.team.web.1 (2026-11-26T00:00:03Z)";
    assert_eq!(condition(&status), expected);
    assert_eq!((status.observed_generation, status.rotation), (Some(3), Some(1)));
    assert_eq!(status.rotation_date.as_ref().unwrap().0, at(0));
    assert_eq!(status.valid_until.as_ref().unwrap().0, at(24));
    let next = status.next_rotation.unwrap().0;
    assert!((at(11)..=at(12)).contains(&next), "{next}");
    let registry = status.registry.unwrap();
    assert_eq!(
        (registry.namespace.as_deref(), registry.name.as_deref()),
        (Some("kyma-system"), Some("registry"))
    );
    // Nothing is due: the same status, until the next rotation.
    let plan = cluster.decide(5);
    assert_eq!((plan.next, &plan.deletions, plan.failure), (None, &Vec::new(), None));
    assert_eq!(Some(plan.status), cluster.status);
    let wake = plan.wake.unwrap();
    assert!((Duration::from_hours(6)..=Duration::from_hours(7)).contains(&wake), "{wake:?}");
}

#[rstest]
#[case::no_registry(|cluster: &mut Cluster| cluster.registry = None, "RegistryUnavailable: ImageRegistry kyma-system/registry does not exist")]
#[case::no_hostname(
    |cluster: &mut Cluster| cluster.registry.as_mut().unwrap().hostname = None,
    "RegistryUnavailable: ImageRegistry kyma-system/registry has no hostname yet"
)]
#[case::not_allowed(
    |cluster: &mut Cluster| cluster.registry = Some(registry(&json!({"allowedNamespaces": {"pull": {}}}))),
    "NotAllowed: ImageRegistry kyma-system/registry does not allow push secrets in namespace team: spec.auth.allowedNamespaces.push of the registry must select the namespace"
)]
#[case::a_secret_of_somebody_else(
    |cluster: &mut Cluster| cluster.stored = Stored::Foreign,
    "NameConflict: Secret imagepushsecret-web belongs to somebody else and stays as it is: delete it, or choose another name as secretName"
)]
#[case::a_registry_secret_of_somebody_else(
    |cluster: &mut Cluster| *cluster = Cluster { stored: Stored::Foreign, ..Cluster::new(request(&json!({"forFunctions": true}))) },
    "NameConflict: Secret serverless-registry-config belongs to somebody else and stays as it is: delete it, or remove forFunctions"
)]
fn an_obstacle_is_reported_once(#[case] arrange: fn(&mut Cluster), #[case] expected: &str) {
    let mut cluster = Cluster::new(request(&json!({})));
    arrange(&mut cluster);
    let plan = cluster.decide(0);
    assert_eq!((plan.next, plan.deletions.len()), (None, 0));
    assert_eq!(condition(&plan.status), format!("Ready False {expected} (2026-11-26T00:00:00Z)"));
    // A registry that is only starting is no failure.
    let message = expected.split_once(": ").map(|(_, message)| message.to_owned());
    let is_starting = expected.ends_with("no hostname yet");
    assert_eq!(plan.failure, message.filter(|_| !is_starting));
    cluster.status = Some(plan.status.clone());
    let again = cluster.decide(5);
    assert_eq!((again.status, again.failure), (plan.status, None));
}

#[test]
fn a_registry_that_is_gone_leaves_valid_credentials_alone() {
    let mut cluster = Cluster::settled(request(&json!({})));
    cluster.registry = None;
    assert!(cluster.look(20, usize::MAX));
    assert_eq!(cluster.numbers(), [1]);
    assert_eq!(cluster.status.unwrap().rotation, Some(1));
}

#[rstest]
#[case::other_namespace(json!({"allowedNamespaces": {"push": {"matchLabels": {"images": "yes"}}}}), &[], None)]
#[case::selected(json!({"allowedNamespaces": {"push": {"matchLabels": {"images": "yes"}}}}), &[("images", "yes")], FIRST)]
#[case::all(json!({"allowedNamespaces": {"push": {}}}), &[], FIRST)]
#[case::none(json!({"allowedNamespaces": {}}), &[], None)]
#[case::without_the_field(json!({}), &[], FIRST)]
fn a_registry_decides_who_gets_credentials(
    #[case] auth: Value,
    #[case] labels: &[(&str, &str)],
    #[case] expected: Option<Next>,
) {
    let mut cluster = Cluster::new(request(&json!({})));
    cluster.registry = Some(registry(&auth));
    cluster.labels = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    assert_eq!(cluster.decide(0).next, expected);
    // Its own namespace always gets some.
    let own = json!({"registryRef": {"name": "registry"}});
    let cluster = Cluster { request: request(&own), ..cluster };
    assert_eq!(cluster.decide(0).next, FIRST);
}

#[test]
fn a_namespace_that_is_not_allowed_any_more_loses_its_accounts() {
    let mut cluster = Cluster::settled(request(&json!({})));
    cluster.registry = Some(registry(&json!({"allowedNamespaces": {}})));
    assert!(cluster.look(1, usize::MAX));
    assert_eq!(cluster.numbers(), [0; 0]);
    cluster.registry = Some(registry(&json!({})));
    assert_eq!(cluster.decide(2).next, create(2, Cause::NoAccount));
}

#[test]
fn another_hostname_or_authority_changes_the_secret_without_a_rotation() {
    let mut cluster = Cluster::settled(request(&json!({})));
    cluster.registry.as_mut().unwrap().hostname = Some("images.example.com".to_owned());
    assert_eq!(cluster.decide(1).next, Some(Next::Rewrite));
    assert!(cluster.look(1, usize::MAX));
    assert_eq!((cluster.decide(1).next, cluster.numbers()), (None, vec![1]));

    let observed = Observed { authority: Authority::Own(b"new"), ..cluster.observed(&[]) };
    assert_eq!(cluster.request.decide(&observed, at(1)).next, Some(Next::Rewrite));
    let observed = Observed { authority: Authority::Public, ..cluster.observed(&[]) };
    assert_eq!(cluster.request.decide(&observed, at(1)).next, Some(Next::Rewrite));
    // While its Secret is away, consumers keep the certificate, in a rotation, too.
    cluster.is_certificate_there = false;
    assert_eq!(cluster.decide(1).next, None);
    let before = cluster.stored.own().unwrap().certificate.clone();
    assert!(cluster.look(13, usize::MAX));
    assert_eq!(cluster.stored.own().unwrap().certificate, before);
    assert_eq!(cluster.numbers(), [1, 2]);
}

#[test]
fn a_registry_that_loses_its_hostname_is_a_failure_of_what_it_had() {
    let mut cluster = Cluster::settled(request(&json!({})));
    cluster.registry.as_mut().unwrap().hostname = None;
    let expected = "ImageRegistry kyma-system/registry has no hostname yet".to_owned();
    assert_eq!(cluster.decide(1).failure, Some(expected));
}

#[test]
fn another_name_leaves_no_secret_behind_and_the_new_one_is_written_first() {
    let mut cluster = Cluster::settled(request(&json!({})));
    cluster.rename_secret("mine");
    // The account, the Secret, the deletion of the old one, the status.
    for (writes, is_written, is_left) in
        [(1, false, true), (2, false, true), (3, true, true), (4, true, false)]
    {
        let mut cluster = cluster.clone();
        assert!(!cluster.look(1, writes));
        let left = cluster.leftovers.contains_key("imagepushsecret-web");
        assert_eq!((cluster.stored.own().is_some(), left), (is_written, is_left), "{writes}");
    }
    // As long as there is no new one, the old one stays.
    cluster.registry = None;
    assert!(cluster.look(1, usize::MAX));
    assert_eq!((cluster.decide(1).leftovers, cluster.leftovers.len()), (Vec::new(), 1));
}

#[rstest]
#[case::of_an_earlier_name(json!({}), true)]
#[case::of_its_name(json!({"name": "imagepushsecret-web"}), false)]
#[case::of_another_namespace(json!({"namespace": "other"}), false)]
#[case::without_the_label(json!({"labels": null}), false)]
#[case::of_another_secret(json!({"labels": {"registry.mgoltzsche.github.com/imagepushsecret": "push.team.other"}}), false)]
#[case::of_nobody(json!({"ownerReferences": null}), false)]
#[case::of_one_that_was_deleted(json!({"ownerReferences": [{"apiVersion": "v1", "kind": "ImagePushSecret", "name": "web", "uid": "2-1", "controller": true}]}), false)]
#[case::not_its_controller(json!({"ownerReferences": [{"apiVersion": "v1", "kind": "ImagePushSecret", "name": "web", "uid": "1-2"}]}), false)]
fn only_its_own_secrets_are_left_over(#[case] change: Value, #[case] expected: bool) {
    let cluster = Cluster::settled(request(&json!({"secretName": "before"})));
    let mut metadata = serde_json::to_value(cluster.secret(7).metadata).unwrap();
    json_patch::merge(&mut metadata, &change);
    let leftover = request(&json!({})).leftover(&serde_json::from_value(metadata).unwrap());
    let name = "before".to_owned();
    assert_eq!(leftover, expected.then_some(Leftover { name, number: Some(7) }));
}

#[test]
fn a_secret_gets_back_its_label_and_its_type() {
    let cluster = Cluster::settled(request(&json!({})));
    let changes: [fn(&mut Secret); 2] =
        [|secret| secret.metadata.labels = None, |secret| secret.type_ = Some("Opaque".to_owned())];
    for change in changes {
        let mut secret = cluster.secret(1);
        change(&mut secret);
        let edited = Cluster { stored: cluster.request.stored(Some(&secret)), ..cluster.clone() };
        assert_eq!(edited.decide(1).next, Some(Next::Rewrite));
    }
}

#[test]
fn an_annotation_rotates_once_and_old_accounts_are_bounded() {
    let mut cluster = Cluster::settled(request(&json!({})));
    for asked in 0..20 {
        cluster.request.requested = Some(asked.to_string());
        assert_eq!(cluster.decide(1).next, create(asked + 2, Cause::Requested));
        assert!(cluster.look(1, usize::MAX));
        assert_eq!(cluster.decide(1).next, None);
    }
    assert_eq!(cluster.numbers(), [17, 18, 19, 20, 21]);
}

#[test]
fn a_registry_in_another_namespace_gets_an_account_before_the_old_one_goes() {
    let mut cluster = Cluster::settled(request(&json!({})));
    let elsewhere = json!({"registryRef": {"name": "registry", "namespace": "infra"}});
    cluster.request = request(&elsewhere);
    let places = |cluster: &Cluster| -> Vec<_> { cluster.accounts.iter().map(OwnAccount::key).collect() };
    let key = |namespace: &str, name: &str| (namespace.to_owned(), name.to_owned());
    let old = key("kyma-system", "push.team.web.1");
    // The account, the Secret, the deletion, the status.
    assert!(!cluster.clone().look(1, 2));
    for (writes, stored, expected) in [
        (2, Some(1), vec![old.clone(), key("infra", "push.team.web.2")]),
        (3, Some(2), vec![old.clone(), key("infra", "push.team.web.2")]),
        (4, Some(2), vec![key("infra", "push.team.web.2")]),
    ] {
        let mut cluster = cluster.clone();
        assert!(!cluster.look(1, writes));
        assert_eq!((cluster.stored.own().unwrap().number, places(&cluster)), (stored, expected));
    }
}

#[rstest]
#[case::far_ahead(u64::MAX, 2)]
#[case::a_little_ahead(500, 501)]
fn a_number_that_somebody_wrote_into_the_secret_leads_nowhere(#[case] forged: u64, #[case] next: u64) {
    let mut cluster = Cluster::settled(request(&json!({})));
    cluster.store(forged);
    assert!(
        matches!(cluster.decide(1).next, Some(Next::Rotate(rotation::Next::Create(number, _))) if number == next)
    );
    assert!(cluster.look(1, usize::MAX));
    assert_eq!(cluster.decide(1).next, None);
}

#[test]
fn the_greatest_number_does_not_end_in_a_panic() {
    let mut cluster = Cluster::new(request(&json!({})));
    cluster.create(u64::MAX, 0);
    cluster.status = Some(ImageSecretStatus { rotation: Some(i64::MAX), ..ImageSecretStatus::default() });
    assert_eq!(cluster.decide(1).next, create(u64::MAX, Cause::NoSecret));
}

#[rstest]
#[case::default(json!({}), 24 * 60, 12 * 60)]
#[case::interval(json!({"rotationInterval": "10h"}), 600, 300)]
#[case::overlap(json!({"rotationInterval": "10h", "overlap": "90m"}), 600, 90)]
#[case::too_short(json!({"rotationInterval": "1s"}), 2, 1)]
#[case::too_long(json!({"rotationInterval": "100000h"}), 8760 * 60, 4380 * 60)]
#[case::overlap_too_long(json!({"rotationInterval": "10h", "overlap": "9h"}), 600, 300)]
#[case::no_durations(json!({"rotationInterval": "soon", "overlap": "-1h"}), 24 * 60, 12 * 60)]
fn lifetimes_are_within_their_bounds(#[case] spec: Value, #[case] interval: u64, #[case] overlap: u64) {
    let lifetimes = request(&spec).lifetimes;
    assert_eq!(lifetimes.interval, Duration::from_mins(interval));
    assert_eq!(lifetimes.overlap, Duration::from_mins(overlap));
}
