//! A user that is written beside the rules, as `docker_auth` has them.

use policy::image_registry_accounts::bcrypt::Bcrypt;

use crate::registry::labels::Labels;

/// A user.
#[derive(Clone, Debug)]
pub struct User {
    /// The hash of its password; `None` for those who have not logged in.
    pub hash: Option<Bcrypt>,
    /// What rules can ask for.
    pub labels: Labels,
}
