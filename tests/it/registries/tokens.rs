//! Random tokens of ours, read by the verifiers of the registry 2.8.3 and 3.1.2: both accept each, and both refuse it when
//! one thing in it is changed.

mod forged;
mod keys;

use std::cell::{Cell, RefCell};
use std::time::Duration;

use decide::registry::scope::{Action, ResourceType};
use decide::registry::token::{Access, Claims};
use jiff::Timestamp;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestRunner};
use serde_json::{Value, json};

use crate::harness::tokens::{Answer, Verifiers};
use forged::Change;
use keys::Keys;

const TOKENS: u32 = 10_000;
/// Another seed makes other tokens.
const SEED: u64 = 20_261_126;
/// How long a registry goes on to accept a token, and how long before it begins.
const LEEWAY: Duration = Duration::from_mins(1);
/// How long a question may take.
const SPARE: i64 = 20;

#[test]
fn registries_accept_our_tokens_and_none_that_is_changed() {
    let keys = Keys::new();
    let verifiers = RefCell::new(Verifiers::start(&keys.authority()));
    let number = Cell::new(0);
    let config = Config {
        cases: TOKENS,
        rng_seed: RngSeed::Fixed(SEED),
        failure_persistence: None,
        ..Config::default()
    };
    let result = TestRunner::new(config).run(&(claims(), any_access()), |(mut claims, access)| {
        let now = Timestamp::now().as_second();
        claims.exp += now;
        claims.nbf += now;
        claims.iat += now;
        let ask = |token: &str| verifiers.borrow_mut().ask(token, &claims.iss, &claims.aud);
        accepted(&ask(keys.ours.sign(&claims).unwrap().reveal()), &claims)?;
        // Each change in its turn.
        let change = Change::ALL[number.get() % Change::ALL.len()];
        number.set(number.get() + 1);
        refused(&ask(&change.of(&claims, &access, &keys)), change)
    });
    result.unwrap_or_else(|error| panic!("of {TOKENS} tokens of the seed {SEED}: {error}"));
}

fn accepted(answer: &Answer, claims: &Claims) -> Result<(), TestCaseError> {
    for verdict in [&answer.current, &answer.older] {
        let audience = &verdict.claims["aud"];
        prop_assert_eq!(&verdict.error, "");
        prop_assert!(*audience == json!(claims.aud) || *audience == json!([claims.aud]));
        let mut read = verdict.claims.clone();
        read["aud"] = json!(claims.aud);
        prop_assert_eq!(read, serde_json::to_value(claims).unwrap());
    }
    Ok(())
}

fn refused(answer: &Answer, change: Change) -> Result<(), TestCaseError> {
    for verdict in [&answer.current, &answer.older] {
        prop_assert_eq!(&verdict.claims, &Value::Null, "{:?}", change);
        prop_assert!(!verdict.error.is_empty(), "{:?}", change);
    }
    Ok(())
}

/// Claims whose times are counted from now.
fn claims() -> impl Strategy<Value = Claims> {
    let leeway = i64::try_from(LEEWAY.as_secs()).unwrap() - SPARE;
    let texts = ("\\PC{1,40}", "\\PC{0,40}", "\\PC{1,40}", "[A-Za-z0-9_-]{1,40}");
    let times = (-leeway..1000, -1000..leeway, -1000..1000_i64);
    (texts, times, any_access()).prop_map(|((iss, sub, aud, jti), (exp, nbf, iat), access)| Claims {
        iss,
        sub,
        aud,
        exp,
        nbf,
        iat,
        jti,
        access,
    })
}

fn any_access() -> impl Strategy<Value = Vec<Access>> {
    let actions = proptest::sample::subsequence(Action::ALL.to_vec(), 0..=4);
    let kinds = prop_oneof![Just(ResourceType::Repository), Just(ResourceType::Registry)];
    let class = proptest::option::of("[a-z]{1,8}");
    let access = (kinds, class, "[a-z0-9]{1,8}(/[a-z0-9]{1,8}){0,3}", actions)
        .prop_map(|(kind, class, name, actions)| Access { kind, class, name, actions });
    proptest::collection::vec(access, 0..4)
}
