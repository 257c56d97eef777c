#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use super::*;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Raw {
    name: Option<String>,
    workers: Option<u16>,
    hosts: Option<Vec<String>>,
    presets: BTreeMap<String, u16>,
}

/// What is wrong with a field.
struct Wrong(String);

impl fmt::Display for Wrong {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: must not be like this", self.0)
    }
}

const VARIABLES: [Variable<Raw>; 5] = [
    Variable::new("NAME", "name", |raw: &mut Raw, text| set::text(&mut raw.name, text)),
    Variable::new("NAME_AGAIN", "name", |raw: &mut Raw, text| set::text(&mut raw.name, text)),
    Variable::new("WORKERS", "workers", |raw: &mut Raw, text| set::number(&mut raw.workers, text)),
    Variable::new("HOSTS", "hosts", |raw: &mut Raw, text| set::list(&mut raw.hosts, text)),
    Variable::new("PRESETS", "presets", |raw: &mut Raw, text| {
        raw.presets.insert(text.to_owned(), 0);
        Ok(())
    }),
];

/// The name `bad`, and presets and workers of 0, are wrong.
fn check(raw: Raw) -> Result<Raw, Vec<Wrong>> {
    let mut wrong = Vec::new();
    if raw.name.as_deref() == Some("bad") {
        wrong.push("name".to_owned());
    }
    if raw.workers == Some(0) {
        wrong.push("workers".to_owned());
    }
    wrong.extend(
        raw.presets.iter().filter(|(_, value)| **value == 0).map(|(name, _)| format!("presets.{name}")),
    );
    if wrong.is_empty() { Ok(raw) } else { Err(wrong.into_iter().map(Wrong).collect()) }
}

const SETTINGS: Settings<Raw, Raw, Wrong> =
    Settings { variables: &VARIABLES, check, field: |error| &error.0 };

fn parse(text: Option<&str>, variables: &[(&str, &str)]) -> Result<Raw, String> {
    let variable =
        |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    let file = text.map(|text| (Path::new("file.yaml"), text));
    SETTINGS.parse(file, variable).map_err(|error| error.to_string())
}

fn problems(text: Option<&str>, variables: &[(&str, &str)]) -> String {
    parse(text, variables).err().unwrap()
}

#[test]
fn variables_go_before_the_file_and_empty_ones_are_not_set() {
    let variables = [("NAME", " \t"), ("WORKERS", " 7 "), ("HOSTS", "a, b,")];
    let raw = parse(Some("name: x\nworkers: 1\nhosts: [c]\n"), &variables).unwrap();
    assert_eq!((raw.name.as_deref(), raw.workers), (Some("x"), Some(7)));
    assert_eq!(raw.hosts.unwrap(), ["a", "b"]);
    assert!(parse(None, &[]).unwrap().name.is_none());
    assert!(parse(Some("# nothing\n"), &[]).unwrap().name.is_none());
}

#[test]
fn an_error_names_its_line_or_its_variable() {
    let text = "name: bad\nworkers: 0\npresets:\n  a: 1\n  b: 0\n";
    let lines = [
        "file.yaml:1: name: must not be like this",
        "file.yaml:2: workers: must not be like this",
        "file.yaml:5: presets.b: must not be like this",
    ];
    assert_eq!(problems(Some(text), &[]), lines.join("\n"));
    assert_eq!(problems(None, &[("NAME", "bad")]), "NAME: name: must not be like this");
    assert_eq!(problems(Some("name: x"), &[("WORKERS", "0")]), "WORKERS: workers: must not be like this");
    assert_eq!(problems(None, &[("PRESETS", "b")]), "PRESETS: presets.b: must not be like this");
}

#[test]
fn of_two_variables_for_a_field_the_last_one_is_used_and_named() {
    let variables = [("NAME", "x"), ("NAME_AGAIN", "bad")];
    assert_eq!(problems(None, &variables), "NAME_AGAIN: name: must not be like this");
}

#[test]
fn what_cannot_be_read_is_reported_with_its_place() {
    assert_eq!(
        problems(Some("name: x\nwokers: 1\n"), &[]),
        "file.yaml:2: wokers: unknown field `wokers`, expected one of name, workers, hosts, presets"
    );
    assert_eq!(problems(None, &[("WORKERS", "many")]), "WORKERS: \"many\" must be a whole number");
    let error = SETTINGS.load(Some(Path::new("no/such/file.yaml")), |_| None).err().unwrap();
    assert_eq!(error.to_string(), "--config no/such/file.yaml: No such file or directory (os error 2)");
}

#[test]
fn help_lists_the_variables() {
    let help = SETTINGS.help();
    assert!(help.starts_with(
        "Environment variables that replace values of --config (an empty one is ignored):\n  NAME\n      name\n"
    ));
    assert_eq!(SETTINGS.names().count(), VARIABLES.len());
}
