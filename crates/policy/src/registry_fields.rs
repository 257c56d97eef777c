//! What the kinds of registries share: names, references to objects, certificates and durations.

use std::sync::LazyLock;
use std::time::Duration;

use api::registry::{CertificateSource, must};
use regex_lite::Regex;

use crate::duration;
use crate::object::Meta;
use crate::rule::Rule;
use crate::syntax::{self, Check};
use crate::violation::{Violation, Violations};

/// What the API server puts behind `generateName`.
const GENERATED_SUFFIX: usize = 5;
/// The kinds of issuers of cert-manager.
const ISSUERS: [&str; 2] = ["Issuer", "ClusterIssuer"];

/// The field that names an object, the name or its prefix, and how long the name will be.
pub(crate) fn name(meta: &Meta) -> (&'static str, &str, usize) {
    if meta.name.is_empty() {
        let prefix = meta.generate_name.as_str();
        ("metadata.generateName", prefix, prefix.len() + GENERATED_SUFFIX)
    } else {
        ("metadata.name", &meta.name, meta.name.len())
    }
}

/// The length of a name, from which other names are derived.
pub(crate) fn name_length(meta: &Meta, rule: Rule, longest: usize, must: &str, violations: &mut Violations) {
    let (field, text, length) = name(meta);
    if length > longest {
        violations.push(Violation::invalid(rule, field, text, must));
    }
}

/// The name of another object, which must be there.
pub(crate) fn reference(field: &str, text: &str, what_for: &str, violations: &mut Violations) {
    if text.is_empty() {
        violations.push(Violation::required(Rule::ReferenceName, field, what_for));
    } else {
        check(Rule::ReferenceName, field, text, syntax::dns_1123_subdomain(text), violations);
    }
}

/// The name of another object, which need not be there.
pub(crate) fn optional_reference(field: &str, text: Option<&str>, violations: &mut Violations) {
    if let Some(text) = text {
        check(Rule::ReferenceName, field, text, syntax::dns_1123_subdomain(text), violations);
    }
}

/// Reports what a text must be, if it is not.
pub(crate) fn check(rule: Rule, field: &str, text: &str, judged: Check, violations: &mut Violations) {
    if let Err(must) = judged {
        violations.push(Violation::invalid(rule, field, text, must));
    }
}

/// Where a certificate comes from.
pub(crate) fn certificate(path: &str, source: Option<&CertificateSource>, violations: &mut Violations) {
    let Some(source) = source else { return };
    if let Some(issuer) = &source.issuer_ref {
        let name = format!("{path}.issuerRef.name");
        reference(&name, &issuer.name, "the issuer of cert-manager", violations);
        let kind = format!("{path}.issuerRef.kind");
        if issuer.kind.is_empty() {
            let what_for = "Issuer or ClusterIssuer";
            violations.push(Violation::required(Rule::CertificateIssuer, kind, what_for));
        } else if !ISSUERS.contains(&issuer.kind.as_str()) {
            let kind_of = issuer.kind.as_str();
            violations.push(Violation::not_supported(Rule::CertificateIssuer, kind, kind_of, ISSUERS));
        }
    }
    let field = format!("{path}.secretName");
    if source.issuer_ref.is_some() && source.secret_name.is_some() {
        violations.push(Violation::forbidden(Rule::CertificateTwoSources, field, must::ONE_CERTIFICATE));
    } else {
        optional_reference(&field, source.secret_name.as_deref(), violations);
    }
}

/// A duration within bounds, in seconds. One that is not is reported.
pub(crate) fn duration(
    rule: Rule,
    field: &str,
    text: Option<&str>,
    (bounds, must): ([u64; 2], &str),
    violations: &mut Violations,
) -> Option<Duration> {
    static FORM: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(must::DURATION).ok());
    let text = text?;
    let [shortest, longest] = bounds.map(Duration::from_secs);
    let duration = FORM.as_ref().filter(|form| form.is_match(text)).and_then(|_| duration::parse(text));
    let duration = duration.and_then(|nanoseconds| u64::try_from(nanoseconds).ok()).map(Duration::from_nanos);
    let duration = duration.filter(|duration| (shortest..=longest).contains(duration));
    if duration.is_none() {
        violations.push(Violation::invalid(rule, field, text, must));
    }
    duration
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::seconds("60s", Some(60_000))]
    #[case::as_go_prints_it("1h0m0s", Some(3_600_000))]
    #[case::fraction("1.5m", Some(90_000))]
    #[case::milliseconds("60001ms", Some(60_001))]
    #[case::micro("60000000\u{b5}s", None)]
    #[case::too_short("59s", None)]
    #[case::a_little_too_short("59s999ms", None)]
    #[case::too_long("1h0m1s", None)]
    #[case::negative("-60s", None)]
    #[case::plus("+60s", None)]
    #[case::no_unit("60", None)]
    #[case::zero("0", None)]
    #[case::days("1d", None)]
    #[case::iso("PT60S", None)]
    #[case::blank("1 m", None)]
    #[case::newline("60s\n", None)]
    #[case::empty("", None)]
    #[case::out_of_range("9999999h", None)]
    fn a_duration_lies_in_its_bounds(#[case] text: &str, #[case] milliseconds: Option<u64>) {
        let mut violations = Vec::new();
        let bounds = (must::TOKEN_TTL_SECONDS, must::TOKEN_TTL);
        let read = duration(Rule::TokenTtl, "a", Some(text), bounds, &mut violations);
        assert_eq!(read, milliseconds.map(Duration::from_millis));
        let texts: Vec<_> = violations.iter().map(ToString::to_string).collect();
        let refusal = format!("a: Invalid value: {text:?}: {}", must::TOKEN_TTL);
        assert_eq!(texts, if milliseconds.is_some() { vec![] } else { vec![refusal] });
    }

    /// No sum of the longest parts is beyond what Go can hold, or CEL would fail where this reports.
    #[test]
    fn every_duration_of_the_form_is_within_the_range_of_go() {
        assert!(duration::parse("999999h999999m999999s999999ms").is_some());
        // Hours may be repeated: those sums are refused by their bounds.
        assert_eq!(duration::parse("999999h999999h999999h"), None);
    }
}
