//! What there is to say about a rule.

/// The explanation of a rule.
#[derive(Debug)]
pub struct Text {
    /// The identifier: lower-case words with `-` between them.
    pub id: &'static str,
    /// What the rule is about.
    pub topic: Topic,
    /// Whether an object that breaks the rule is refused.
    pub severity: Severity,
    /// One line without a full stop.
    pub summary: &'static str,
    /// Why the rule exists and what to do.
    pub help: &'static str,
    /// The wrong and the right way to write it.
    pub example: Option<Example>,
}

/// Parts of a manifest: the rest of it does not matter.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    /// Breaks the rule.
    pub wrong: &'static str,
    /// Keeps it.
    pub right: &'static str,
}

/// What a rule is about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Topic {
    /// Objects of any kind.
    Object,
    /// Functions.
    Function,
    /// Git repositories.
    GitRepository,
    /// Registry Secrets.
    RegistrySecret,
    /// The registries of nodes.
    ContainerRegistries,
    /// Registries in the cluster.
    ImageRegistry,
    /// Accounts of registries.
    ImageRegistryAccount,
    /// Push and pull secrets.
    ImageSecret,
    /// Environments of builds.
    ImageBuildEnv,
    /// Pull-through caches.
    RegistryCache,
    /// Secrets with the credentials of upstreams.
    UpstreamCredentials,
    /// Documents of Gardener's registry-cache extension.
    Gardener,
    /// The input of `check` and `replay`.
    Input,
}

/// Whether an object that breaks a rule is refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Severity {
    /// The object is refused.
    Error,
    /// The object is accepted, and its author gets a warning.
    Warning,
}

impl Topic {
    /// A heading.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Object => "All objects",
            Self::Function => "Functions",
            Self::GitRepository => "GitRepositories",
            Self::RegistrySecret => "Registry Secrets",
            Self::ContainerRegistries => "Registries of nodes",
            Self::ImageRegistry => "ImageRegistries",
            Self::ImageRegistryAccount => "ImageRegistryAccounts",
            Self::ImageSecret => "ImagePushSecrets and ImagePullSecrets",
            Self::ImageBuildEnv => "ImageBuildEnvs",
            Self::RegistryCache => "RegistryCaches",
            Self::UpstreamCredentials => "Upstream credentials",
            Self::Gardener => "Documents of Gardener",
            Self::Input => "Input of the command line",
        }
    }
}

impl Severity {
    /// The word for it, as in SARIF.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

impl Text {
    pub(super) const fn error(
        topic: Topic,
        id: &'static str,
        summary: &'static str,
        help: &'static str,
    ) -> Self {
        Self { id, topic, severity: Severity::Error, summary, help, example: None }
    }

    pub(super) const fn warning(
        topic: Topic,
        id: &'static str,
        summary: &'static str,
        help: &'static str,
    ) -> Self {
        Self { severity: Severity::Warning, ..Self::error(topic, id, summary, help) }
    }

    pub(super) const fn example(self, wrong: &'static str, right: &'static str) -> Self {
        Self { example: Some(Example { wrong, right }), ..self }
    }
}
