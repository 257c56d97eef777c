//! The rules of a registry: those of a policy, or the last good ones that somebody wrote into a `ConfigMap`.

use std::collections::BTreeMap;

use api::names::image_registry::config_key::{RULES, RULES_TEMPLATE};
use api::registry::RegistryReason;

use super::acl::Acl;
use super::problem::Problem;

/// Rules that the gateway can use.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Rules<'a> {
    /// The rules of a policy, as a flag of the gateway names it.
    Policy(&'static str),
    /// A file.
    File(&'a str),
}

/// The rules to use, and what is wrong with those that somebody wrote: `last_good` are those in use.
pub(super) fn judged<'a>(
    map: &str,
    written: Option<&'a BTreeMap<String, String>>,
    last_good: Option<&'a str>,
) -> (Option<Rules<'a>>, Option<Problem>) {
    match read(map, written) {
        Ok(text) => (Some(Rules::File(text)), None),
        Err(problem) => {
            let rest = match last_good {
                Some(_) => "the last good rules stay in use",
                None => "the registry starts when there are good rules",
            };
            let message = format!("{problem}; {rest}");
            (last_good.map(Rules::File), Some(Problem { reason: RegistryReason::AuthConfigInvalid, message }))
        }
    }
}

fn read<'a>(map: &str, written: Option<&'a BTreeMap<String, String>>) -> Result<&'a str, String> {
    let data = written.ok_or_else(|| format!("ConfigMap {map} does not exist"))?;
    let found = [RULES, RULES_TEMPLATE].into_iter().find_map(|key| Some((key, data.get(key)?)));
    let (key, text) =
        found.ok_or_else(|| format!("ConfigMap {map} has neither the key {RULES} nor {RULES_TEMPLATE}"))?;
    match Acl::read(text) {
        Ok(_) => Ok(text),
        Err(errors) => {
            let errors: Vec<_> = errors.0.iter().map(ToString::to_string).collect();
            Err(format!("ConfigMap {map}, key {key}: {}", errors.join("; ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const GOOD: &str = "acl: []";
    const BAD: &str = "acl: [{match: {origin: cr}, actions: [push]}]";

    fn map(key: &str, text: &str) -> BTreeMap<String, String> {
        BTreeMap::from([(key.to_owned(), text.to_owned())])
    }

    #[rstest]
    #[case::good(Some(map(RULES, GOOD)), None, Some(GOOD), "")]
    #[case::as_the_original_names_it(Some(map(RULES_TEMPLATE, GOOD)), None, Some(GOOD), "")]
    #[case::replaces_the_last_ones(Some(map(RULES, GOOD)), Some("acl: [] # old"), Some(GOOD), "")]
    #[case::missing(
        None,
        None,
        None,
        "ConfigMap rules does not exist; the registry starts when there are good rules"
    )]
    #[case::gone(
        None,
        Some(GOOD),
        Some(GOOD),
        "ConfigMap rules does not exist; the last good rules stay in use"
    )]
    #[case::of_another_key(
        Some(map("acl.yml", GOOD)),
        Some(GOOD),
        Some(GOOD),
        "ConfigMap rules has neither the key auth_config.yml nor auth_config.yml.tpl; the last good rules stay in use"
    )]
    #[case::bad(
        Some(map(RULES, BAD)),
        Some(GOOD),
        Some(GOOD),
        "ConfigMap rules, key auth_config.yml: acl[0].match.origin: there is no such condition, and without one the rule matches everybody: for a label, write `labels: {origin: …}`; the last good rules stay in use"
    )]
    fn bad_rules_leave_the_last_good_ones(
        #[case] written: Option<BTreeMap<String, String>>,
        #[case] last_good: Option<&str>,
        #[case] expected: Option<&str>,
        #[case] problem: &str,
    ) {
        let (rules, found) = judged("rules", written.as_ref(), last_good);
        assert_eq!(rules, expected.map(Rules::File));
        assert_eq!(found.map(|found| found.message).unwrap_or_default(), problem);
    }
}
