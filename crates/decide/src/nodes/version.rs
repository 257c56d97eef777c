//! Versions of containerd, and what each knows.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// A version of containerd.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Version {
    /// The first number.
    pub major: u32,
    /// The second number.
    pub minor: u32,
    /// The third number.
    pub patch: u32,
}

/// Why a text is no version.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("must be a version of containerd, such as 2.4.2 or 1.7")]
pub struct VersionError;

impl Version {
    /// The version that files are written for unless somebody names one.
    pub const DEFAULT: Self = Self::new(2, 4, 0);

    /// A version.
    #[must_use]
    pub const fn new(major: u32, minor: u32, patch: u32) -> Self {
        Self { major, minor, patch }
    }

    /// Whether `dial_timeout` of `hosts.toml` is read.
    #[must_use]
    pub fn knows_dial_timeout(self) -> bool {
        self >= Self::new(2, 1, 0) || (self >= Self::new(2, 0, 11) && self.minor == 0)
    }

    /// Whether a header of `hosts.toml` is sent to the token server of a registry, too.
    #[must_use]
    pub fn sends_headers_to_token_servers(self) -> bool {
        self >= Self::new(2, 1, 0)
    }

    /// Whether a `hosts.toml` without a table `[host]` is read.
    #[must_use]
    pub fn reads_files_without_hosts(self) -> bool {
        self >= Self::new(1, 7, 0)
    }

    /// Whether a `hosts.toml` may name an IPv6 address in a table. Before 2.0, `]` in the name of a table makes containerd
    /// ignore the whole file.
    #[must_use]
    pub fn reads_brackets_in_tables(self) -> bool {
        self >= Self::new(2, 0, 0)
    }

    /// Whether a `hosts.toml` may name a host by a dotted key or in an inline table. Since 2.0, containerd sees only hosts
    /// that the header of a table begins.
    #[must_use]
    pub fn reads_hosts_without_headers(self) -> bool {
        self < Self::new(2, 0, 0)
    }

    /// Whether `referrers` is a capability. Before, it makes containerd ignore the file.
    #[must_use]
    pub fn knows_referrers(self) -> bool {
        self >= Self::new(2, 0, 0)
    }

    /// Whether a `config_path` of two folders makes it ignore every `hosts.toml`.
    #[must_use]
    pub fn ignores_two_folders(self) -> bool {
        self >= Self::new(2, 1, 0)
    }

    /// Whether it uses two folders if no `config_path` is set.
    #[must_use]
    pub fn uses_two_folders_by_default(self) -> bool {
        self >= Self::new(2, 2, 0)
    }

    /// The identifier of the plugin that holds the configuration of registries.
    #[must_use]
    pub fn plugin(self) -> &'static str {
        if self.major >= 2 { "io.containerd.cri.v1.images" } else { "io.containerd.grpc.v1.cri" }
    }
}

impl FromStr for Version {
    type Err = VersionError;

    /// Reads `2.4.2`, `v2.4.2`, `2.4` or `2.4.0-rc.1`, which is treated as the release.
    fn from_str(text: &str) -> Result<Self, VersionError> {
        let text = text.strip_prefix('v').unwrap_or(text);
        let release = text.split(['-', '+', '~']).next().unwrap_or_default();
        let mut numbers = release.split('.').map(|number| number.parse().map_err(|_| VersionError));
        let version = Self {
            major: numbers.next().ok_or(VersionError)??,
            minor: numbers.next().ok_or(VersionError)??,
            patch: numbers.next().unwrap_or(Ok(0))?,
        };
        if numbers.next().is_some() { Err(VersionError) } else { Ok(version) }
    }
}

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::full("2.4.2", "2.4.2")]
    #[case::with_v("v1.7.35", "1.7.35")]
    #[case::short("2.4", "2.4.0")]
    #[case::candidate("2.1.0-rc.1", "2.1.0")]
    #[case::debian("1.6.20~ds1", "1.6.20")]
    fn reads_a_version(#[case] text: &str, #[case] shown: &str) {
        assert_eq!(text.parse::<Version>().unwrap().to_string(), shown);
    }

    #[rstest]
    #[case::empty("")]
    #[case::one_number("2")]
    #[case::four_numbers("2.4.2.1")]
    #[case::text("latest")]
    #[case::hole("2..1")]
    fn refuses_what_is_no_version(#[case] text: &str) {
        let error = text.parse::<Version>().unwrap_err();
        assert_eq!(error.to_string(), "must be a version of containerd, such as 2.4.2 or 1.7");
    }

    #[rstest]
    #[case::before((2, 0, 10), false)]
    #[case::backport((2, 0, 11), true)]
    #[case::release((2, 1, 0), true)]
    #[case::old((1, 7, 35), false)]
    fn knows_since_when_there_is_a_dial_timeout(#[case] numbers: (u32, u32, u32), #[case] knows: bool) {
        let (major, minor, patch) = numbers;
        assert_eq!(Version::new(major, minor, patch).knows_dial_timeout(), knows);
    }
}
