//! What authors and operators do to the system, one change after the other, and the wanted state in the end. Both
//! depend only on a seed.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};

use fastrand::Rng;
use serde_json::{Value, json};

/// The index of one of the two registries.
pub type Which = usize;

/// A requested change.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    CreateNamespace(String),
    DeleteNamespace(String),
    /// Puts a Function: namespace, name and specification.
    PutFunction(String, String, Value),
    DeleteFunction(String, String),
    /// Deletes a Function and creates another one with the same name.
    ReplaceFunction(String, String, Value),
    /// Commits another text of the handler to the repository.
    Commit(String),
    /// Changes the password at a registry, and then in all its Secrets.
    Rotate(Which),
    /// Sets or removes a registry Secret of one namespace.
    Own(String, Option<Which>),
    /// Sets or removes the registry Secret for all namespaces that have none of their own.
    ForAll(Option<Which>),
    /// Requests something that the webhook must refuse.
    Invalid(String),
}

impl Display for Change {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::CreateNamespace(name) => write!(formatter, "create namespace {name}"),
            Self::DeleteNamespace(name) => write!(formatter, "delete namespace {name}"),
            Self::PutFunction(namespace, name, spec) => write!(formatter, "apply {namespace}/{name} {spec}"),
            Self::DeleteFunction(namespace, name) => write!(formatter, "delete {namespace}/{name}"),
            Self::ReplaceFunction(namespace, name, spec) => {
                write!(formatter, "replace {namespace}/{name} {spec}")
            }
            Self::Commit(text) => write!(formatter, "commit {text:?}"),
            Self::Rotate(which) => write!(formatter, "rotate the password of registry {which}"),
            Self::Own(name, Some(which)) => write!(formatter, "{name} has registry {which} of its own"),
            Self::Own(name, None) => write!(formatter, "{name} has no registry of its own"),
            Self::ForAll(Some(which)) => write!(formatter, "all have registry {which}"),
            Self::ForAll(None) => write!(formatter, "not all have the same registry any more"),
            Self::Invalid(namespace) => write!(formatter, "apply something invalid to {namespace}"),
        }
    }
}

/// The wanted state.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    pub namespaces: BTreeMap<String, Namespace>,
    pub for_all: Option<Which>,
    /// The number of each registry's current password.
    pub passwords: [usize; 2],
    /// The text of the handler in the repository.
    pub committed: String,
}

#[derive(Clone, Debug, Default)]
pub struct Namespace {
    pub own: Option<Which>,
    /// Specifications by name.
    pub functions: BTreeMap<String, Value>,
}

impl Wanted {
    /// The registry whose images a namespace runs. The first one is the registry of the installation.
    pub fn registry(&self, namespace: &Namespace) -> Which {
        namespace.own.or(self.for_all).unwrap_or_default()
    }

    /// The source that the image of a Function must contain.
    pub fn source<'a>(&'a self, spec: &'a Value) -> &'a str {
        if is_git(spec) { &self.committed } else { spec["source"].as_str().unwrap() }
    }
}

pub fn is_git(spec: &Value) -> bool {
    spec["type"] == "git"
}

const MAX_NAMESPACES: usize = 4;
const MAX_FUNCTIONS: usize = 10;

#[derive(Clone, Copy)]
enum Sort {
    CreateNamespace,
    DeleteNamespace,
    Create,
    Source,
    Settings,
    Delete,
    Replace,
    Commit,
    Rotate,
    Own,
    ForAll,
    Invalid,
}

/// Each kind occurs as often as it is in this list before all occur again, in another order.
const SORTS: [Sort; 17] = [
    Sort::CreateNamespace,
    Sort::DeleteNamespace,
    Sort::Create,
    Sort::Create,
    Sort::Create,
    Sort::Source,
    Sort::Source,
    Sort::Source,
    Sort::Settings,
    Sort::Settings,
    Sort::Delete,
    Sort::Replace,
    Sort::Commit,
    Sort::Rotate,
    Sort::Own,
    Sort::ForAll,
    Sort::Invalid,
];

/// An endless sequence of changes.
pub struct Plan {
    random: Rng,
    /// The next kinds of changes, in reverse order.
    next: Vec<Sort>,
    /// How many names and texts there have been, so that none is used twice.
    number: usize,
    /// The wanted state after all changes so far.
    pub wanted: Wanted,
}

impl Plan {
    pub fn new(seed: u64) -> Self {
        let wanted = Wanted { committed: "// commit 0".to_owned(), ..Wanted::default() };
        Self { random: Rng::with_seed(seed), next: Vec::new(), number: 0, wanted }
    }

    /// Milliseconds before the next change.
    pub fn pause(&mut self) -> u64 {
        self.random.u64(0..600)
    }

