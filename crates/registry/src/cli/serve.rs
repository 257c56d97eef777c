//! `serve`: from flags to a running gateway and token server, and their orderly end.

mod args;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use jiff::Timestamp;
use kube::Api;
use process::exit::Exit;
use process::{logging, shell};
use tokio::runtime::Builder;
use tokio::sync::watch;

use super::listeners::{Listeners, Served};
use crate::accounts::Accounts;
use crate::endpoint::Endpoint;
use crate::gateway::Gateway;
use crate::in_force::{InForce, Rules, Text};
use crate::metrics::Metrics;
use crate::passwords::Passwords;
use crate::refresh::Refresh;
use crate::server::{Server, State};
use crate::service_accounts::ServiceAccounts;
use crate::signing::{Authority, AuthorityFiles};
use crate::{follow, probes, router};

pub(super) use args::Args;

pub(super) fn run(args: &Args) -> Exit {
    if let Err(error) = logging::init(args.common.log_format, &args.common.log_level) {
        return Exit::Usage.because(error);
    }
    shell::run(&mut Builder::new_multi_thread(), async {
        serve(args).await.unwrap_or_else(|error| Exit::Usage.because(format!("{error:#}")))
    })
}

/// Everything that can fail happens before the server accepts the first connection.
async fn serve(args: &Args) -> anyhow::Result<Exit> {
    let metrics = Arc::new(Metrics::new());
    let files = (args.tls_cert_file.clone(), args.tls_private_key_file.clone());
    let tls = Served::read(files, args.common.reload_interval, &metrics)?;
    let accounts = Arc::new(Accounts::awaited());
    let tokens = Prepared::read(args)?;
    let config = process::kubernetes::config().await.context("the accounts cannot be read")?;
    let namespace = args.tokens.namespace.clone().unwrap_or_else(|| config.default_namespace.clone());
    let client = kube::Client::try_from(config).context("the accounts cannot be read")?;
    let tokens = tokens.server(args.common.reload_interval, &metrics, &accounts, client.clone())?;

    let listeners = Listeners::bind(args.listen, &args.common).await?;
    let (synced, is_synced) = watch::channel(false);
    let readiness = probes::Readiness {
        not_after: Some(Arc::clone(&tls.not_after)),
        phase: listeners.phase(),
        synced: is_synced,
        awaits: "the accounts",
    };
    let gateway = Arc::new(Gateway::new(args.upstream.clone(), Arc::clone(&metrics)));
    let probes = probes::router(Arc::clone(&metrics), readiness, Arc::clone(&gateway));
    let api = Api::namespaced(client, &namespace);
    tokio::spawn(follow::accounts(api, accounts, Arc::clone(&metrics), synced));

    let router = router::router(gateway, tokens);
    Ok(listeners.serve(probes, router, Some(tls.config), &metrics, &args.common).await)
}

/// What the token server is made of, read before anything is served.
struct Prepared {
    state: State,
    rules: Rules,
    text: Text,
    files: AuthorityFiles,
    authority: Authority,
    refresh: Option<Refresh>,
}

impl Prepared {
    fn read(args: &Args) -> anyhow::Result<Self> {
        let tokens = &args.tokens;
        let (rules, files) = (tokens.rules(), tokens.authority());
        let (text, authority) = (rules.read()?, files.read()?);
        let (acl, signer) = (rules.acl(&text)?, authority.signer(SystemTime::now())?);
        let state = State { config: tokens.config(), acl: Arc::new(acl), signer: Arc::new(signer) };
        Ok(Self { state, rules, text, files, authority, refresh: tokens.refresh()? })
    }

    fn server(
        self,
        reload_interval: Duration,
        metrics: &Arc<Metrics>,
        accounts: &Arc<Accounts>,
        client: kube::Client,
    ) -> anyhow::Result<Arc<Endpoint<Server>>> {
        let Self { state, rules, text, files, authority, refresh } = self;
        let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let passwords =
            Passwords::new(cores, metrics.logins_waiting()).context("the system has no random numbers")?;
        let server = Server::new(state.clone(), Arc::clone(accounts), passwords, refresh, Timestamp::now)
            .with_service_accounts(ServiceAccounts::new(client, Timestamp::now));
        let server = Arc::new(server);
        let in_force = Arc::new(InForce::new(state, Arc::clone(&server), Arc::clone(metrics)));
        tokio::spawn(Arc::clone(&in_force).keep_rules(rules, text, reload_interval));
        tokio::spawn(in_force.keep_key(files, authority, reload_interval));
        Ok(Arc::new(Endpoint { server, metrics: Arc::clone(metrics) }))
    }
}
