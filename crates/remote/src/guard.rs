//! The addresses that the controller may connect to for tenants. Tenants choose the names and the servers of Git
//! repositories and registries. So the check is on the address of the connection, after the name is resolved, and there
//! is no second resolution that could return another one.
//!
//! Work on other threads (name resolution, decoding of keys) cannot be interrupted. It holds the turn of its caller, so
//! that no namespace has more such threads than turns.

use std::any::Any;
use std::error::Error as StdError;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs as _};
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// How long a connection may take, including name resolution.
pub(crate) const CONNECT: Duration = Duration::from_secs(5);
/// How long a server may be silent.
#[cfg(feature = "git")]
pub(crate) const SILENCE: Duration = Duration::from_secs(10);

/// Addresses at which clouds give secrets to machines, in addition to the link-local ones.
const METADATA: [IpAddr; 4] = [
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
];

/// Whether loopback addresses are allowed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Loopback {
    /// They are.
    Allowed,
    /// They are not.
    Refused,
}

/// The address may not be connected to.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the controller never asks this address")]
pub(crate) struct Forbidden;

/// Whether an address may be connected to.
pub(crate) fn is_asked(address: IpAddr, loopback: Loopback) -> bool {
    let address = address.to_canonical();
    if METADATA.contains(&address) {
        return false;
    }
    match address {
        IpAddr::V4(address) => is_asked_v4(address, loopback),
        IpAddr::V6(address) if address.is_loopback() => loopback == Loopback::Allowed,
        IpAddr::V6(address) => {
            !(address.is_unspecified()
                || address.is_unicast_link_local()
                || address.is_multicast()
                // The deprecated site-local addresses.
                || address.segments().first().is_some_and(|first| first & 0xffc0 == 0xfec0))
                && inner(address).is_none_or(|inner| is_asked(IpAddr::V4(inner), loopback))
        }
    }
}

fn is_asked_v4(address: Ipv4Addr, loopback: Loopback) -> bool {
    let first = address.octets()[0];
    if address.is_loopback() {
        return loopback == Loopback::Allowed;
    }
    // `0.0.0.0/8` is this machine; from `224.0.0.0` on there are no machines.
    first != 0 && first < 224 && !address.is_link_local()
}

/// The IPv4 address that an IPv6 address leads to: by NAT64, by 6to4, or as an IPv4-compatible address.
fn inner(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let from = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    match address.segments() {
        [0, 0, 0, 0, 0, 0, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
            Some(from(high, low))
        }
        _ => None,
    }
}

/// Checks an address that a URL has in place of a host name, in any notation.
pub(crate) fn check_url(url: &Url, loopback: Loopback) -> Result<(), Forbidden> {
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    match host.parse() {
        Ok(address) if !is_asked(address, loopback) => Err(Forbidden),
        _ => Ok(()),
    }
}

/// Connects to a host by name or address.
#[cfg(feature = "git")]
pub(crate) async fn connect(host: &str, port: u16, loopback: Loopback) -> io::Result<tokio::net::TcpStream> {
    let connect = async {
        let addresses = resolve(host.to_owned(), port, loopback).await?;
        tokio::net::TcpStream::connect(addresses.as_slice()).await
    };
    let late = || io::Error::new(io::ErrorKind::TimedOut, no_connection());
    tokio::time::timeout(CONNECT, connect).await.map_err(|_| late())?
}

/// The message after [`CONNECT`] has passed.
#[cfg(feature = "git")]
pub(crate) fn no_connection() -> String {
    format!("no connection within {} s", CONNECT.as_secs())
}

async fn resolve(host: String, port: u16, loopback: Loopback) -> io::Result<Vec<SocketAddr>> {
    let resolved = aside(move || (host.as_str(), port).to_socket_addrs().map(Vec::from_iter));
    let mut addresses = resolved.await.ok_or_else(|| io::Error::other("the name is not resolved"))??;
    addresses.retain(|address| is_asked(address.ip(), loopback));
    if addresses.is_empty() { Err(io::Error::other(Forbidden)) } else { Ok(addresses) }
}

tokio::task_local! {
    /// The turn of the current work.
    static TURN: Arc<dyn Any + Send + Sync>;
}

/// Runs work in a turn, which can be any value to hold meanwhile. The turn ends with the work, or with what it started
/// on other threads.
pub async fn holding<T>(turn: impl Any + Send + Sync, work: impl Future<Output = T>) -> T {
    TURN.scope(Arc::new(turn), work).await
}

/// Runs a computation on another thread; `None` if it panics.
pub(crate) fn aside<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> impl Future<Output = Option<T>> {
    let turn = TURN.try_with(Arc::clone).ok();
    let thread = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        work()
    });
    async { thread.await.ok() }
}

