//! Admission webhooks for serverless Functions, GitRepositories and registry Secrets: HTTP and process, no rules.
