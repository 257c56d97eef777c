//! Which registries and mirrors nodes pull from, and with which credentials: the value `containerRegistries`, its rules, and
//! the model that everything else reads.

pub mod dial_timeout;
pub mod host;
pub mod model;
mod secret;
mod tree;
mod values;
mod warnings;

pub use host::{Address, AddressError, DOCKER_HUB, DOCKER_HUB_API, Host};
pub use model::{Capability, Credentials, Endpoint, Fallback, HiddenText, Registries, Registry, Scheme};
pub use secret::{JudgedSecret, ValidSecret, judge};
pub use tree::{NotYaml, Tree};
pub use values::{CONTAINER_REGISTRIES, Document, Reading, read, recognise};