/// Resolves names for HTTP clients, to allowed addresses only.
pub(crate) struct Resolver(pub(crate) Loopback);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let resolved = resolve(name.as_str().to_owned(), 0, self.0);
        // The requesting task calls this, and holds the turn; another task may wait for the answer.
        let resolved = match TURN.try_with(Arc::clone) {
            Ok(turn) => TURN.scope(turn, resolved).boxed(),
            Err(_) => resolved.boxed(),
        };
        Box::pin(async move { Ok(Box::new(resolved.await?.into_iter()) as Addrs) })
    }
}

/// Whether any cause of an error is a refused address.
pub(crate) fn is_refusal(error: &(dyn StdError + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if error.is::<Forbidden>() || inner.is_some_and(|inner| is_refusal(inner)) {
            return true;
        }
        cause = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use rstest::rstest;

    use tokio::sync::Semaphore;

    use super::*;

    #[rstest]
    #[case::link_local("169.254.169.254", false)]
    #[case::mapped("::ffff:169.254.169.254", false)]
    #[case::compatible("::169.254.169.254", false)]
    #[case::nat64("64:ff9b::a9fe:a9fe", false)]
    #[case::six_to_four("2002:a9fe:a9fe::1", false)]
    #[case::link_local_6("fe80::1", false)]
    #[case::site_local("fec0::1", false)]
    #[case::metadata_of_aws("fd00:ec2::254", false)]
    #[case::metadata_of_alibaba("100.100.100.200", false)]
    #[case::metadata_of_azure("168.63.129.16", false)]
    #[case::metadata_of_oracle("192.0.0.192", false)]
    #[case::unspecified("0.0.0.0", false)]
    #[case::this_network("0.0.0.1", false)]
    #[case::unspecified_6("::", false)]
    #[case::multicast("224.0.0.1", false)]
    #[case::multicast_6("ff02::1", false)]
    #[case::broadcast("255.255.255.255", false)]
    #[case::loopback("127.0.0.1", false)]
    #[case::any_loopback("127.9.9.9", false)]
    #[case::loopback_6("::1", false)]
    #[case::mapped_loopback("::ffff:127.0.0.1", false)]
    #[case::nat64_loopback("64:ff9b::7f00:1", false)]
    #[case::private("10.0.0.1", true)]
    #[case::public("203.0.113.9", true)]
    #[case::public_6("2001:db8::1", true)]
    #[case::unique_local("fd12::1", true)]
    fn addresses_that_tell_secrets_are_not_asked(#[case] address: &str, #[case] expected: bool) {
        let address: IpAddr = address.parse().unwrap();
        assert_eq!(is_asked(address, Loopback::Refused), expected);
        let is_local = address.to_string().contains("127.") || address == IpAddr::V6(Ipv6Addr::LOCALHOST);
        let is_local = is_local || address.to_string() == "64:ff9b::7f00:1";
        assert_eq!(is_asked(address, Loopback::Allowed), expected || is_local);
    }

    #[rstest]
    #[case::decimal("http://2852039166/")]
    #[case::hex("http://0xa9fea9fe/")]
    #[case::octal("http://0251.0376.0251.0376/")]
    #[case::short("http://169.16689662/")]
    #[case::brackets("http://[::ffff:169.254.169.254]/")]
    fn other_ways_to_write_an_address_are_that_address(#[case] url: &str) {
        assert_eq!(check_url(&Url::parse(url).unwrap(), Loopback::Allowed), Err(Forbidden));
    }

    /// In the notations that the system resolver accepts; HTTP never resolves addresses.
    #[rstest]
    #[case("169.254.169.254")]
    #[case("2852039166")]
    #[case("0xa9fea9fe")]
    #[case("0")]
    #[tokio::test]
    async fn what_a_name_resolves_to_is_judged(#[case] host: &str) {
        let error = connect(host, 80, Loopback::Allowed).await.unwrap_err();
        assert!(is_refusal(&error), "{error}");
        assert_eq!(error.to_string(), "the controller never asks this address");
    }

    #[tokio::test]
    async fn names_of_this_machine_are_refused_where_it_may_not_be_asked() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(is_refusal(&connect("localhost", port, Loopback::Refused).await.unwrap_err()));
        connect("localhost", port, Loopback::Allowed).await.unwrap();
    }

    #[tokio::test]
    async fn work_aside_holds_its_turn_after_nobody_waits_for_it() {
        let turns = Arc::new(Semaphore::new(1));
        let turn = Arc::clone(&turns).acquire_owned().await.unwrap();
        let (finish, finished) = std::sync::mpsc::channel::<()>();
        let work = holding(turn, async {
            tokio::time::timeout(Duration::from_millis(1), aside(move || finished.recv())).await
        });
        assert!(work.await.is_err());
        assert!(turns.try_acquire().is_err(), "the thread still runs");
        finish.send(()).unwrap();
        let _ended = turns.acquire().await.unwrap();
    }
}
