use rstest::rstest;

use crate::registry::acl::Acl;

/// What image-registry-operator ships: everybody may push.
const OF_THE_OPERATOR: &str = r#"
server:
  addr: "${AUTH_SERVER_ADDR}"
plugin_authn:
  plugin_path: /plugin.so
token:
  issuer: "${AUTH_TOKEN_ISSUER}"
  expiration: ${AUTH_TOKEN_EXPIRATION}
  certificate: "${AUTH_TOKEN_CRT}"
  key: "${AUTH_TOKEN_KEY}"
acl:
- match: {origin: cr, accessMode: push}
  actions: [pull, push]
- match: {origin: cr}
  actions: [pull]
"#;

fn errors(text: &str) -> Vec<String> {
    let errors = Acl::read(text).err().map(|errors| errors.0).unwrap_or_default();
    errors.iter().map(ToString::to_string).collect()
}

#[test]
fn the_defect_of_the_operator_is_refused_with_the_remedy() {
    let remedy = |field: &str, label: &str| {
        format!(
            "{field}.{label}: there is no such condition, and without one the rule matches everybody: for a label, write `labels: {{{label}: …}}`"
        )
    };
    assert_eq!(
        errors(OF_THE_OPERATOR),
        [
            remedy("acl[0].match", "origin"),
            remedy("acl[0].match", "accessMode"),
            remedy("acl[1].match", "origin")
        ]
    );
}

#[test]
fn the_file_of_the_operator_is_read_once_its_labels_are_labels() {
    let text = OF_THE_OPERATOR
        .replace("{origin: cr, accessMode: push}", "{labels: {origin: cr, accessMode: push}}")
        .replace("{origin: cr}", "{labels: {origin: cr}}");
    let acl = Acl::read(&text).unwrap();
    let warnings: Vec<_> = acl.warnings().iter().map(ToString::to_string).collect();
    let unused = "is not used: address, issuer, lifetime and keys of tokens follow from the ImageRegistry";
    assert_eq!(warnings, ["server", "plugin_authn", "token"].map(|key| format!("{key}: {unused}")));
}

const VARIABLES: &str = "must use only the variables ${account}, ${type}, ${name}, ${service}, a group of one such as ${account:1}, and a label such as ${labels:team}";
const IN_SECTIONS: &str = "must use only the variables ${AUTH_SERVER_ADDR}, ${AUTH_TOKEN_ISSUER}, ${AUTH_TOKEN_EXPIRATION}, ${AUTH_TOKEN_CRT}, ${AUTH_TOKEN_KEY}, ${NAMESPACE}";

#[rstest]
#[case::empty("", "must be a map")]
#[case::no_rules("users: {}", "acl: is required: without rules, nothing is allowed; [] says so")]
#[case::no_yaml("acl: [", "must be YAML (line 1)")]
#[case::key_twice("acl: []\nacl: []", "must not hold a key twice (line 2)")]
#[case::unknown_key("acl: []\next_auth: {}", "ext_auth: there is no such key: the keys are acl, users")]
#[case::misspelt_key("acls: []\nacl: []", "acls: there is no such key: did you mean acl?")]
#[case::no_list("acl: {}", "acl: must be a list")]
#[case::no_match("acl: [{actions: []}]", "acl[0].match: is required: {} matches every request")]
#[case::no_actions("acl: [{match: {}}]", "acl[0].actions: is required: [] denies everything")]
#[case::unknown_action(
    "acl: [{match: {}, actions: [write]}]",
    "acl[0].actions[0]: must be pull, push, delete or \"*\""
)]
#[case::misspelt_condition(
    "acl: [{match: {acount: a}, actions: []}]",
    "acl[0].match.acount: there is no such key: did you mean account?"
)]
#[case::label_as_a_condition(
    "acl: [{match: {namespace: a}, actions: []}]",
    "acl[0].match.namespace: there is no such condition, and without one the rule matches everybody: for a label, write `labels: {namespace: …}`"
)]
#[case::key_that_is_no_word(
    "acl: [{match: {'a b': []}, actions: []}]",
    "acl[0].match: there is no such key: the keys are account, type, name, service, ip, labels"
)]
#[case::number(
    "acl: [{match: {account: 1}, actions: []}]",
    "acl[0].match.account: must be a text: put it into quotes"
)]
#[case::network(
    "acl: [{match: {ip: 10.0.0.0/40}, actions: []}]",
    "acl[0].match.ip: must be an address or a network, such as 10.0.0.0/8"
)]
#[case::variable("acl: [{match: {name: '${user}/*'}, actions: []}]", &format!("acl[0].match.name: {VARIABLES}"))]
#[case::variable_of_a_template(
    "acl: [{match: {service: '${AUTH_TOKEN_ISSUER}'}, actions: []}]",
    &format!("acl[0].match.service: {VARIABLES}")
)]
#[case::variable_in_a_section("acl: []\nserver: {addr: '${HOME}'}", &format!("server.addr: {IN_SECTIONS}"))]
#[case::open_variable(
    "acl: [{match: {name: 'a${name'}, actions: []}]",
    "acl[0].match.name: must close each ${ with }"
)]
#[case::three_labels(
    "acl: [{match: {name: '${labels:a}${labels:b}${labels:c}'}, actions: []}]",
    "acl[0].match.name: must use at most two labels"
)]
#[case::label_in_a_label(
    "acl: [{match: {labels: {a: '${labels:b}'}}, actions: []}]",
    "acl[0].match.labels.a: must not use values of labels"
)]
#[case::open_bracket(
    "acl: [{match: {name: 'a[b'}, actions: []}]",
    "acl[0].match.name: must close each [ with ], with characters between them"
)]
#[case::backslash(
    "acl: [{match: {name: 'a\\'}, actions: []}]",
    "acl[0].match.name: must have a character behind each backslash"
)]
#[case::group_without_an_expression(
    "acl: [{match: {account: a, name: '${account:1}'}, actions: []}]",
    "acl[0].match.name: uses a group of account, which must be a regular expression with it and without variables"
)]
#[case::group_that_is_not_there(
    "acl: [{match: {account: '/(a)/', name: '${account:2}'}, actions: []}]",
    "acl[0].match.name: uses a group of account, which must be a regular expression with it and without variables"
)]
#[case::value_in_brackets(
    "acl: [{match: {name: '/[${account}]+/'}, actions: []}]",
    "acl[0].match.name: must not use a variable between brackets or behind a backslash"
)]
#[case::value_behind_a_backslash(
    "acl: [{match: {name: '/\\${account}/'}, actions: []}]",
    "acl[0].match.name: must not use a variable between brackets or behind a backslash"
)]
#[case::blanks(
    "acl: [{match: {name: '/(?x) a/'}, actions: []}]",
    "acl[0].match.name: must not set the flag x"
)]
#[case::user_without_password(
    "acl: []\nusers: {me: {}}",
    "users.me.password: is required: without it, anybody would be this user"
)]
#[case::anonymous_with_password(
    "acl: []\nusers: {'': {password: x}}",
    "users.\"\".password: must not be set: \"\" is who has not logged in"
)]
#[case::user_of_service_accounts(
    "acl: []\nusers: {serviceaccount: {password: $2b$10$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i}}",
    "users.serviceaccount: must not be serviceaccount: this user logs in with the token of a service account"
)]
#[case::name_of_a_user(
    "acl: []\nusers: {'a:b': {password: $2b$10$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i}}",
    "users: must have a name of at most 255 bytes, without colons and control characters"
)]
fn what_is_wrong_is_said_with_its_place(#[case] text: &str, #[case] error: &str) {
    assert_eq!(errors(text), [error]);
}

