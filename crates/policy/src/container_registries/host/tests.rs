//! Texts that are hosts and addresses, and texts that are none.

use rstest::rstest;

use super::*;

#[rstest]
#[case::name("example.com", "example.com")]
#[case::short("zot", "zot")]
#[case::port("example.com:65535", "example.com:65535")]
#[case::ipv4("10.0.0.1:5000", "10.0.0.1:5000")]
#[case::ipv6("[2001:DB8:0::1]:5000", "[2001:db8::1]:5000")]
#[case::path("example.com/v2/docker/", "example.com/v2/docker")]
#[case::slash("example.com/", "example.com")]
fn reads_an_address(#[case] text: &str, #[case] shown: &str) {
    assert_eq!(Address::parse(text).unwrap().to_string(), shown);
}

#[rstest]
#[case::empty("", AddressError::Length)]
#[case::long(&"a".repeat(513), AddressError::Length)]
#[case::scheme("https://example.com", AddressError::Scheme)]
#[case::user("me@example.com", AddressError::Character)]
#[case::quote("exa\"mple.com", AddressError::Character)]
#[case::newline("example.com\n", AddressError::Character)]
#[case::space("example .com", AddressError::Character)]
#[case::query("example.com?ns=a", AddressError::Character)]
#[case::percent("example.com/%2e%2e", AddressError::Character)]
#[case::parent("example.com/a/../b", AddressError::Character)]
#[case::double_slash("example.com//a", AddressError::Character)]
#[case::upper_case("Example.com", AddressError::Host)]
#[case::dot_at_the_end("example.com.", AddressError::Host)]
#[case::no_host(":5000", AddressError::Host)]
#[case::ipv6_without_brackets("2001:db8::1", AddressError::Port)]
#[case::open_bracket("[::1", AddressError::Host)]
#[case::text_after_bracket("[::1]5000", AddressError::Host)]
#[case::no_ipv6("[example.com]:5000", AddressError::Host)]
#[case::port_zero("example.com:0", AddressError::Port)]
#[case::port_with_zero("example.com:0443", AddressError::Port)]
#[case::port_too_large("example.com:65536", AddressError::Port)]
#[case::port_with_sign("example.com:+1", AddressError::Character)]
#[case::port_empty("example.com:", AddressError::Port)]
fn refuses_what_is_no_address(#[case] text: &str, #[case] error: AddressError) {
    assert_eq!(Address::parse(text), Err(error));
}

#[rstest]
#[case::hub("docker.io", "docker.io", Some("registry-1.docker.io"))]
#[case::index("index.docker.io", "docker.io", Some("registry-1.docker.io"))]
#[case::api("registry-1.docker.io:443", "docker.io", Some("registry-1.docker.io"))]
#[case::any("_default", "_default", None)]
#[case::star("*", "_default", None)]
#[case::other("example.com:5000", "example.com:5000", Some("example.com:5000"))]
fn reads_a_host(#[case] text: &str, #[case] host: &str, #[case] api: Option<&str>) {
    let parsed = Host::parse(text).unwrap();
    assert_eq!((parsed.as_str(), parsed.api()), (host, api));
}

#[test]
fn refuses_a_host_with_a_path() {
    assert_eq!(Host::parse("example.com/v2"), Err(AddressError::Path));
}

#[rstest]
#[case::hub("docker.io", "registry-1.docker.io", 443, true)]
#[case::same("example.com:5000", "example.com:5000", 443, true)]
#[case::path("example.com", "example.com/v2", 443, true)]
#[case::port_of_https("example.com", "example.com:443", 443, true)]
#[case::host_with_port_of_https("example.com:443", "example.com", 443, true)]
#[case::port_of_http("example.com", "example.com:80", 80, true)]
#[case::port_of_the_other_scheme("example.com", "example.com:443", 80, false)]
#[case::other_port("example.com", "example.com:5000", 443, false)]
#[case::mirror("docker.io", "mirror.example.com", 443, false)]
#[case::any("_default", "example.com", 443, false)]
fn tells_a_registry_from_its_mirrors(
    #[case] host: &str,
    #[case] address: &str,
    #[case] default_port: u16,
    #[case] is_same: bool,
) {
    let address = Address::parse(address).unwrap();
    assert_eq!(Host::parse(host).unwrap().is_same_registry_as(&address, default_port), is_same);
}

#[rstest]
#[case::name("localhost:5000", true)]
#[case::name_below("mirror.localhost", true)]
#[case::ipv4("127.0.0.2", true)]
#[case::any_ipv4("0.0.0.0:5000", true)]
#[case::ipv6("[::1]:5000", true)]
#[case::any_ipv6("[::]", true)]
#[case::ipv4_as_ipv6("[::ffff:127.0.0.1]:5000", true)]
#[case::any_ipv4_as_ipv6("[::ffff:0.0.0.0]", true)]
#[case::two_numbers("127.1:5000", true)]
#[case::three_numbers("127.0.1", true)]
#[case::one_number("2130706433", true)]
#[case::last_loopback("2147483647", true)]
#[case::hexadecimal("0x7f.1", true)]
#[case::one_hexadecimal("0x7f000001", true)]
#[case::octal("0177.0.0.01", true)]
#[case::zero("0", true)]
#[case::elsewhere("10.0.0.1", false)]
#[case::elsewhere_short("10.1", false)]
#[case::before_loopback("2130706431", false)]
#[case::after_loopback("2147483648", false)]
#[case::too_large("4294967296", false)]
#[case::last_too_large("127.16777216", false)]
#[case::first_too_large("383.0.0.1", false)]
#[case::five_numbers("127.0.0.0.1", false)]
#[case::no_octal("127.0.0.08", false)]
#[case::no_hexadecimal("0x.0.0.1", false)]
#[case::name_with_numbers("127.example.com", false)]
#[case::other_name("localhost.example.com", false)]
#[case::other_ipv6("[2001:db8::1]", false)]
fn tells_the_node_from_elsewhere(#[case] address: &str, #[case] is_of_the_node: bool) {
    assert_eq!(Address::parse(address).unwrap().is_of_the_node(), is_of_the_node);
}
