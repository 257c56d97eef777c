//! Compute resources by name: quantities that can be used, and limits that hold their requests.

use std::collections::BTreeMap;

use api::{RawQuantity, Resources};

use crate::quantity::Quantity;
use crate::rule::Rule;
use crate::syntax;
use crate::violation::{Violation, Violations};

/// Quantities by name; `None` for one that is reported.
pub(crate) type Parsed<'a> = BTreeMap<&'a str, Option<Quantity>>;

/// Reports quantities that cannot be used, and limits below their requests.
pub(crate) fn check(path: &str, set: Option<&Resources>, violations: &mut Violations) {
    let (requests, limits) = parse(path, set, violations);
    check_limits(path, &requests, &limits, violations);
}

/// Requests and limits. Those that cannot be used are reported.
pub(crate) fn parse<'a>(
    path: &str,
    set: Option<&'a Resources>,
    violations: &mut Violations,
) -> (Parsed<'a>, Parsed<'a>) {
    let requests = parse_group(path, "requests", set.and_then(|set| set.requests.as_ref()), violations);
    let limits = parse_group(path, "limits", set.and_then(|set| set.limits.as_ref()), violations);
    (requests, limits)
}

/// Reports limits that do not go with their requests.
pub(crate) fn check_limits(
    path: &str,
    requests: &Parsed<'_>,
    limits: &Parsed<'_>,
    violations: &mut Violations,
) {
    for (name, request) in requests {
        if let Some(request) = request {
            check_limit(path, name, *request, limits, violations);
        }
    }
}

/// The limit that goes with a request, unless it is reported already.
fn check_limit(path: &str, name: &str, request: Quantity, limits: &Parsed<'_>, violations: &mut Violations) {
    let field = || format!("{path}.limits.{name}");
    let must_be_equal = !syntax::may_be_overcommitted(name);
    match limits.get(name) {
        None if must_be_equal => {
            let what_for = format!("must equal the {name} request of {request}");
            violations.push(Violation::required(Rule::LimitBelowRequest, field(), what_for));
        }
        Some(Some(limit)) if request > *limit || (must_be_equal && request != *limit) => {
            let must = if must_be_equal { "must equal" } else { "must be greater than or equal to" };
            let must = format!("{must} the {name} request of {request}");
            let limit = limit.to_string();
            violations.push(Violation::invalid(Rule::LimitBelowRequest, field(), limit.as_str(), must));
        }
        _ => {}
    }
}

fn parse_group<'a>(
    path: &str,
    kind: &str,
    quantities: Option<&'a BTreeMap<String, RawQuantity>>,
    violations: &mut Violations,
) -> Parsed<'a> {
    let mut read = |(name, raw): (&'a String, &'a RawQuantity)| {
        // A name that the API server would refuse in the Pod.
        if let Err(must) = syntax::resource_name(name) {
            let field = format!("{path}.{kind}[{name}]");
            violations.push(Violation::invalid(Rule::ResourceNameInvalid, field, name.as_str(), must));
            return (name.as_str(), None);
        }
        let text = raw.text();
        let must = match Quantity::parse(&text) {
            Ok(quantity) if !quantity.is_negative() => return (name.as_str(), Some(quantity)),
            Ok(_) => "must not be negative".to_owned(),
            Err(error) => error.to_string(),
        };
        let field = format!("{path}.{kind}.{name}");
        violations.push(Violation::invalid(Rule::QuantityInvalid, field, text.as_ref(), must));
        (name.as_str(), None)
    };
    quantities.into_iter().flatten().map(&mut read).collect()
}
