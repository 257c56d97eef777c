use policy::container_registries::{Endpoint, HiddenText, Scheme};
use rstest::rstest;

use super::*;
use crate::nodes::examples::{endpoint, registry, seed};
use crate::nodes::render;
use crate::nodes::version::Version;

fn import_text(text: &str) -> Imported {
    import("config.toml", &Files([("config.toml".to_owned(), HiddenText::new(text))].into()))
}

#[rstest]
#[case::v1(Version::new(1, 7, 0))]
#[case::v2(Version::new(2, 2, 0))]
fn what_is_rendered_is_read_back(#[case] version: Version) {
    let rendered = render::containerd_config::render(&seed(), version);
    let imported = import(render::containerd_config::FILE_NAME, &rendered.files);
    assert_eq!(imported, Imported { registries: seed(), ..Imported::default() });
}

#[test]
fn other_parts_of_the_configuration_are_of_no_interest() {
    let imported = import_text(
        r#"
version = 2
root = "/var/lib/containerd"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "pause"
[plugins."io.containerd.grpc.v1.cri".registry]
  config_path = ""
  [plugins."io.containerd.grpc.v1.cri".registry.headers]
  [plugins."io.containerd.grpc.v1.cri".registry.mirrors."*"]
    endpoint = ["http://mirror.example.com/"]
"#,
    );
    let mirror = Endpoint { scheme: Scheme::Http, override_path: true, ..endpoint("mirror.example.com") };
    assert_eq!(imported, Imported { registries: registry("_default", vec![mirror]), ..Imported::default() });
}

#[test]
fn what_cannot_be_kept_is_said() {
    let imported = import_text(
        r#"
[plugins.cri.registry]
config_path = "/etc/containerd/certs.d"
[plugins.cri.registry.headers]
X-Meta = ["s3cret"]
[plugins.cri.registry.auths."https://example.com"]
auth = "s3cret"
"#,
    );
    let left_out = [
        "config.toml: plugins[cri].registry.config_path: the folder that it names is of the format hosts",
        "config.toml: plugins[cri].registry.headers: headers other than logins cannot be kept",
        "config.toml: plugins[cri].registry.auths: it is deprecated: write logins to configs",
    ];
    assert_eq!(imported, Imported { left_out: left_out.map(str::to_owned).into(), ..Imported::default() });
}

#[test]
fn a_text_that_is_no_toml_is_named_by_its_line_alone() {
    assert_eq!(import_text("version = 2\npassword = s3cret\n").errors, ["config.toml:2: must be TOML"]);
    let double = "[plugins.a]\nb = 's3cret'\n[plugins.a]\n";
    assert_eq!(import_text(double).errors, ["config.toml:3: must not hold a key or a table twice"]);
}
