//! What Functions, the objects of registries and pull-through caches would become in a cluster where all goes well, without
//! one: the decisions of the reconcilers on a simulated cluster.

mod caches;
mod functions;
mod manifests;
mod planned;
mod registries;

use crate::config::Config;

pub(crate) use manifests::COMMAND;
pub use manifests::Manifests;
pub use planned::Planned;

/// What becomes of each Function, with presets filled in as the webhook does, of each object of registries, and of each cache.
#[must_use]
pub fn plan(config: &Config, manifests: &Manifests) -> Vec<Planned> {
    let mut planned = functions::plan(&config.functions, manifests);
    planned.extend(registries::plan(config, manifests));
    planned.extend(caches::plan(config, manifests));
    planned
}
