//! The `serverless-webhook` command.

fn main() {}
