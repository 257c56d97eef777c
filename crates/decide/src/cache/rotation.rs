//! The Event about credentials that have come into use. It follows from what was reported last, not from a write: whatever
//! ends the controller between the two, the next reconcile tells of it.

use api::cache::ProvenCredentials;

/// The reason and the sentence; `None` if nothing has come into use since the status `reported` something. `same` is where
/// the credentials in use were from before this reconcile, if it has not changed them: a Secret that gets an annotation has
/// another version, and a second Secret can hold the same credentials.
#[must_use]
pub fn event(
    reported: Option<&ProvenCredentials>,
    in_use: Option<&ProvenCredentials>,
    same: Option<&ProvenCredentials>,
) -> Option<(&'static str, String)> {
    let to = &in_use?.secret_name;
    let Some(reported) = reported else {
        return Some(("CredentialsProven", format!("The upstream accepts the credentials of Secret {to}")));
    };
    if [in_use, same].contains(&Some(reported)) {
        return None;
    }
    let from = &reported.secret_name;
    let text = if from == to {
        format!("The changed credentials of Secret {to} are in use")
    } else {
        format!("The credentials of Secret {to} are in use: those of Secret {from} can be revoked")
    };
    Some(("CredentialsRotated", text))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const REVOKE: &str =
        "CredentialsRotated: The credentials of Secret v2 are in use: those of Secret v1 can be revoked";
    const CHANGED: &str = "CredentialsRotated: The changed credentials of Secret v1 are in use";

    #[rstest]
    #[case::none_yet(None, None, None, None)]
    #[case::first(
        None,
        Some("v1 1"),
        None,
        Some("CredentialsProven: The upstream accepts the credentials of Secret v1")
    )]
    #[case::first_after_a_crash(
        None,
        Some("v1 1"),
        Some("v1 1"),
        Some("CredentialsProven: The upstream accepts the credentials of Secret v1")
    )]
    #[case::as_before(Some("v1 1"), Some("v1 1"), Some("v1 1"), None)]
    #[case::another_secret(Some("v1 1"), Some("v2 2"), None, Some(REVOKE))]
    #[case::another_secret_before_a_crash(Some("v1 1"), Some("v2 2"), Some("v2 2"), Some(REVOKE))]
    #[case::another_secret_that_got_an_annotation_after_a_crash(
        Some("v1 1"),
        Some("v2 3"),
        Some("v2 2"),
        Some(REVOKE)
    )]
    #[case::another_secret_with_the_same_credentials(Some("v1 1"), Some("v2 2"), Some("v1 1"), None)]
    #[case::an_annotation(Some("v1 1"), Some("v1 2"), Some("v1 1"), None)]
    #[case::changed(Some("v1 1"), Some("v1 2"), None, Some(CHANGED))]
    #[case::changed_before_a_crash(Some("v1 1"), Some("v1 2"), Some("v1 2"), Some(CHANGED))]
    #[case::none_any_more(Some("v1 1"), None, None, None)]
    fn an_event_tells_of_what_no_status_has_told(
        #[case] reported: Option<&str>,
        #[case] in_use: Option<&str>,
        #[case] same: Option<&str>,
        #[case] expected: Option<&str>,
    ) {
        let credentials = |text: Option<&str>| {
            let (secret_name, version) = text?.split_once(' ')?;
            Some(ProvenCredentials {
                secret_name: secret_name.to_owned(),
                resource_version: version.to_owned(),
            })
        };
        let [reported, in_use, same] = [reported, in_use, same].map(credentials);
        let told = event(reported.as_ref(), in_use.as_ref(), same.as_ref());
        let told = told.map(|(reason, text)| format!("{reason}: {text}"));
        assert_eq!(told.as_deref(), expected);
    }
}
