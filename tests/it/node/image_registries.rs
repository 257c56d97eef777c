//! Registries in the cluster on a real node: their Pods run, clients push through the Service, and Pods pull.

mod clients;
mod issuer;
mod s3;
mod seed;
mod team;
mod tokens;
