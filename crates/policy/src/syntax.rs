//! The syntax of names, labels and environment variables
//! (`k8s.io/apimachinery/pkg/util/validation`). Each check answers with what the text must be.

/// The outcome of a check: what the text must be, if it is not.
pub type Check = Result<(), &'static str>;

/// The longest DNS label, Service name and label value, in bytes.
pub(crate) const LABEL_MAX: usize = 63;
/// The longest DNS subdomain, which most object names are, in bytes.
const SUBDOMAIN_MAX: usize = 253;

const DNS_1035: &str = "must be a DNS-1035 label: lower-case letters, digits or '-', starting with a letter and ending with a letter or digit (such as 'my-name' or 'abc-123')";
const DNS_1035_PREFIX: &str = "must be the beginning of a DNS-1035 label: lower-case letters, digits or '-', starting with a letter (such as 'my-name-')";
const DNS_1123_SUBDOMAIN: &str = "must be a lower-case RFC 1123 subdomain: lower-case letters, digits, '-' or '.', starting and ending with a letter or digit, no longer than 253 characters (such as 'example.com')";
const ENV_NAME: &str =
    "must consist of letters, digits, '_', '-' or '.' and not start with a digit (such as 'MY_ENV.NAME')";
const ENV_NAME_DOTS: &str = "must not be '.' or '..' nor start with '..'";
const DATA_KEY: &str = "must consist of letters, digits, '-', '_' or '.', be no longer than 253 characters and not be '.' nor start with '..' (such as 'key.name')";
const RESOURCE_NAME: &str = "must be cpu, memory, ephemeral-storage, hugepages-<size> or a name with a prefix, such as example.com/gpu";
const LABEL_NAME: &str = "the name part of a label key must consist of letters, digits, '-', '_' or '.', start and end with a letter or digit and be no longer than 63 characters (such as 'MyName' or '123-abc')";
const LABEL_PREFIX: &str = "the prefix of a label key must be a lower-case RFC 1123 subdomain no longer than 253 characters (such as 'example.com/MyName')";
const LABEL_VALUE: &str = "a label value must be empty or consist of letters, digits, '-', '_' or '.', start and end with a letter or digit and be no longer than 63 characters (such as 'my_value' or '12345')";

/// A DNS label that starts with a letter (RFC 1035), of any length.
pub fn dns_1035_label(text: &str) -> Check {
    let ends_well = text.bytes().last().is_some_and(|byte| byte != b'-');
    if dns_1035_prefix(text).is_ok() && ends_well { Ok(()) } else { Err(DNS_1035) }
}

/// The beginning of a DNS label that starts with a letter, of any length: it may end with `-`.
pub(crate) fn dns_1035_prefix(text: &str) -> Check {
    let starts_well = text.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
    if starts_well && text.bytes().all(is_dns) { Ok(()) } else { Err(DNS_1035_PREFIX) }
}

/// A DNS label (RFC 1123): the name of a namespace.
#[must_use]
pub fn is_dns_1123_label(text: &str) -> bool {
    text.len() <= LABEL_MAX && is_dns_1123_part(text)
}

/// A part of a DNS subdomain, of any length.
fn is_dns_1123_part(text: &str) -> bool {
    text.bytes().all(is_dns)
        && text.bytes().next().is_some_and(|byte| byte != b'-')
        && text.bytes().last().is_some_and(|byte| byte != b'-')
}

/// A DNS subdomain (RFC 1123): the name of most objects.
pub fn dns_1123_subdomain(text: &str) -> Check {
    if text.len() <= SUBDOMAIN_MAX && text.split('.').all(is_dns_1123_part) {
        Ok(())
    } else {
        Err(DNS_1123_SUBDOMAIN)
    }
}

/// The name of an environment variable.
pub(crate) fn env_name(text: &str) -> Check {
    let is_env = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    let starts_well = text.bytes().next().is_some_and(|byte| !byte.is_ascii_digit());
    if !starts_well || !text.bytes().all(is_env) {
        Err(ENV_NAME)
    } else if text == "." || text.starts_with("..") {
        Err(ENV_NAME_DOTS)
    } else {
        Ok(())
    }
}

/// The key of a value in a `ConfigMap` or Secret.
pub(crate) fn data_key(text: &str) -> Check {
    let is_key = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    let is_dots = text == "." || text.starts_with("..");
    let is_good = !text.is_empty() && text.len() <= SUBDOMAIN_MAX && text.bytes().all(is_key) && !is_dots;
    if is_good { Ok(()) } else { Err(DATA_KEY) }
}

/// The name of a compute resource of a container.
pub(crate) fn resource_name(text: &str) -> Check {
    let is_known = match text.split_once('/') {
        None => {
            matches!(text, "cpu" | "memory" | "ephemeral-storage")
                || (text.starts_with("hugepages-") && label_key(text).is_ok())
        }
        // Quotas put a prefix before the names of resources that extend a cluster, which must fit.
        Some((prefix, _)) => {
            label_key(text).is_ok()
                && (is_native_resource(text)
                    || (!text.starts_with(QUOTA_PREFIX)
                        && prefix.len() + QUOTA_PREFIX.len() <= SUBDOMAIN_MAX))
        }
    };
    if is_known { Ok(()) } else { Err(RESOURCE_NAME) }
}

