//! Accounts of registries in the cluster.

pub mod bcrypt;
