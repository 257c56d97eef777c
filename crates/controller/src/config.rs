//! The configuration of the controller.

use std::collections::BTreeMap;
use std::time::Duration;

/// How Functions are built and run.
#[derive(Clone, Debug)]
pub struct Config {
    /// The image that builds images, in a Job.
    pub executor_image: String,
    /// Its arguments, before destination and context.
    pub executor_args: Vec<String>,
    /// The service account of build Jobs.
    pub build_service_account: String,
    /// The service account of Functions, with the Secrets by which their images are pulled.
    pub function_service_account: String,
    /// How many Jobs build at once, in the whole cluster.
    pub max_builds: usize,
    /// How long a Job may build.
    pub build_deadline: Duration,
    /// Of how much of its CPU request a Function is scaled up, in per cent.
    pub target_cpu: i32,
    /// The runtimes.
    pub runtimes: BTreeMap<String, Runtime>,
}

/// How a runtime wants its files, and what it finds in its environment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Runtime {
    /// The file of the source.
    pub source_file: String,
    /// The file of the dependencies.
    pub dependencies_file: String,
    /// What blank dependencies mean.
    pub no_dependencies: String,
    /// Variables of the environment, beside `FUNC_RUNTIME`.
    pub env: Vec<(String, String)>,
}

impl Runtime {
    fn nodejs() -> Self {
        Self {
            source_file: "handler.js".to_owned(),
            dependencies_file: "package.json".to_owned(),
            no_dependencies: "{}".to_owned(),
            env: vec![("NODE_PATH".to_owned(), "$(KUBELESS_INSTALL_VOLUME)/node_modules".to_owned())],
        }
    }

    fn python(version: &str) -> Self {
        let packages = format!(
            "$(KUBELESS_INSTALL_VOLUME)/lib.python{version}/site-packages:$(KUBELESS_INSTALL_VOLUME)"
        );
        Self {
            source_file: "handler.py".to_owned(),
            dependencies_file: "requirements.txt".to_owned(),
            no_dependencies: String::new(),
            env: vec![
                ("PYTHONPATH".to_owned(), packages),
                ("PYTHONUNBUFFERED".to_owned(), "TRUE".to_owned()),
            ],
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            executor_image: "gcr.io/kaniko-project/executor:v1.23.2".to_owned(),
            executor_args: vec!["--cache=false".to_owned(), "--force".to_owned()],
            build_service_account: "serverless-build".to_owned(),
            function_service_account: "serverless-function".to_owned(),
            max_builds: 5,
            build_deadline: Duration::from_hours(1),
            target_cpu: 50,
            runtimes: BTreeMap::from([
                ("nodejs10".to_owned(), Runtime::nodejs()),
                ("nodejs12".to_owned(), Runtime::nodejs()),
                ("python38".to_owned(), Runtime::python("3.8")),
            ]),
        }
    }
}
