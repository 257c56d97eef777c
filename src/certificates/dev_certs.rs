//! Certificates for development: an authority and a server certificate for loopback and the names of the Service.

use std::time::{Duration, SystemTime};

use process::certificates::{self as issue, Pair};

use crate::admission::routes::SERVICE;
use crate::certificates::service_names;

/// How long certificates for development are valid.
const LIFETIME: Duration = Duration::from_hours(365 * 24);

/// An authority and a certificate that it signed.
pub struct DevCerts {
    /// The authority.
    pub authority: Pair,
    /// The server.
    pub server: Pair,
}

/// Makes certificates, valid for `localhost`, loopback addresses and the names of the Service in `namespace`, for a
/// year.
pub fn make(namespace: &str) -> Result<DevCerts, rcgen::Error> {
    let now = SystemTime::now();
    let authority =
        issue::authority(&format!("{} development authority", SERVICE.name), now, now + LIFETIME)?;
    let mut names = service_names(SERVICE.name, namespace);
    names.extend(["localhost", "127.0.0.1", "::1"].map(str::to_owned));
    let server = issue::server(&authority, names, now, now + LIFETIME)?;
    Ok(DevCerts { authority, server })
}
