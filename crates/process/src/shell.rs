//! What surrounds the work of a process: the threads that do it, and the addresses that it listens on.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::TcpListener;
use tokio::runtime::Builder;

use crate::exit::Exit;

/// Does the work on the threads that `runtime` describes. Tasks that it has started end with it.
pub fn run(runtime: &mut Builder, work: impl Future<Output = Exit>) -> Exit {
    let runtime = match runtime.enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return Exit::Unreadable.because(error),
    };
    let exit = runtime.block_on(work);
    // A thread may be in the middle of something that cannot be interrupted: nothing waits for it.
    runtime.shutdown_background();
    exit
}

/// An address to listen on. `:8443` is that port of all addresses of the machine.
///
/// # Errors
/// What the text must be.
pub fn address(text: &str) -> Result<SocketAddr, String> {
    let all = text.starts_with(':').then(|| format!("[::]{text}"));
    all.as_deref()
        .unwrap_or(text)
        .parse()
        .map_err(|_| "must be an address with a port, such as [::]:8443 or 127.0.0.1:8443".to_owned())
}

/// Binds an address. On a machine without IPv6, `[::]` means all its IPv4 addresses.
///
/// # Errors
/// If the address is taken, or does not belong to this machine.
pub async fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    match TcpListener::bind(address).await {
        Err(error) if address.ip() == Ipv6Addr::UNSPECIFIED && !is_taken(&error) => {
            TcpListener::bind((Ipv4Addr::UNSPECIFIED, address.port())).await
        }
        bound => bound,
    }
}

fn is_taken(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied)
}

/// Binds the address of the admin port.
///
/// # Errors
/// As [`bind`], with the name of the flag.
pub async fn bind_admin(address: SocketAddr) -> Result<TcpListener, String> {
    bind(address).await.map_err(|error| format!("--admin-listen {address}: {error}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn an_address_is_read_with_or_without_a_host() {
        let all = SocketAddr::from((Ipv6Addr::UNSPECIFIED, 8443));
        assert_eq!((address(":8443"), address("[::]:8443")), (Ok(all), Ok(all)));
        assert_eq!(address("127.0.0.1:0"), Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))));
        for text in ["localhost:8443", "8443", ":", "127.0.0.1", ":99999", ""] {
            let message = "must be an address with a port, such as [::]:8443 or 127.0.0.1:8443";
            assert_eq!(address(text), Err(message.to_owned()), "{text}");
        }
    }

    #[test]
    fn the_work_ends_with_its_exit_and_takes_its_tasks_with_it() {
        let exit = run(&mut Builder::new_current_thread(), async {
            tokio::spawn(std::future::pending::<()>());
            Exit::Refused
        });
        assert_eq!(exit, Exit::Refused);
    }

    #[tokio::test]
    async fn an_address_that_is_taken_is_an_error_and_no_other_one_is_bound() {
        let all = SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0));
        let first = bind(all).await.unwrap();
        let same = SocketAddr::from((Ipv6Addr::UNSPECIFIED, first.local_addr().unwrap().port()));
        assert_eq!(bind(same).await.unwrap_err().kind(), io::ErrorKind::AddrInUse);
        let error = bind_admin(same).await.unwrap_err();
        assert_eq!(error, format!("--admin-listen {same}: Address already in use (os error 98)"));
    }
}
