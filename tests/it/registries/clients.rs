//! oras and regctl at a registry behind our gateway: they log in, push four layers, mount them into another repository, pull
//! and copy, and are told why they may not delete.

use std::collections::HashMap;

use decide::registry::acl::Policy;
use rstest::rstest;

use crate::harness::client::Client;
use crate::harness::guarded::Guarded;

const PUSH: (&str, &str) = ("push.team.web.1", "correct-horse");
const PULL: (&str, &str) = ("pull.team.web.1", "battery-staple");
/// The layers: different files of a megabyte.
const LAYERS: [&str; 4] = ["a", "b", "c", "d"];
const LAYER_SIZE: usize = 1 << 20;

/// How a program spells what is asked of it.
struct Words {
    push: &'static str,
    copy: &'static str,
    pull: &'static str,
    digest: &'static str,
    delete: &'static str,
}

const ORAS: Words = Words {
    push: "push --plain-http=false IMAGE a b c d",
    copy: "cp --from-plain-http=false --to-plain-http=false IMAGE OTHER",
    pull: "pull --plain-http=false IMAGE -o pulled",
    digest: "resolve --plain-http=false IMAGE",
    delete: "manifest delete --plain-http=false --force IMAGE@DIGEST",
};
const REGCTL: Words = Words {
    push: "artifact put --artifact-type application/x-test --file-title -m text/a -f a -m text/b -f b -m text/c -f c -m text/d -f d IMAGE",
    copy: "image copy IMAGE OTHER",
    pull: "artifact get -o pulled IMAGE",
    digest: "image digest IMAGE",
    delete: "manifest delete IMAGE@DIGEST",
};

/// Replaces names by values in the words of a command.
fn arguments(words: &str, values: &HashMap<&str, &str>) -> Vec<String> {
    let replaced =
        |word: &str| values.iter().fold(word.to_owned(), |word, (name, value)| word.replace(name, value));
    words.split(' ').map(replaced).collect()
}

#[rstest]
#[case::oras(
    "oras",
    ORAS,
    "unauthorized: authentication required",
    "the account or its password is wrong, or it has expired"
)]
#[case::regctl("regctl", REGCTL, "unauthorized", "failed to ping registry")]
#[tokio::test(flavor = "multi_thread")]
async fn a_client_pushes_mounts_pulls_and_deletes_nothing(
    #[case] name: &'static str,
    #[case] words: Words,
    #[case] refused: &str,
    #[case] wrong: &str,
) {
    let guarded = Guarded::start(Policy::Shared).await;
    guarded.add_account(PUSH.0, "push", "team", PUSH.1);
    guarded.add_account(PULL.0, "pull", "team", PULL.1);
    let client = || Client::new(name, guarded.port, &guarded.authority);
    let (pushes, pulls) = (client(), client());
    let printed = pushes.log_in((PUSH.0, "wrong"));
    assert!(!printed.ok && printed.err.contains(wrong), "{printed:?}");
    pushes.log_in(PUSH).unwrap();
    pulls.log_in(PULL).unwrap();

    let content = LAYERS.map(|layer| layer.repeat(LAYER_SIZE));
    for (layer, content) in LAYERS.iter().zip(&content) {
        std::fs::write(pushes.home().join(layer), content).unwrap();
    }
    let (image, other) = (pushes.image("team/app:1"), pushes.image("team/copy:1"));
    let repository = pushes.image("team/app");
    let mut values = HashMap::from([("IMAGE", image.as_str()), ("OTHER", other.as_str())]);
    let run = |client: &Client, words: &str, values: &HashMap<&str, &str>| {
        let arguments = arguments(words, values);
        client.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
    };
    run(&pushes, words.push, &values).unwrap();
    let layers = guarded.passed("received") >> 20;
    assert_eq!(layers, 4);
    run(&pushes, words.copy, &values).unwrap();
    assert_eq!(guarded.passed("received") >> 20, layers, "the copy sent layers, instead of mounting them");

    for image in [&image, &other] {
        std::fs::create_dir(pulls.home().join("pulled")).unwrap();
        let values = HashMap::from([("IMAGE", image.as_str())]);
        run(&pulls, words.pull, &values).unwrap();
        for (layer, content) in LAYERS.iter().zip(&content) {
            let path = pulls.home().join("pulled").join(layer);
            assert!(std::fs::read_to_string(path).unwrap() == *content);
        }
        std::fs::remove_dir_all(pulls.home().join("pulled")).unwrap();
    }

    let digest = run(&pushes, words.digest, &values).unwrap();
    values.insert("DIGEST", digest.trim());
    values.insert("IMAGE", &repository);
    let printed = run(&pushes, words.delete, &values);
    assert!(!printed.ok && printed.err.contains(refused), "{printed:?}");
    values.insert("IMAGE", &image);
    assert_eq!(run(&pulls, words.digest, &values).unwrap(), digest);
    let printed = run(&pulls, words.push, &values);
    assert!(!printed.ok, "{printed:?}");
}
