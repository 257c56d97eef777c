//! A stand-in for a Service: one address in front of several replicas. New connections go in turn to the replicas that
//! report that they are ready.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// How often replicas are asked whether they are ready, as the probe of a Pod would.
const PROBE_PERIOD: Duration = Duration::from_millis(100);

/// Listens on a loopback port as long as the process runs.
#[derive(Clone, Debug)]
pub struct Balancer {
    address: SocketAddr,
    replicas: Arc<Mutex<Vec<Backend>>>,
}

#[derive(Clone, Copy, Debug)]
struct Backend {
    serves: u16,
    admin: u16,
    ready: bool,
}

impl Balancer {
    /// Starts without replicas: connections are closed at once.
    ///
    /// # Errors
    /// If no port is free.
    pub fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let new = Self { address: listener.local_addr()?, replicas: Arc::default() };
        let (accepting, probing) = (new.clone(), new.clone());
        thread::spawn(move || accepting.accept(&listener));
        thread::spawn(move || {
            loop {
                probing.probe();
                thread::sleep(PROBE_PERIOD);
            }
        });
        Ok(new)
    }

    /// The address that it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Adds a replica by its ports. It gets connections once it is ready.
    pub fn add(&self, serves: u16, admin: u16) {
        self.backends().push(Backend { serves, admin, ready: is_ready(admin) });
    }

    /// Removes a replica: it gets no further connection, and keeps those that it has.
    pub fn remove(&self, serves: u16) {
        self.backends().retain(|backend| backend.serves != serves);
    }

    fn backends(&self) -> std::sync::MutexGuard<'_, Vec<Backend>> {
        self.replicas.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn probe(&self) {
        let backends = self.backends().clone();
        for backend in backends {
            let ready = is_ready(backend.admin);
            if let Some(known) = self.backends().iter_mut().find(|known| known.serves == backend.serves) {
                known.ready = ready;
            }
        }
    }

    fn accept(&self, listener: &TcpListener) {
        for (next, client) in listener.incoming().flatten().enumerate() {
            let ready: Vec<u16> = self
                .backends()
                .iter()
                .filter(|backend| backend.ready)
                .map(|backend| backend.serves)
                .collect();
            // A replica that has just died is skipped: it refuses the connection.
            let mut in_turn = (0..ready.len()).filter_map(|offset| ready.get((next + offset) % ready.len()));
            if let Some(server) =
                in_turn.find_map(|port| TcpStream::connect((Ipv4Addr::LOCALHOST, *port)).ok())
            {
                let _ = join(&client, &server);
            }
        }
    }
}

/// Copies in both directions, on two threads.
fn join(client: &TcpStream, server: &TcpStream) -> io::Result<()> {
    for (from, to) in [(client, server), (server, client)] {
        // Otherwise each part of a request waits until the previous one is acknowledged.
        to.set_nodelay(true)?;
        let (mut from, mut to) = (from.try_clone()?, to.try_clone()?);
        thread::spawn(move || {
            let _ = io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Write);
        });
    }
    Ok(())
}

/// Whether `/readyz` at a loopback port answers 200.
#[must_use]
pub fn is_ready(admin: u16) -> bool {
    let ask = || -> io::Result<bool> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, admin))?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut head = [0; 12];
        stream.read_exact(&mut head)?;
        Ok(head == *b"HTTP/1.1 200")
    };
    ask().unwrap_or(false)
}
