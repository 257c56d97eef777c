//! A connection to a host with several addresses: one that drops packets keeps nobody from the next one.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// How long an address has until the next one is asked, too: the shortest time that RFC 8305 allows.
const DELAY: Duration = Duration::from_millis(100);

/// Connects to the address that accepts first. Each is asked when the one before has failed, or is silent for [`DELAY`].
///
/// # Errors
/// Why the last address has failed.
pub(crate) async fn first_of(addresses: impl IntoIterator<Item = SocketAddr>) -> io::Result<TcpStream> {
    let mut error = io::Error::new(io::ErrorKind::NotFound, "its name has no address");
    let mut addresses = addresses.into_iter();
    // Those that are still silent end with this function.
    let mut asked = JoinSet::new();
    loop {
        let is_last = addresses.next().map(|address| asked.spawn(TcpStream::connect(address))).is_none();
        if is_last && asked.is_empty() {
            return Err(error);
        }
        let answer = if is_last {
            asked.join_next().await
        } else {
            timeout(DELAY, asked.join_next()).await.unwrap_or_default()
        };
        match answer {
            Some(Ok(Ok(stream))) => return Ok(stream),
            Some(Ok(Err(cause))) => error = cause,
            // It is silent, or the process ends.
            Some(Err(_)) | None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::time::Instant;

    use socket2::{Domain, Socket, Type};
    use tokio::net::TcpListener;

    use super::*;

    /// An address that accepts nothing: the queue of its listener is full, so packets are dropped.
    fn silent() -> (Socket, Vec<std::net::TcpStream>, SocketAddr) {
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        listener.bind(&SocketAddr::from(([127, 0, 0, 2], 0)).into()).unwrap();
        listener.listen(0).unwrap();
        let address = listener.local_addr().unwrap().as_socket().unwrap();
        let connect = || std::net::TcpStream::connect_timeout(&address, Duration::from_millis(200));
        let queue = std::iter::from_fn(|| connect().ok()).collect();
        (listener, queue, address)
    }

    fn closed() -> SocketAddr {
        std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
    }

    #[tokio::test]
    async fn an_address_that_is_silent_or_closed_does_not_hide_the_next_one() {
        let (_listener, _queue, silent) = silent();
        let open = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = open.local_addr().unwrap();
        for (addresses, least) in [
            (vec![address, silent], 0),
            (vec![closed(), address], 0),
            (vec![silent, address], 1),
            (vec![silent, closed(), address], 1),
            (vec![silent, silent, address], 2),
        ] {
            let start = Instant::now();
            let stream = first_of(addresses.clone()).await.unwrap();
            assert_eq!(stream.peer_addr().unwrap(), address, "{addresses:?}");
            assert!(start.elapsed() >= DELAY * least, "{addresses:?}");
        }
    }

    #[tokio::test]
    async fn a_host_without_an_open_address_is_an_error() {
        let refused = first_of([closed(), closed()]).await.unwrap_err();
        assert_eq!(refused.to_string(), "Connection refused (os error 111)");
        let unknown = first_of([]).await.unwrap_err();
        assert_eq!(unknown.to_string(), "its name has no address");
        let (_listener, _queue, silent) = silent();
        // As long as its caller waits.
        assert!(timeout(DELAY * 3, first_of([silent, silent])).await.is_err());
    }
}
