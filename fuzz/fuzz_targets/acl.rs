//! Any file of rules: no error shows a value of it, and what is read answers any request. Nobody leaves the namespace of a
//! label, whatever the label holds.
#![no_main]

use std::net::IpAddr;

use decide::registry::acl::{Acl, Request};
use decide::registry::labels::Labels;
use decide::registry::scope::{Action, ResourceType};
use libfuzzer_sys::fuzz_target;

const PASSWORD: &str = "S3CR3T";
const BOUND: &str = "acl: [{match: {name: '${labels:team}/**'}, actions: [pull]}, {match: {name: '/${labels:team}\\/.+/'}, actions: [push]}]";

fuzz_target!(|input: &str| {
    let mut parts = input.split('\u{0}');
    let mut part = || parts.next().unwrap_or_default();
    let (rules, account, team, name) = (part(), part(), part(), part());
    if !rules.contains(PASSWORD)
        && let Err(errors) = Acl::read(&format!("{rules}\nusers: {{me: {{password: {PASSWORD}}}}}"))
    {
        assert!(!errors.to_string().contains(PASSWORD));
    }
    let Ok(labels) = Labels::new([("team".to_owned(), vec![team.to_owned()])].into()) else { return };
    let address = IpAddr::from([127, 0, 0, 1]);
    let request = Request {
        account,
        labels: &labels,
        address: Some(address),
        service: "s",
        kind: ResourceType::Repository,
        name,
    };
    if let Ok(acl) = Acl::read(rules) {
        let allowed = acl.allowed(&request, &Action::ALL);
        assert!(!allowed.contains(&Action::All));
    }
    if !Acl::read(BOUND).unwrap().allowed(&request, &Action::ALL).is_empty() {
        assert!(!team.is_empty() && name.starts_with(&format!("{team}/")));
    }
});
