//! The compute resources of a Function or of its build.

use std::collections::{BTreeMap, BTreeSet};

use api::RawQuantity;

use super::Violations;
use crate::config::ResourceRules;
use crate::quantity::Quantity;
use crate::violation::Violation;

/// Reports, in this order: quantities that cannot be used, those below the minima, requests above their limits.
pub(super) fn check(
    rules: &ResourceRules,
    path: &str,
    set: Option<&api::Resources>,
    violations: &mut Violations,
) {
    let before = violations.len();
    let requests = parse(&format!("{path}.requests"), set.and_then(|set| set.requests.as_ref()), violations);
    let limits = parse(&format!("{path}.limits"), set.and_then(|set| set.limits.as_ref()), violations);
    // Defaulting leaves alone a group that holds a quantity it cannot read, so what is absent from such a group is
    // not what its author has to mend.
    let absent = if violations.len() == before { Some(Quantity::ZERO) } else { None };

    for (kind, quantities) in [("requests", &requests), ("limits", &limits)] {
        for (name, minimum) in [("cpu", rules.min_cpu), ("memory", rules.min_memory)] {
            let value = quantities.get(name).map_or(absent, |value| *value);
            if let Some(value) = value
                && value < minimum
            {
                let shown = value.to_string();
                let rule = format!("must be at least {minimum}");
                violations.push(Violation::invalid(format!("{path}.{kind}.{name}"), shown.as_str(), rule));
            }
        }
    }
    let names: BTreeSet<_> = requests.keys().collect();
    for name in names {
        if let (Some(Some(request)), Some(Some(limit))) = (requests.get(*name), limits.get(*name))
            && request > limit
        {
            let shown = limit.to_string();
            let rule = format!("must be greater than or equal to the {name} request of {request}");
            violations.push(Violation::invalid(format!("{path}.limits.{name}"), shown.as_str(), rule));
        }
    }
}

/// Quantities by name; `None` for one that is reported.
type Parsed<'a> = BTreeMap<&'a str, Option<Quantity>>;

fn parse<'a>(
    path: &str,
    quantities: Option<&'a BTreeMap<String, RawQuantity>>,
    violations: &mut Violations,
) -> Parsed<'a> {
    let mut read = |(name, raw): (&'a String, &'a RawQuantity)| {
        let text = raw.text();
        let quantity = match Quantity::parse(&text) {
            Err(error) => Err(error.to_string()),
            Ok(quantity) if quantity.is_negative() => Err("must not be negative".to_owned()),
            Ok(quantity) => Ok(quantity),
        };
        let quantity = quantity.map_err(|rule| {
            violations.push(Violation::invalid(format!("{path}.{name}"), text.as_ref(), rule));
        });
        (name.as_str(), quantity.ok())
    };
    quantities.into_iter().flatten().map(&mut read).collect()
}
