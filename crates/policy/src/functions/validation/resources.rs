//! The compute resources of a Function or of its build.

use std::collections::BTreeMap;

use api::RawQuantity;

use super::replicas::at_least;
use crate::config::ResourceRules;
use crate::object::Meta;
use crate::quantity::Quantity;
use crate::rule::Rule;
use crate::syntax;
use crate::violation::{Violation, Violations};

/// Reports, in this order: quantities that cannot be used, those below the minima, requests above their limits.
pub(super) fn check(
    rules: &ResourceRules,
    meta: &Meta,
    path: &str,
    set: Option<&api::Resources>,
    violations: &mut Violations,
) {
    let before = violations.len();
    let requests = parse(path, "requests", set.and_then(|set| set.requests.as_ref()), violations);
    let limits = parse(path, "limits", set.and_then(|set| set.limits.as_ref()), violations);
    // Defaulting leaves alone a group that holds a quantity it cannot read, so what is absent from such a group is
    // not what its author has to correct.
    let absent = if violations.len() == before { Some(Quantity::ZERO) } else { None };

    let preset = rules.presets.named(meta);
    for (kind, quantities) in [("requests", &requests), ("limits", &limits)] {
        for (name, minimum) in [("cpu", rules.min_cpu), ("memory", rules.min_memory)] {
            if let Some(value) = quantities.get(name).copied().unwrap_or(absent)
                && value < minimum
            {
                let shown = value.to_string();
                let field = format!("{path}.{kind}.{name}");
                let filled_in = preset.and_then(|(preset, of)| Some((preset, of.value(kind, name)?)));
                let must = at_least(minimum, value, filled_in);
                violations.push(Violation::invalid(Rule::ResourceBelowMinimum, field, shown.as_str(), must));
            }
        }
    }
    for (name, request) in &requests {
        if let Some(request) = request {
            check_limit(path, name, *request, &limits, violations);
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

/// Quantities by name; `None` for one that is reported.
type Parsed<'a> = BTreeMap<&'a str, Option<Quantity>>;

fn parse<'a>(
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
