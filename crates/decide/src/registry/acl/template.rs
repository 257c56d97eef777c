//! The variables of a pattern: `${account}`, `${account:1}`, `${labels:team}`.

use super::error::PatternError;

/// A part of a pattern.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Part {
    /// What the author wrote, with its meaning.
    Text(String),
    /// A value of the request, which means itself alone.
    Variable(Variable),
}

/// What a request says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Variable {
    /// A field.
    Field(Field),
    /// A group of the regular expression that a field is matched with.
    Capture(Field, usize),
    /// Any value of a label of the account.
    Label(String),
}

/// A field of a request that a rule can have a pattern for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Field {
    Account,
    Type,
    Name,
    Service,
}

/// What the variables stand for while one pattern is matched.
#[derive(Clone, Copy, Debug)]
pub(super) struct Values<'a> {
    pub(super) fields: [&'a str; 4],
    /// The groups of each field.
    pub(super) captures: &'a [Vec<Option<&'a str>>; 4],
    /// The labels of the pattern, each with the value that is tried.
    pub(super) labels: &'a [(&'a str, &'a str)],
}

impl Field {
    pub(super) const ALL: [Self; 4] = [Self::Account, Self::Type, Self::Name, Self::Service];

    /// As rules and variables spell it.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Type => "type",
            Self::Name => "name",
            Self::Service => "service",
        }
    }

    fn of<T>(self, values: &[T; 4]) -> &T {
        let [account, kind, name, service] = values;
        match self {
            Self::Account => account,
            Self::Type => kind,
            Self::Name => name,
            Self::Service => service,
        }
    }
}

impl<'a> Values<'a> {
    /// What a variable stands for. An empty value would leave what surrounds it, so it stands for nothing.
    pub(super) fn text(&self, variable: &Variable) -> Option<&'a str> {
        let text = match variable {
            Variable::Field(field) => Some(*field.of(&self.fields)),
            Variable::Capture(field, group) => field.of(self.captures).get(*group).copied().flatten(),
            Variable::Label(name) => {
                self.labels.iter().find(|(label, _)| label == name).map(|(_, value)| *value)
            }
        };
        text.filter(|text| !text.is_empty())
    }

    /// The text of a field.
    pub(super) fn field(&self, field: Field) -> &'a str {
        field.of::<&str>(&self.fields)
    }
}

/// Takes a pattern apart.
pub(super) fn parse(text: &str) -> Result<Vec<Part>, PatternError> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("${") {
        let (inside, after) = behind.split_once('}').ok_or(PatternError::OpenVariable)?;
        if !before.is_empty() {
            parts.push(Part::Text(before.to_owned()));
        }
        parts.push(Part::Variable(variable(inside).ok_or(PatternError::Variable)?));
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest.to_owned()));
    }
    Ok(parts)
}

fn variable(text: &str) -> Option<Variable> {
    let field = |name: &str| Field::ALL.into_iter().find(|field| field.as_str() == name);
    match text.split_once(':') {
        None => field(text).map(Variable::Field),
        Some(("labels", name)) if !name.is_empty() => Some(Variable::Label(name.to_owned())),
        Some((name, group)) => {
            let group = group.parse().ok().filter(|_| group.bytes().all(|byte| byte.is_ascii_digit()))?;
            Some(Variable::Capture(field(name)?, group))
        }
    }
}
