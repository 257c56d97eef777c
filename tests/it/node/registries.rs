//! The registry configuration of a real node: what containerd does with the files that we write. Each test has hosts of its
//! own, whose names lead nowhere.

mod agent;
mod changes;
mod cluster_api;
mod daemon_set;
mod doctor;
mod provider;
mod pulls;
