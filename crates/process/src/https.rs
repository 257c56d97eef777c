//! The HTTPS listener: accepts connections and drains them. Who may connect when there are many is in `seats`, what
//! happens on one connection in `connection`, and whose certificates clients must have in `tls`.

mod client_name;
mod connection;
mod deadline;
mod drain;
mod metrics;
pub mod reload;
mod seats;
mod serving;
pub mod tls;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};

use crate::shell;
use seats::Seats;

pub use drain::{Patience, leave};
pub use metrics::Metrics;
pub use serving::{ConnectionLimits, Pace, Peer, Phase, Serving};

/// How long to wait after a failed accept, for example when there are no descriptors left, so that the loop does not spin.
const ACCEPT_BACK_OFF: Duration = Duration::from_millis(50);

/// A listener that is bound but does not accept yet.
#[derive(Debug)]
pub struct Bound {
    listener: TcpListener,
    address: SocketAddr,
}

impl Bound {
    /// Binds an address; for port 0 the system chooses a free port.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        let listener = shell::bind(address).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// The address that is bound.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until the phase is `Closing` and every connection has ended.
    pub async fn serve(self, serving: Serving) {
        let seats = Arc::new(Seats::new(serving.limits, Arc::clone(&serving.metrics)));
        let mut phase = serving.phase.clone();
        tokio::select! {
            () = accept_all(&self.listener, &serving, &seats) => {}
            _ = phase.wait_for(|phase| *phase == Phase::Closing) => {}
        }
        drop(self.listener);
        seats.all_are_free().await;
    }
}

async fn accept_all(listener: &TcpListener, serving: &Serving, seats: &Arc<Seats>) {
    loop {
        match accept(listener).await {
            Ok((stream, peer)) => {
                let Some(seat) = seats.take(peer).await else { continue };
                let serving = serving.clone();
                tokio::spawn(async move {
                    tokio::select! {
                        biased;
                        () = connection::serve(stream, peer, serving, seat.deadline()) => {}
                        () = seat.given_away() => {}
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_BACK_OFF).await;
            }
        }
    }
}

/// A connection and the address of its client.
async fn accept(listener: &TcpListener) -> io::Result<(TcpStream, IpAddr)> {
    let (stream, peer) = listener.accept().await?;
    // Answers are written in parts that are worth sending: waiting for more would only delay them.
    stream.set_nodelay(true)?;
    Ok((stream, peer.ip().to_canonical()))
}
