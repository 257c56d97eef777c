//! Pull-through caches on a real node: the kubelet pulls from the cache with the pull secret of the Pod, by the files that the
//! agent writes.

mod cache;
mod full_volume;
mod open;
mod outage;
mod rotation;
mod token_server;
mod without_helper;
