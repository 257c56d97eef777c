//! What wakes build environments: their Secrets, and the objects that they become. Nothing of them is cached.

use api::names::registry::build_env_label;
use api::registry::ImageBuildEnv;
use decide::Kind;
use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use kube::runtime::reflector::{ObjectRef, Store};
use kube::runtime::watcher::Config;
use kube::{Api, Client, ResourceExt as _};
use tokio::task::JoinSet;

use super::observe::asked;
use crate::secrets::OTHER_TYPES;
use crate::touched::{AnyObject, follow};

/// Starts the watches, which end when the set is dropped. Returns what they wake, too.
pub(super) fn start(
    client: &Client,
    known: &Store<ImageBuildEnv>,
) -> (JoinSet<()>, UnboundedReceiver<ObjectRef<ImageBuildEnv>>) {
    let (wake, woken) = unbounded();
    let mut tasks = JoinSet::new();
    let ours = || Config::default().labels(&format!("{}={}", build_env_label::KEY, build_env_label::VALUE));
    let secrets = Config::default().fields(OTHER_TYPES);
    for (kind, config) in [(Kind::Secret, secrets), (Kind::Service, ours()), (Kind::Deployment, ours())] {
        let api = Api::<AnyObject>::all_with(client.clone(), &kind.resource());
        let waking = Waking { kind, known: known.clone(), wake: wake.clone() };
        tasks.spawn(async move { follow(kind, api, config, |object| waking.wake_for(object)).await });
    }
    (tasks, woken)
}

struct Waking {
    kind: Kind,
    known: Store<ImageBuildEnv>,
    wake: UnboundedSender<ObjectRef<ImageBuildEnv>>,
}

impl Waking {
    /// Wakes the build environments of its namespace that an object matters to.
    fn wake_for(&self, object: &AnyObject) {
        let (namespace, name) = (object.namespace().unwrap_or_default(), object.name_any());
        for object in self.known.state() {
            let Some(build_env) = asked(&object) else { continue };
            let is_meant = build_env.namespace == namespace
                && (self.kind == Kind::Secret && build_env.secrets.contains(&name)
                    || build_env.names().contains(&(self.kind, name.clone())));
            if is_meant {
                // Nobody listens when the loop has ended.
                let _ = self.wake.unbounded_send(ObjectRef::from_obj(&*object));
            }
        }
    }
}
