//! Generates the manifests from types and routes.

fn main() {}