const QUOTA_PREFIX: &str = "requests.";

/// Whether more of a resource may be requested than there is: not of huge pages and of what extends a cluster.
#[must_use]
pub(crate) fn may_be_overcommitted(resource: &str) -> bool {
    is_native_resource(resource) && !resource.starts_with("hugepages-")
}

/// Whether a resource belongs to Kubernetes, and not to those that extend a cluster.
fn is_native_resource(name: &str) -> bool {
    !name.contains('/') || name.contains("kubernetes.io/")
}

/// The key of a label: a name with an optional prefix and `/` before it.
pub(crate) fn label_key(text: &str) -> Check {
    match text.split_once('/') {
        None => label_name(text),
        Some((prefix, name)) => {
            dns_1123_subdomain(prefix).map_err(|_| LABEL_PREFIX)?;
            label_name(name)
        }
    }
}

/// The value of a label.
pub(crate) fn label_value(text: &str) -> Check {
    if text.is_empty() || is_label_text(text) { Ok(()) } else { Err(LABEL_VALUE) }
}

fn label_name(text: &str) -> Check {
    if is_label_text(text) { Ok(()) } else { Err(LABEL_NAME) }
}

fn is_label_text(text: &str) -> bool {
    let ends_well = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
    text.len() <= LABEL_MAX
        && ends_well(text.bytes().next())
        && ends_well(text.bytes().last())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
}

fn is_dns(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dns_1035_labels() {
        for good in ["a", "a-b", "a1", "abc-123", &"a".repeat(300)] {
            assert_eq!(dns_1035_label(good), Ok(()), "{good}");
        }
        for bad in ["", "1a", "-a", "a-", "A", "a.b", "a_b", "é", "a b"] {
            assert_eq!(dns_1035_label(bad), Err(DNS_1035), "{bad}");
        }
        assert_eq!(dns_1035_prefix("a-"), Ok(()));
        assert_eq!(dns_1035_prefix("1-"), Err(DNS_1035_PREFIX));
        assert_eq!(dns_1035_prefix(""), Err(DNS_1035_PREFIX));
    }

    #[test]
    fn dns_1123_subdomains() {
        for good in ["a", "1", "a.b-c.d", "0a.1b", &"a".repeat(253)] {
            assert_eq!(dns_1123_subdomain(good), Ok(()), "{good}");
        }
        for bad in ["", ".", "a.", ".a", "a..b", "-a", "a-", "a.-b", "A", "a_b", "a/b", &"a".repeat(254)] {
            assert_eq!(dns_1123_subdomain(bad), Err(DNS_1123_SUBDOMAIN), "{bad}");
        }
    }

    #[test]
    fn env_names() {
        for good in ["A", "_", "-", "a.b", ".a", "my-env.NAME_1"] {
            assert_eq!(env_name(good), Ok(()), "{good}");
        }
        for bad in ["", "1A", "a b", "a=b", "é"] {
            assert_eq!(env_name(bad), Err(ENV_NAME), "{bad}");
        }
        for bad in [".", "..", "..a"] {
            assert_eq!(env_name(bad), Err(ENV_NAME_DOTS), "{bad}");
        }
    }

    #[test]
    fn data_keys() {
        for good in ["a", "A.b-c_1", ".a", "-", &"a".repeat(253)] {
            assert_eq!(data_key(good), Ok(()), "{good}");
        }
        for bad in ["", ".", "..", "..a", "a b", "a/b", "é", &"a".repeat(254)] {
            assert_eq!(data_key(bad), Err(DATA_KEY), "{bad}");
        }
    }

    #[test]
    fn resource_names() {
        let long = |length: usize| format!("{}/a", "a".repeat(length));
        for good in [
            "cpu",
            "memory",
            "ephemeral-storage",
            "hugepages-2Mi",
            "example.com/gpu",
            "kubernetes.io/x",
            &long(244),
        ] {
            assert_eq!(resource_name(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "CPU",
            "foo",
            "storage",
            "$(x)",
            "hugepages-",
            "requests.example.com/a",
            "a/b/c",
            "A/b",
            &long(245),
        ] {
            assert_eq!(resource_name(bad), Err(RESOURCE_NAME), "{bad}");
        }
    }

    #[test]
    fn labels() {
        for good in ["a", "A-b_c.d", "example.com/a", &"a".repeat(63)] {
            assert_eq!(label_key(good), Ok(()), "{good}");
        }
        for bad in ["", "-a", "a-", "a b", "example.com/", "a/b/c", &"a".repeat(64)] {
            assert_eq!(label_key(bad), Err(LABEL_NAME), "{bad}");
        }
        for bad in ["/a", "Example.com/a", "a_b/c"] {
            assert_eq!(label_key(bad), Err(LABEL_PREFIX), "{bad}");
        }
        for good in ["", "a", "12345", "my_value", &"a".repeat(63)] {
            assert_eq!(label_value(good), Ok(()), "{good}");
        }
        for bad in ["-", "a ", "_a", "a/b", "é", &"a".repeat(64)] {
            assert_eq!(label_value(bad), Err(LABEL_VALUE), "{bad}");
        }
    }
}
