//! The flags of every command that serves a registry.

use std::net::SocketAddr;
use std::time::Duration;

use process::https::{ConnectionLimits, Pace};
use process::logging::{self, LogFormat};
use process::shell;
use process::value::{duration, positive_duration, size};

#[derive(Clone, Debug, clap::Args)]
pub(in crate::cli) struct Common {
    /// The address for /livez, /readyz and /metrics, in plain HTTP
    #[arg(long, env = "REGISTRY_ADMIN_LISTEN", default_value = "[::]:9090", value_parser = shell::address, value_name = "ADDRESS")]
    pub(in crate::cli) admin_listen: SocketAddr,
    /// How often files are read again: certificates, keys and rules
    #[arg(long, env = "REGISTRY_RELOAD_INTERVAL", default_value = "5s", value_parser = positive_duration, value_name = "TIME")]
    pub(in crate::cli) reload_interval: Duration,
    /// The form of the lines of the log
    #[arg(
        long,
        env = "REGISTRY_LOG_FORMAT",
        value_enum,
        default_value_t,
        value_name = "FORMAT",
        help_heading = "Log"
    )]
    pub(in crate::cli) log_format: LogFormat,
    #[arg(long, help = logging::LEVEL_HELP, env = "REGISTRY_LOG_LEVEL", default_value = "info", value_name = "FILTER", help_heading = "Log")]
    pub(in crate::cli) log_level: String,
    /// Whether each request is logged: method, path, status, account, address, bytes and time, at the level info
    #[arg(long, env = "REGISTRY_ACCESS_LOG", default_value_t = true, action = clap::ArgAction::Set, value_name = "BOOL", help_heading = "Log")]
    pub(in crate::cli) access_log: bool,
    /// How long the server still accepts connections after SIGTERM, while it reports that it is not ready
    #[arg(long, env = "REGISTRY_SHUTDOWN_DELAY", default_value = "5s", value_parser = duration, value_name = "TIME", help_heading = "Shutdown")]
    pub(in crate::cli) shutdown_delay: Duration,
    /// How long pushes and pulls may take to finish after that
    #[arg(long, env = "REGISTRY_DRAIN_TIMEOUT", default_value = "5m", value_parser = duration, value_name = "TIME", help_heading = "Shutdown")]
    pub(in crate::cli) drain_timeout: Duration,
    #[command(flatten)]
    pub(in crate::cli) limits: Limits,
}

#[derive(Clone, Copy, Debug, clap::Args)]
#[command(next_help_heading = "Limits")]
pub(in crate::cli) struct Limits {
    /// How long a TLS handshake may take
    #[arg(long, env = "REGISTRY_HANDSHAKE_TIMEOUT", default_value = "5s", value_parser = positive_duration, value_name = "TIME")]
    handshake_timeout: Duration,
    /// How long the head of a request may take to arrive
    #[arg(long, env = "REGISTRY_HEADER_TIMEOUT", default_value = "5s", value_parser = positive_duration, value_name = "TIME")]
    header_timeout: Duration,
    /// The largest head of a request, in bytes
    #[arg(long, env = "REGISTRY_MAX_HEADER", default_value = "32Ki", value_parser = size, value_name = "BYTES")]
    max_header: usize,
    /// How long a connection may be idle between requests
    #[arg(long, env = "REGISTRY_IDLE_TIMEOUT", default_value = "90s", value_parser = positive_duration, value_name = "TIME")]
    idle_timeout: Duration,
    /// How long nothing of a body may arrive, and how long the registry may take to answer. A push takes as long as it takes
    #[arg(long, env = "REGISTRY_REQUEST_TIMEOUT", default_value = "5m", value_parser = positive_duration, value_name = "TIME")]
    request_timeout: Duration,
    /// How long a client may read nothing of an answer. A pull takes as long as it takes
    #[arg(long, env = "REGISTRY_WRITE_TIMEOUT", default_value = "1m", value_parser = positive_duration, value_name = "TIME")]
    write_timeout: Duration,
    /// How many connections may be open; if there are more, the one that is idle longest is closed
    #[arg(long, env = "REGISTRY_MAX_CONNECTIONS", default_value = "4096", value_parser = size, value_name = "NUMBER")]
    max_connections: usize,
    /// How many connections one address may have open; if it has more, its own that is idle longest is closed. By default
    /// half of --max-connections
    #[arg(long, env = "REGISTRY_MAX_CONNECTIONS_PER_PEER", value_parser = size, value_name = "NUMBER")]
    max_connections_per_peer: Option<usize>,
}

impl Limits {
    pub(in crate::cli) fn of_connections(&self) -> ConnectionLimits {
        ConnectionLimits {
            handshake: self.handshake_timeout,
            header: self.header_timeout,
            max_header_bytes: self.max_header,
            idle: self.idle_timeout,
            request: self.request_timeout,
            write: self.write_timeout,
            pace: Pace::Progress,
            max_connections: self.max_connections,
            max_per_peer: self.max_connections_per_peer.unwrap_or(self.max_connections.div_ceil(2)),
        }
    }
}
