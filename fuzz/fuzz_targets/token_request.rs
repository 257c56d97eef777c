//! Any request for a token, by GET and by POST: who logs in is never anonymous, and what is granted is what rules allow.
#![no_main]

use std::time::Duration;

use decide::registry::acl::Policy;
use decide::registry::labels::Labels;
use decide::registry::token::{Config, Credentials, Identity, Moment, Refusal, TokenRequest, grant};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;

const NOW: Timestamp = Timestamp::constant(1_795_651_200, 0);

fuzz_target!(|input: &[u8]| {
    let mut parts = input.split(|&byte| byte == 0);
    let (query, header) = (parts.next().unwrap_or_default(), parts.next());
    if let Ok(query) = std::str::from_utf8(query) {
        let request = TokenRequest::get("s", query, header);
        if let (Ok(request), Some(_)) = (&request, header) {
            assert!(matches!(request.credentials, Credentials::Password(_)));
        }
        judge(request);
    }
    judge(TokenRequest::post("s", input));
});

fn judge(request: Result<TokenRequest, Refusal>) {
    let request = match request {
        Ok(request) => request,
        Err(refusal) => {
            assert!([400, 401].contains(&refusal.status()));
            assert!(serde_json::from_str::<serde_json::Value>(&refusal.body()).is_ok());
            return;
        }
    };
    let config = Config {
        issuer: "i".to_owned(),
        service: "s".to_owned(),
        pull: Duration::from_secs(60),
        push: Duration::from_secs(900),
    };
    let labels = [("accessMode", "push"), ("namespace", "team")]
        .map(|(name, value)| (name.to_owned(), vec![value.to_owned()]));
    let labels = Labels::of_account("me", labels.into()).unwrap();
    let acl = Policy::PerNamespace.acl();
    let moment = || Moment { address: [127, 0, 0, 1].into(), now: NOW, id: "7".to_owned() };
    let anonymous = grant(&config, &acl, &request, Identity::Anonymous, moment());
    assert_eq!(anonymous, Err(Refusal::Anonymous));
    let identity = Identity::Account { name: "me", labels: &labels };
    let Ok(granted) = grant(&config, &acl, &request, identity, moment()) else { return };
    assert_eq!(granted.claims.access.len(), request.scopes.len());
    for access in granted.claims.access {
        assert!(access.actions.is_empty() || access.name.starts_with("team/"));
    }
}
