//! The addresses that a rule is for: one, or a network.

use std::net::IpAddr;

/// A network; a single address is one, too.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    /// Reads `10.0.0.0/8`, `2001:db8::/32` or an address.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (address, prefix) =
            text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let address: IpAddr = address.parse().ok()?;
        let length = length(address);
        let prefix = match prefix {
            None => length,
            Some(prefix) if prefix.bytes().all(|byte| byte.is_ascii_digit()) => prefix.parse().ok()?,
            Some(_) => return None,
        };
        (prefix <= length).then_some(Self { address, prefix })
    }

    /// Whether an address is in the network. IPv4 that arrives on a socket of IPv6 is IPv4.
    pub(super) fn contains(&self, address: IpAddr) -> bool {
        self.begins(address.to_canonical())
    }

    /// Whether all addresses of `other` are in the network.
    pub(super) fn covers(&self, other: &Self) -> bool {
        self.prefix <= other.prefix && self.begins(other.address)
    }

    fn begins(&self, address: IpAddr) -> bool {
        let length = length(self.address);
        length == self::length(address) && {
            // A shift by all bits is none that Rust has.
            let host = u32::from(length - self.prefix);
            let bits = |address| bits(address).checked_shr(host).unwrap_or_default();
            bits(self.address) == bits(address)
        }
    }
}

fn length(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_bits().into(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::inside("172.16.0.0/12", "172.31.255.255", true)]
    #[case::outside("172.16.0.0/12", "172.32.0.0", false)]
    #[case::bits_behind_the_prefix("10.1.2.3/8", "10.9.9.9", true)]
    #[case::one("10.0.0.1", "10.0.0.1", true)]
    #[case::another("10.0.0.1", "10.0.0.2", false)]
    #[case::all("0.0.0.0/0", "203.0.113.9", true)]
    #[case::all_of_the_other_kind("0.0.0.0/0", "2001:db8::1", false)]
    #[case::ipv6("2001:db8::/32", "2001:db8:1::1", true)]
    #[case::all_of_ipv6("::/0", "2001:db8::1", true)]
    #[case::mapped("10.0.0.0/8", "::ffff:10.1.1.1", true)]
    #[case::not_mapped("::/0", "::ffff:10.1.1.1", false)]
    fn knows_its_addresses(#[case] network: &str, #[case] address: &str, #[case] is_inside: bool) {
        assert_eq!(Network::parse(network).unwrap().contains(address.parse().unwrap()), is_inside);
    }

    #[rstest]
    #[case("10.0.0.0/33")]
    #[case("2001:db8::/129")]
    #[case("10.0.0/8")]
    #[case("10.0.0.0/+8")]
    #[case("10.0.0.0/")]
    #[case("example.com")]
    #[case("")]
    fn refuses_other_texts(#[case] text: &str) {
        assert_eq!(Network::parse(text), None);
    }

    #[rstest]
    #[case::larger("10.0.0.0/8", "10.1.0.0/16", true)]
    #[case::same("10.0.0.0/8", "10.255.0.0/8", true)]
    #[case::smaller("10.1.0.0/16", "10.0.0.0/8", false)]
    #[case::beside("10.1.0.0/16", "10.2.0.0/16", false)]
    fn knows_networks_within(#[case] network: &str, #[case] other: &str, #[case] covers: bool) {
        assert_eq!(Network::parse(network).unwrap().covers(&Network::parse(other).unwrap()), covers);
    }
}
