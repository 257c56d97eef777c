//! Any bytes at any endpoint: an HTTP error or an answer with the uid, never a panic. (A panic inside a rule would be
//! caught and answered with 500, so that is looked for.)
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use policy::Config;
use serverless_webhook::admission::review::review;
use serverless_webhook::admission::routes::ENDPOINTS;

static CONFIG: LazyLock<Config> =
    LazyLock::new(|| serverless_webhook::config::parse(None, |_| None).expect("the built-in configuration"));

fuzz_target!(|body: &[u8]| {
    for endpoint in &ENDPOINTS {
        if let Ok(reviewed) = review(endpoint, &CONFIG, body) {
            assert_eq!(reviewed.http_status, 200);
            let answer: serde_json::Value = serde_json::from_slice(reviewed.answer.as_ref()).expect("JSON");
            assert_eq!(answer["response"]["uid"], *reviewed.review.request.uid);
        }
    }
});
