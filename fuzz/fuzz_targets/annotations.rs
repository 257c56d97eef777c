//! Any annotations of a Function are judged; what is accepted lies in the bounds that the controller relies on.
#![no_main]

use libfuzzer_sys::fuzz_target;
use policy::functions::annotations::{GIT_POLL_MAX, GIT_POLL_MIN, LENGTH_MAX, git_poll_interval, rebuild};

fuzz_target!(|text: &str| {
    if let Ok(interval) = git_poll_interval(text) {
        assert!((GIT_POLL_MIN..=GIT_POLL_MAX).contains(&interval));
        assert!(std::time::Instant::now().checked_add(interval).is_some());
    }
    assert_eq!(rebuild(text).is_ok(), text.len() <= LENGTH_MAX);
});
