//! The sections of a configuration of containerd that hold settings of registries.

use std::collections::{BTreeMap, BTreeSet};

use toml_edit::{Item, TableLike};

use super::super::finding::Place;
use super::super::toml::{Toml, entry};
use crate::nodes::version::Version;

/// The plugin since 2.0.
const IMAGES: &str = "io.containerd.cri.v1.images";
/// The plugin of 1.x.
const CRI: &str = "io.containerd.grpc.v1.cri";
/// The same in files of version 1.
const SHORT: &str = "cri";

/// Whether a value makes the CRI plugin pull by itself.
type IsLocal = fn(&Item) -> bool;

/// Keys that make the CRI plugin pull by itself, if they have such a value.
const LOCAL: [(&str, IsLocal); 5] = [
    ("use_local_image_pull", |item| item.as_bool() == Some(true)),
    ("disable_snapshot_annotations", |item| item.as_bool() == Some(false)),
    ("discard_unpacked_layers", |item| item.as_bool() == Some(true)),
    ("image_pull_with_sync_fs", |item| item.as_bool() == Some(true)),
    ("max_concurrent_downloads", |item| item.as_integer() != Some(3)),
];

/// The settings of registries.
#[derive(Debug, Default)]
pub(in super::super) struct RegistrySettings {
    /// `config_path`, which may be empty.
    pub(in super::super) config_path: Option<(String, Place)>,
    /// A table `mirrors` that is not empty.
    pub(in super::super) mirrors: Option<Place>,
    /// A table `configs` that is not empty.
    pub(in super::super) configs: Option<Place>,
    /// Whether one of `configs` holds `tls`.
    pub(in super::super) has_tls_in_configs: bool,
    /// A table `auths` that is not empty.
    pub(in super::super) auths: Option<Place>,
    /// The files that hold credentials.
    pub(in super::super) credentials: BTreeSet<String>,
    /// The table of the plugin.
    pub(in super::super) plugin: Option<Place>,
    /// Settings of registries that this version does not read.
    pub(in super::super) unread: Vec<(&'static str, Place)>,
    /// The keys that decide whether the CRI plugin pulls by itself, and whether they say so.
    local: BTreeMap<&'static str, bool>,
}

impl RegistrySettings {
    /// Whether `config_path` is set.
    pub(in super::super) fn has_config_path(&self) -> bool {
        self.config_path.as_ref().is_some_and(|(path, _)| !path.is_empty())
    }

    /// Whether the CRI plugin pulls by itself, not by the transfer service.
    pub(in super::super) fn pulls_locally(&self) -> bool {
        let has_tables = self.mirrors.is_some() || self.configs.is_some() || self.auths.is_some();
        has_tables || self.local.values().any(|is_local| *is_local)
    }

    /// Drops what a section says, before another section replaces it.
    fn forget(&mut self) {
        let Self { config_path, mirrors, configs, has_tls_in_configs, auths, local, .. } = self;
        (*config_path, *mirrors, *configs, *auths) = (None, None, None, None);
        *has_tls_in_configs = false;
        local.clear();
    }
}

/// Reads the sections of a file that this version of containerd reads. What is set there replaces what was set before.
pub(super) fn read(settings: &mut RegistrySettings, version: Version, file: &str, toml: &Toml<'_>) {
    let form = entry(toml.top(), "version").and_then(|(_, item)| item.as_integer()).unwrap_or(1);
    let Some(plugins) = entry(toml.top(), "plugins").and_then(|(_, item)| item.as_table_like()) else {
        return;
    };
    for id in [IMAGES, CRI, SHORT] {
        let Some((key, item)) = entry(plugins, id) else { continue };
        let Some(table) = item.as_table_like() else { continue };
        if is_read(id, version, form) {
            if version.major < 2 {
                // Such a version replaces the whole section.
                settings.forget();
            }
            let reader = Reader { toml, file };
            settings.plugin = Some(reader.place(key, item));
            reader.section(settings, table);
        } else if let Some((key, item)) = entry(table, "registry") {
            let place = Place::line(file, toml.line_of(key, item));
            let holds = item.as_table_like().is_some_and(|registry| !registry.is_empty());
            settings.unread.extend(holds.then_some((id, place)));
        }
    }
}

/// Whether a version of containerd reads a section in a file of such a form.
fn is_read(id: &str, version: Version, form: i64) -> bool {
    // A file of an older form than the newest that a version knows is migrated.
    let newest = if version >= Version::new(2, 3, 0) { 4 } else { 3 };
    match (version.major, id) {
        (0 | 1, SHORT) => form <= 1,
        (0 | 1, CRI) => form == 2,
        (0 | 1, _) => false,
        (_, IMAGES) => true,
        (_, CRI) => form < newest,
        (_, _) => form <= 1,
    }
}

struct Reader<'a> {
    toml: &'a Toml<'a>,
    file: &'a str,
}

impl Reader<'_> {
    fn place(&self, key: &toml_edit::Key, item: &Item) -> Place {
        Place::line(self.file, self.toml.line_of(key, item))
    }

    fn section(&self, settings: &mut RegistrySettings, table: &dyn TableLike) {
        for (key, is_local) in LOCAL {
            if let Some((_, item)) = entry(table, key) {
                settings.local.insert(key, is_local(item));
            }
        }
        let Some(registry) = entry(table, "registry").and_then(|(_, item)| item.as_table_like()) else {
            return;
        };
        if let Some((key, item)) = entry(registry, "config_path") {
            let place = self.place(key, item);
            settings.config_path = Some((item.as_str().unwrap_or_default().to_owned(), place));
        }
        self.table(registry, "mirrors", &mut settings.mirrors);
        self.table(registry, "auths", &mut settings.auths);
        self.table(registry, "configs", &mut settings.configs);
        let configs = entry(registry, "configs").and_then(|(_, item)| item.as_table_like());
        let tables: Vec<_> = configs
            .into_iter()
            .flat_map(TableLike::iter)
            .filter_map(|(_, item)| item.as_table_like())
            .collect();
        settings.has_tls_in_configs |= tables.iter().any(|table| table.contains_key("tls"));
        let holds = |table: &&dyn TableLike| table.contains_key("auth");
        if tables.iter().any(holds) || ["auths", "headers"].iter().any(|key| registry.contains_key(key)) {
            settings.credentials.insert(self.file.to_owned());
        }
    }

    /// Remembers a table that is not empty.
    fn table(&self, registry: &dyn TableLike, name: &str, place: &mut Option<Place>) {
        let Some((key, item)) = entry(registry, name) else { return };
        if item.as_table_like().is_some_and(|table| !table.is_empty()) {
            *place = Some(self.place(key, item));
        }
    }
}
