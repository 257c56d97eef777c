//! kaniko in the container of a build: one process, root without privileges.

use k8s_openapi::api::core::v1::SecurityContext;

use super::executor::{Executor, REPORT, own_authority};
use super::fetch::WORKSPACE;
use crate::function::inputs::Inputs;

pub(super) fn executor(inputs: &Inputs<'_>, image: &str) -> Executor {
    let base_image = inputs.runtime.base_image.as_ref();
    let mut args: Vec<_> =
        base_image.map(|image| format!("--build-arg=base_image={image}")).into_iter().collect();
    let authority = own_authority(inputs);
    args.extend(authority.map(|(host, file)| format!("--registry-certificate={host}={file}")));
    args.push(format!("--destination={image}"));
    args.push(format!("--context=dir://{WORKSPACE}"));
    args.push(format!("--digest-file={REPORT}"));
    Executor {
        command: None,
        args,
        env: Vec::new(),
        // It changes the owners of files, so it is root in its container.
        security: SecurityContext { run_as_user: Some(0), ..SecurityContext::default() },
        host_users: None,
        scratch: Vec::new(),
    }
}
