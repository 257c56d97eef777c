//! The URLs of endpoints, as containerd and k3s read them.

use policy::container_registries::{Address, AddressError, Endpoint, Scheme};

/// How a format takes the path of a URL.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Paths {
    /// `/v2` is added to it.
    BeforeApi,
    /// It is that of the API, even if there is none.
    OfApi,
    /// It is that of the API, unless there is none.
    OfApiUnlessNone,
    /// It is that of the API, unless it is `/` or there is none.
    OfApiUnlessRoot,
}

/// An endpoint at a URL; without a scheme, with TLS.
///
/// # Errors
/// What the URL must be, without any part of it.
pub(super) fn endpoint(url: &str, paths: Paths) -> Result<Endpoint, AddressError> {
    let (scheme, rest) = match url.split_once("://") {
        Some(("http", rest)) => (Scheme::Http, rest),
        Some(("https", rest)) => (Scheme::Https, rest),
        Some(_) => return Err(AddressError::Scheme),
        None => (Scheme::Https, url),
    };
    let address = Address::parse(rest)?;
    let path = address.path();
    let is_root = path.is_empty() && rest.ends_with('/');
    let override_path = match paths {
        Paths::OfApi => path != "/v2",
        Paths::OfApiUnlessNone => is_root || !matches!(path, "" | "/v2"),
        Paths::OfApiUnlessRoot | Paths::BeforeApi => !matches!(path, "" | "/v2"),
    };
    let address = if !override_path {
        Address::parse(&address.authority())?
    } else if paths == Paths::BeforeApi && !path.ends_with("/v2") {
        Address::parse(&format!("{address}/v2"))?
    } else {
        address
    };
    Ok(Endpoint { scheme, override_path, ..Endpoint::at(address) })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::plain("https://example.com:5000", Paths::OfApiUnlessNone, "https://example.com:5000", false)]
    #[case::no_scheme("example.com", Paths::BeforeApi, "https://example.com", false)]
    #[case::no_path("https://example.com", Paths::OfApi, "https://example.com", true)]
    #[case::http("http://[::1]:5000/v2", Paths::OfApi, "http://[::1]:5000", false)]
    #[case::root("https://example.com/", Paths::OfApiUnlessNone, "https://example.com", true)]
    #[case::root_of_k3s("https://example.com/", Paths::OfApiUnlessRoot, "https://example.com", false)]
    #[case::path("https://example.com/v2/hub", Paths::OfApiUnlessRoot, "https://example.com/v2/hub", true)]
    #[case::path_before("https://example.com/hub", Paths::BeforeApi, "https://example.com/hub/v2", true)]
    #[case::path_with_api("https://example.com/hub/v2", Paths::BeforeApi, "https://example.com/hub/v2", true)]
    fn is_an_endpoint(
        #[case] url: &str,
        #[case] paths: Paths,
        #[case] shown: &str,
        #[case] override_path: bool,
    ) {
        let endpoint = endpoint(url, paths).unwrap();
        assert_eq!((endpoint.url().as_str(), endpoint.override_path), (shown, override_path));
    }

    #[rstest]
    #[case::other_scheme("ftp://example.com", AddressError::Scheme)]
    #[case::user("https://me:secret@example.com", AddressError::Character)]
    #[case::no_host("https:///v2", AddressError::Host)]
    fn is_none(#[case] url: &str, #[case] error: AddressError) {
        assert_eq!(endpoint(url, Paths::OfApi), Err(error));
    }
}