    /// The next change of a kind; `None` if there is nothing that it could change now.
    fn change(&mut self, sort: Sort) -> Option<Change> {
        match sort {
            Sort::CreateNamespace => self.create_namespace(),
            Sort::DeleteNamespace => self.delete_namespace(),
            Sort::Create => self.create_function(),
            Sort::Source => {
                let (namespace, name, spec) = self.function(|spec| !is_git(spec))?;
                let source = json!({"source": format!("// source {}", self.number)});
                Some(self.put(namespace, name, spec, &source))
            }
            Sort::Settings => self.change_settings(),
            Sort::Delete => {
                let (namespace, name, _) = self.function(|_| true)?;
                self.wanted.namespaces.get_mut(&namespace)?.functions.remove(&name);
                Some(Change::DeleteFunction(namespace, name))
            }
            // A new Function with the same name.
            Sort::Replace => {
                let (namespace, name, _) = self.function(|spec| !is_git(spec))?;
                let spec = json!({"source": format!("// source {}", self.number)});
                self.keep(&namespace, &name, &spec);
                Some(Change::ReplaceFunction(namespace, name, spec))
            }
            Sort::Commit => {
                self.wanted.committed = format!("// commit {}", self.number);
                Some(Change::Commit(self.wanted.committed.clone()))
            }
            Sort::Rotate => {
                let which = self.random.usize(0..2);
                self.wanted.passwords[which] = self.number;
                Some(Change::Rotate(which))
            }
            Sort::Own => {
                let name = self.namespace()?;
                let namespace = self.wanted.namespaces.get_mut(&name)?;
                namespace.own = if namespace.own.is_some() { None } else { Some(self.random.usize(0..2)) };
                Some(Change::Own(name, namespace.own))
            }
            Sort::ForAll => {
                self.wanted.for_all = if self.wanted.for_all.is_some() { None } else { Some(1) };
                Some(Change::ForAll(self.wanted.for_all))
            }
            Sort::Invalid => Some(Change::Invalid(self.namespace()?)),
        }
    }

    fn create_namespace(&mut self) -> Option<Change> {
        let name = format!("n{}", self.number);
        let is_full = self.wanted.namespaces.len() >= MAX_NAMESPACES;
        (!is_full).then(|| self.wanted.namespaces.insert(name.clone(), Namespace::default()))?;
        Some(Change::CreateNamespace(name))
    }

    fn delete_namespace(&mut self) -> Option<Change> {
        let name = self.namespace()?;
        (self.wanted.namespaces.len() > 2).then(|| self.wanted.namespaces.remove(&name))?;
        Some(Change::DeleteNamespace(name))
    }

    fn create_function(&mut self) -> Option<Change> {
        let number = self.number;
        let namespace = self.namespace()?;
        let count: usize = self.wanted.namespaces.values().map(|other| other.functions.len()).sum();
        (count < MAX_FUNCTIONS).then_some(())?;
        let spec = if self.random.u8(0..3) == 0 {
            json!({"type": "git", "source": "code", "baseDir": "fn", "reference": "main"})
        } else {
            json!({"source": format!("// source {number}")})
        };
        Some(self.put(namespace, format!("f{number}"), spec, &json!({})))
    }

    fn change_settings(&mut self) -> Option<Change> {
        let (namespace, name, spec) = self.function(|_| true)?;
        let (least, more) = (self.random.u8(1..=2), self.random.u8(0..=1));
        let env = json!([{"name": "NUMBER", "value": self.number.to_string()}]);
        let settings = json!({"env": env, "minReplicas": least, "maxReplicas": least + more});
        Some(self.put(namespace, name, spec, &settings))
    }

    /// Stores a specification with other settings, and requests it.
    fn put(&mut self, namespace: String, name: String, mut spec: Value, settings: &Value) -> Change {
        spec.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
        self.keep(&namespace, &name, &spec);
        Change::PutFunction(namespace, name, spec)
    }

    fn keep(&mut self, namespace: &str, name: &str, spec: &Value) {
        self.wanted.namespaces.get_mut(namespace).unwrap().functions.insert(name.to_owned(), spec.clone());
    }

    fn namespace(&mut self) -> Option<String> {
        let names: Vec<_> = self.wanted.namespaces.keys().cloned().collect();
        self.random.choice(names)
    }

    fn function(&mut self, is_meant: fn(&Value) -> bool) -> Option<(String, String, Value)> {
        let namespaces = self.wanted.namespaces.iter();
        let all = namespaces.flat_map(|(namespace, of_it)| {
            of_it.functions.iter().map(move |(name, spec)| (namespace.clone(), name.clone(), spec.clone()))
        });
        let meant: Vec<_> = all.filter(|(_, _, spec)| is_meant(spec)).collect();
        self.random.choice(meant)
    }
}

impl Iterator for Plan {
    type Item = Change;

    fn next(&mut self) -> Option<Change> {
        loop {
            let Some(sort) = self.next.pop() else {
                self.next.extend(SORTS);
                self.random.shuffle(&mut self.next);
                continue;
            };
            self.number += 1;
            if let Some(change) = self.change(sort) {
                return Some(change);
            }
        }
    }
}

#[test]
fn the_same_seed_has_the_same_plan() {
    let plan = |seed| Plan::new(seed).take(300).collect::<Vec<_>>();
    assert_eq!(plan(1), plan(1));
    assert_ne!(plan(1), plan(2));
}
