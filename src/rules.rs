//! The rules in use: those of the configuration, with the runtimes that are installed. Either part changes by itself.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use policy::Config;
use policy::config::Installed;

/// Both parts, and what follows from them.
#[derive(Debug)]
pub struct Rules {
    parts: Mutex<(Config, Installed)>,
    in_force: Arc<ArcSwap<Config>>,
}

impl Rules {
    /// The rules of a configuration and of the runtimes that are installed.
    #[must_use]
    pub fn new(config: Config, installed: Installed) -> Self {
        let in_force = Arc::new(ArcSwap::from_pointee(config.with_installed(&installed)));
        Self { parts: Mutex::new((config, installed)), in_force }
    }

    /// What is in use, at any time.
    #[must_use]
    pub fn in_force(&self) -> Arc<ArcSwap<Config>> {
        Arc::clone(&self.in_force)
    }

    /// Another configuration is in use.
    pub(crate) fn configure(&self, config: Config) {
        self.change(|parts| parts.0 = config);
    }

    /// Other runtimes are installed.
    pub(crate) fn install(&self, installed: Installed) {
        self.change(|parts| parts.1 = installed);
    }

    fn change(&self, change: impl FnOnce(&mut (Config, Installed))) {
        let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut parts);
        // Still locked: otherwise a change of the other part could be lost.
        self.in_force.store(Arc::new(parts.0.with_installed(&parts.1)));
    }
}