#[rstest]
#[case::unclosed("/(a/", "must be a regular expression that takes little memory: ")]
#[case::closes_the_anchors("/a)|(?:b/", "must be a regular expression that takes little memory: ")]
#[case::large("/((a{100}){100}){100}/", "must be a regular expression that takes little memory: ")]
#[case::large_with_values(
    "/(${account}{50}){50}/",
    "must be a regular expression that takes little memory: "
)]
fn regular_expressions_are_bounded(#[case] pattern: &str, #[case] error: &str) {
    let errors = errors(&format!("acl: [{{match: {{name: '{pattern}'}}, actions: []}}]"));
    let [one] = errors.as_slice() else { panic!("{errors:?}") };
    assert!(one.starts_with(&format!("acl[0].match.name: {error}")), "{one}");
}

#[test]
fn all_errors_are_reported() {
    let text = "acl: [{match: {x: []}, actions: [a, b], z: 1}, {}]";
    assert_eq!(errors(text).len(), 6);
}

#[test]
fn a_file_is_bounded() {
    let rule = "- {match: {account: a}, actions: []}\n";
    assert_eq!(errors(&format!("acl:\n{}", rule.repeat(500))), [""; 0]);
    assert_eq!(errors(&format!("acl:\n{}", rule.repeat(501))), ["acl: must have at most 500 rules"]);
    assert_eq!(errors(&"#".repeat(1024 * 1024 + 1)), ["must have at most 1 MiB"]);
    let long = "a".repeat(1025);
    assert_eq!(
        errors(&format!("acl: [{{match: {{name: {long}}}, actions: []}}]")),
        ["acl[0].match.name: must have at most 1024 bytes"]
    );
}

#[test]
fn users_have_hashes_and_labels() {
    let hash = "$2y$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e";
    let text = format!("users: {{me: {{password: {hash}, labels: {{a: [v, w], b: z}}}}, '': }}\nacl: []");
    let acl = Acl::read(&text).unwrap();
    let me = acl.user("me").unwrap();
    assert_eq!(me.hash.as_ref().unwrap().as_str(), hash);
    assert_eq!(
        (me.labels.values("a"), me.labels.values("b")),
        (["v", "w"].map(String::from).as_slice(), ["z"].map(String::from).as_slice())
    );
    assert!(acl.user("").is_none() && acl.user("you").is_none());
}

#[test]
fn anonymous_needs_a_user_and_a_rule() {
    for (text, is_allowed) in [
        ("users: {'': {}}\nacl: [{match: {account: '', name: hello}, actions: [pull]}]", true),
        ("users: {'': {}}\nacl: [{match: {name: hello}, actions: [pull]}]", false),
        ("users: {'': {}}\nacl: [{match: {account: ''}, actions: []}]", false),
        ("acl: [{match: {account: '', name: hello}, actions: [pull]}]", false),
    ] {
        assert_eq!(Acl::read(text).unwrap().anonymous().is_some(), is_allowed, "{text}");
    }
}
