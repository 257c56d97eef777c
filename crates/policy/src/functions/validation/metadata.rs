//! The labels and annotations of a Function itself. An UPDATE is judged by what it adds or changes, so that objects
//! from before a rule stay changeable.

use api::names::{GIT_POLL_INTERVAL, LABEL_PREFIX, PRESET_SUFFIX, REBUILD, preset_label};

use crate::decision::{Decision, Warning};
use crate::functions::annotations;
use crate::object::{Annotations, Meta};
use crate::rule::Rule;
use crate::violation::Violation;

const OTHER_LABEL: &str = "of the labels of serverless.kyma-project.io only those that choose presets may be set: use a prefix of your own for others, such as example.com/";
/// The most warnings about labels: more would not reach the author.
const WARNINGS_MAX: usize = 8;

pub(super) fn check(new: &Meta, old: Option<&Meta>, decision: &mut Decision) {
    check_labels(new, old, decision);
    check_annotation(
        new,
        old,
        |all| &all.git_poll_interval,
        (Rule::GitPollInterval, GIT_POLL_INTERVAL),
        decision,
        |text| annotations::git_poll_interval(text).map(drop),
    );
    check_annotation(
        new,
        old,
        |all| &all.rebuild,
        (Rule::RebuildTooLong, REBUILD),
        decision,
        annotations::rebuild,
    );
}

fn check_labels(new: &Meta, old: Option<&Meta>, decision: &mut Decision) {
    for (key, value) in new.labels.iter().flatten() {
        let is_other = key.starts_with(LABEL_PREFIX) && !preset_label::ALL.contains(&key.as_str());
        if !is_other || old.and_then(|old| old.label(key)) == Some(value) {
            continue;
        }
        if !key.ends_with(PRESET_SUFFIX) {
            let field = format!("metadata.labels[{key}]");
            decision.violations.push(Violation::forbidden(Rule::LabelReserved, field, OTHER_LABEL));
        } else if decision.warnings.len() < WARNINGS_MAX {
            decision.warnings.push(Warning::new(Rule::PresetLabelUnknown, unknown_preset_label(key)));
        }
    }
}

fn unknown_preset_label(key: &str) -> String {
    // The name of a label is no longer than this; the warning is cut anyway.
    let shown: String = key.chars().take(LABEL_PREFIX.len() + 63).collect();
    format!("the label {shown:?} chooses no preset: did you mean {:?}?", nearest_preset_label(&shown))
}

/// The label that the author most likely means: one that ends in the same way, or the one that is most alike.
fn nearest_preset_label(key: &str) -> &'static str {
    let name = |key: &str| {
        let name = key.strip_prefix(LABEL_PREFIX).unwrap_or(key);
        name.strip_suffix(PRESET_SUFFIX).unwrap_or(name).to_ascii_lowercase()
    };
    let meant = name(key);
    let ends_alike =
        |known: &&str| name(known).strip_suffix(&meant).is_some_and(|before| before.ends_with('-'));
    let likeness = |known: &str| strsim::jaro_winkler(&name(known), &meant);
    let most_alike =
        preset_label::ALL.into_iter().max_by(|one, other| likeness(one).total_cmp(&likeness(other)));
    preset_label::ALL.into_iter().find(ends_alike).or(most_alike).unwrap_or(preset_label::REPLICAS)
}

fn check_annotation(
    new: &Meta,
    old: Option<&Meta>,
    of: fn(&Annotations) -> &Option<String>,
    (rule, key): (Rule, &str),
    decision: &mut Decision,
    check: fn(&str) -> Result<(), &'static str>,
) {
    let Some(text) = new.annotation(of) else { return };
    if old.and_then(|old| old.annotation(of)) == Some(text) {
        return;
    }
    if let Err(must) = check(text) {
        let field = format!("metadata.annotations[{key}]");
        decision.violations.push(Violation::invalid(rule, field, text, must));
    }
}
