//! The value as it is at its source, and how it is handed on.

use policy::container_registries::HiddenText;
use tokio::sync::watch;

/// The value as it is at its source.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) enum Value {
    /// The source has not been read yet.
    #[default]
    Unread,
    /// It is not there.
    Missing,
    /// It is there.
    Text(HiddenText),
}

/// Hands a value on if it is another one.
pub(super) fn hand_on(values: &watch::Sender<Value>, value: Value) {
    values.send_if_modified(|known| {
        let is_new = *known != value;
        *known = value;
        is_new
    });
}
