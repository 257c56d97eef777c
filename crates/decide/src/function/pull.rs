//! Why a node cannot pull an image, in the words of its container runtime, and what helps.

use super::failure::{Known, REFUSED};
use super::inputs::Inputs;

const PLATFORM: Known = Known {
    marks: &["no match for platform"],
    remedy: "the image is for another kind of processor: the operator keeps builds and Functions on nodes of one kind",
};
const GONE: Known = Known {
    marks: &[": not found", "manifest unknown"],
    remedy: "the image is no longer in its registry: change the annotation serverless.kyma-project.io/rebuild to build it again",
};
const OF_BUILDER: Known = Known {
    marks: &[": not found", "manifest unknown", "unauthorized", "denied", "403 forbidden"],
    remedy: "the operator corrects build.executorImage or build.fetcherImage, or lets the nodes pull it",
};
const NO_TLS: Known = Known {
    marks: &["server gave http response to https client"],
    remedy: "the registry has no TLS: the operator allows this registry in the container runtime of the nodes",
};
const AUTHORITY: Known = Known {
    marks: &["certificate signed by unknown authority"],
    remedy: "the node does not trust the certificate of the registry: the operator gives the container runtime of the nodes its CA",
};
const UNREACHABLE: Known = Known {
    marks: &[
        "connection refused",
        "no such host",
        "i/o timeout",
        "no route to host",
        "network is unreachable",
    ],
    remedy: "the node does not reach the registry: the operator checks that it runs, and the network of the nodes",
};

/// Causes for images of Functions, in their order.
const OF_FUNCTIONS: [&Known; 6] = [&PLATFORM, &NO_TLS, &AUTHORITY, &UNREACHABLE, &REFUSED, &GONE];
/// Causes for images of builds, in their order.
const OF_BUILDS: [&Known; 5] = [&PLATFORM, &NO_TLS, &AUTHORITY, &UNREACHABLE, &OF_BUILDER];

/// The cause in the message of a kubelet, without the names of the image around it: they would leave no room for the cause.
pub(super) fn cause(message: &str) -> &str {
    let after = message.rsplit_once("ErrImagePull: ").map_or(message, |(_, cause)| cause);
    let of_call = after.strip_prefix("rpc error: code = ").and_then(|rest| rest.split_once(" desc = "));
    let after = of_call.map_or(after, |(_, cause)| cause);
    let of_image =
        after.strip_prefix("failed to pull and unpack image \"").and_then(|rest| rest.split_once("\": "));
    of_image.map_or(after, |(_, cause)| cause)
}

/// Why an image of a Function cannot be pulled, and what to do about it, if that is known.
pub(super) fn advised(why: &str, inputs: &Inputs<'_>) -> String {
    Known::advised(&OF_FUNCTIONS, why, inputs)
}

/// The same of an image that builds.
pub(super) fn advised_of_build(why: &str, inputs: &Inputs<'_>) -> String {
    Known::advised(&OF_BUILDS, why, inputs)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::cause;

    const IMAGE: &str = "r.example.com/f/n-f@sha256:0";

    #[rstest]
    #[case::backing_off(
        &format!("Back-off pulling image \"{IMAGE}\": ErrImagePull: failed to pull and unpack image \"{IMAGE}\": failed to resolve image: x: 401 Unauthorized"),
        "failed to resolve image: x: 401 Unauthorized"
    )]
    #[case::with_a_code(
        &format!("Back-off pulling image \"{IMAGE}\": ErrImagePull: rpc error: code = NotFound desc = failed to pull and unpack image \"{IMAGE}\": failed to resolve image: {IMAGE}: not found"),
        &format!("failed to resolve image: {IMAGE}: not found")
    )]
    #[case::first_time(
        &format!("rpc error: code = NotFound desc = failed to pull and unpack image \"{IMAGE}\": failed to resolve reference \"{IMAGE}\": {IMAGE}: not found"),
        &format!("failed to resolve reference \"{IMAGE}\": {IMAGE}: not found")
    )]
    #[case::of_cri_o(
        "reading manifest 1 in r.example.com/f/n-f: manifest unknown",
        "reading manifest 1 in r.example.com/f/n-f: manifest unknown"
    )]
    #[case::of_an_old_kubelet(&format!("Back-off pulling image \"{IMAGE}\""), &format!("Back-off pulling image \"{IMAGE}\""))]
    #[case::nothing("", "")]
    fn the_cause_is_found_behind_the_names_of_the_image(#[case] message: &str, #[case] expected: &str) {
        assert_eq!(cause(message), expected);
    }
}
