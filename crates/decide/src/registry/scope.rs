//! What a client asks a token for: `type[(class)]:name:actions`, as distribution defines it.

use std::fmt;

use policy::registries::is_repository_name;

/// The most scopes of a request: a push that mounts layers asks for two repositories.
pub const COUNT_MAX: usize = 32;
/// The longest scope, in bytes: the longest name, with a type and actions.
pub const LENGTH_MAX: usize = 512;

/// The only name of the type `registry`.
pub const CATALOG: &str = "catalog";

/// What is asked for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Scope {
    /// The type.
    pub kind: ResourceType,
    /// The class in brackets behind the type, such as `plugin`. It changes nothing of what is granted.
    pub class: Option<String>,
    /// The name of the repository, or [`CATALOG`].
    pub name: String,
    /// The actions, each once, in the order of the scope. Those that no registry knows are left out.
    pub actions: Vec<Action>,
}

/// What an action is done to.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum ResourceType {
    /// A repository.
    Repository,
    /// The registry as a whole: its catalog. A rule for repositories grants nothing of it.
    Registry,
}

/// What is done.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Action {
    /// To read a repository.
    Pull,
    /// To write to a repository. It does not include deletions.
    Push,
    /// To delete tags, manifests and layers of a repository.
    Delete,
    /// Everything, in a request and in a rule. In a token, it is for the catalog only, where no other action exists: the
    /// registry would take it for every action, deletions included.
    All,
}

/// Why a scope is refused. No text holds any part of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ScopeError {
    /// There are too many.
    #[error("there may be at most 32 scopes")]
    Count,
    /// It is too long.
    #[error("a scope may have at most 512 bytes")]
    Length,
    /// It is not `type:name:actions`.
    #[error("a scope must have the form type:name:actions, such as repository:team/app:pull,push")]
    Form,
    /// The type is unknown.
    #[error("the type of a scope must be repository, or registry with the name catalog")]
    Type,
    /// The repository has a name that no registry takes.
    #[error(
        "the name of a repository must be lower-case letters and digits, with '.', '_' or '-' between them and '/' between its parts, and at most 255 bytes"
    )]
    Name,
    /// An action is no word.
    #[error("an action must be a word of lower-case letters, or *")]
    Action,
}

/// The scopes of a request: in several parameters, or separated by spaces in one.
///
/// # Errors
/// What is wrong with the first one that is not right.
pub fn parse_all<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Vec<Scope>, ScopeError> {
    let mut scopes = Vec::new();
    for text in texts.into_iter().flat_map(|text| text.split(' ')).filter(|text| !text.is_empty()) {
        if scopes.len() == COUNT_MAX {
            return Err(ScopeError::Count);
        }
        scopes.push(Scope::parse(text)?);
    }
    Ok(scopes)
}

impl Scope {
    /// Reads one scope.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, ScopeError> {
        if text.len() > LENGTH_MAX {
            return Err(ScopeError::Length);
        }
        // A name may hold a colon in other registries, so the parts are taken from both ends.
        let (kind, rest) = text.split_once(':').ok_or(ScopeError::Form)?;
        let (name, actions) = rest.rsplit_once(':').ok_or(ScopeError::Form)?;
        let (kind, class) = parse_type(kind)?;
        match kind {
            ResourceType::Repository if !is_repository_name(name) => return Err(ScopeError::Name),
            ResourceType::Registry if name != CATALOG => return Err(ScopeError::Type),
            ResourceType::Repository | ResourceType::Registry => {}
        }
        let actions = parse_actions(actions)?;
        Ok(Self { kind, class, name: name.to_owned(), actions })
    }
}

fn parse_type(text: &str) -> Result<(ResourceType, Option<String>), ScopeError> {
    let (kind, class) = match text.split_once('(') {
        None => (text, None),
        Some((kind, class)) => (kind, Some(class.strip_suffix(')').ok_or(ScopeError::Form)?)),
    };
    let is_word = |class: &str| {
        !class.is_empty() && class.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    if class.is_some_and(|class| !is_word(class)) {
        return Err(ScopeError::Form);
    }
    let kinds = [ResourceType::Repository, ResourceType::Registry];
    let kind = kinds.into_iter().find(|known| known.as_str() == kind).ok_or(ScopeError::Type)?;
    Ok((kind, class.map(str::to_owned)))
}

fn parse_actions(text: &str) -> Result<Vec<Action>, ScopeError> {
    let mut actions = Vec::new();
    for word in text.split(',') {
        match Action::parse(word) {
            Some(action) if !actions.contains(&action) => actions.push(action),
            Some(_) => {}
            None if word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') => {}
            None => return Err(ScopeError::Action),
        }
    }
    Ok(actions)
}

impl ResourceType {
    /// As scopes and tokens spell it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Repository => "repository",
            Self::Registry => "registry",
        }
    }
}

impl Action {
    /// All, in the order in which tokens list what `*` in a request grants.
    pub const ALL: [Self; 4] = [Self::Pull, Self::Push, Self::Delete, Self::All];

    /// As scopes, rules and tokens spell it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pull => "pull",
            Self::Push => "push",
            Self::Delete => "delete",
            Self::All => "*",
        }
    }

    /// The action that a word names.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == word)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests;
