use proptest::prelude::*;
use rstest::rstest;

use super::GitUrlError::{
    Credentials, Host, Length, Option as AnOption, Parent, Path, Query, Scheme, Suffix, Surrounded,
    Unprintable,
};
use super::*;

#[rstest]
#[case("git@github.com:o/r.git", Transport::Ssh)]
#[case("ssh://git@h:2500/r.git", Transport::Ssh)]
#[case("git+ssh://h/r.git", Transport::Ssh)]
#[case("git@my-gitlab.example.com:o/r.git", Transport::Ssh)]
#[case("git@github.com:o/r+x.git", Transport::Ssh)]
#[case("git@github.com:o/réponse.git", Transport::Ssh)]
#[case("alice@host.com:repo.git", Transport::Ssh)]
#[case("GIT@github.com:o/r.git", Transport::Ssh)]
#[case("git@[2001:db8::1]:o/r.git", Transport::Ssh)]
#[case("git://host/r.git", Transport::Git)]
#[case("git://host/r.git/", Transport::Git)]
#[case("https://git:3000/o/r.git", Transport::Http)]
#[case("http://my-git:80/r.git", Transport::Http)]
#[case("https://github.com:443/o/r.git", Transport::Http)]
#[case("https://dev.azure.com/o/My%20Project/C%23/r.git", Transport::Http)]
#[case("https://h/%c3%a9.git", Transport::Http)]
#[case("https://h/100%.git", Transport::Http)]
#[case("https://h/a..b/..c/r.git", Transport::Http)]
#[case("ssh://me%40example.com@h/r.git", Transport::Ssh)]
#[case("git@h:../r.git", Transport::Ssh)]
#[case("git@h:a@b.git", Transport::Ssh)]
#[case("git@h:%2d.git", Transport::Ssh)]
#[case("https://x/ssh:y.git", Transport::Http)]
#[case("https://[::1]:8443/r.git", Transport::Http)]
#[case("https://example.com/o/r.git/", Transport::Http)]
#[case("https://example.com/a@b:c/r.git", Transport::Http)]
fn accepts(#[case] url: &str, #[case] transport: Transport) {
    assert_eq!(parse(url, GitUrls::Strict), (Some(transport), Ok(())));
}

#[rstest]
#[case("git@github.com:o/r.git", Transport::Ssh, Some("git"), "github.com", None, "o/r.git")]
#[case("ssh://me@h:2500/r.git", Transport::Ssh, Some("me"), "h", Some(2500), "/r.git")]
#[case("git+ssh://[::1]:22/~me/r.git", Transport::Ssh, None, "::1", Some(22), "/~me/r.git")]
#[case("git@[2001:db8::1]:/r.git", Transport::Ssh, Some("git"), "2001:db8::1", None, "/r.git")]
#[case("ssh://me%40example.com@h/a%20b", Transport::Ssh, Some("me@example.com"), "h", None, "/a b")]
#[case("git@h:a%20b", Transport::Ssh, Some("git"), "h", None, "a%20b")]
#[case("git://h/r.git", Transport::Git, None, "h", None, "/r.git")]
#[case("git://h/%c3%a9.git", Transport::Git, None, "h", None, "/é.git")]
#[case("https://h/a%20b", Transport::Http, None, "h", None, "/a%20b")]
#[case("https://h:8443/a/b", Transport::Http, None, "h", Some(8443), "/a/b")]
fn takes_apart(
    #[case] url: &str,
    #[case] transport: Transport,
    #[case] user: Option<&str>,
    #[case] host: &str,
    #[case] port: Option<u16>,
    #[case] path: &str,
) {
    let (user, host, path) = (user.map(str::to_owned), host.to_owned(), path.to_owned());
    assert_eq!(address(url), Ok(Address { transport, user, host, port, path }));
}

#[rstest]
#[case("some_url", Scheme)]
#[case("ftp://h/r.git", Scheme)]
#[case("file:///etc/passwd", Scheme)]
#[case("file:///r.git", Scheme)]
#[case("ext::sh -c id% r.git", Scheme)]
#[case("ss://x.git", Scheme)]
#[case("httpsfoo.git", Scheme)]
#[case("git.example.com/a.git", Scheme)]
#[case("host:repo.git", Scheme)]
#[case("@host:repo.git", Scheme)]
#[case("HTTPS://h/r.git", Scheme)]
#[case("-oProxyCommand=id@host:r.git", AnOption)]
#[case("git@-host:r.git", AnOption)]
#[case("git@host:-r.git", AnOption)]
#[case("ssh://-oProxyCommand=id/r.git", AnOption)]
#[case("ssh://h/-r.git", AnOption)]
#[case("ssh://git@host/repo", Suffix)]
#[case("git@ssh.dev.azure.com:v3/o/p/r", Suffix)]
#[case("https://h/r", Suffix)]
#[case("https://dev.azure.com/o/p/_git/r", Suffix)]
#[case("https://h/r.git?x=1", Query)]
#[case("https://h/r?x=.git", Query)]
#[case("https://h/r#x.git", Query)]
#[case("https://h/any/path?q=1&y=", Query)]
#[case("https://h?x=1", Query)]
#[case("git@h:r.git?x", Query)]
#[case("https://h/r.git?private_token=hush", Query)]
#[case("https://h/../r.git", Parent)]
#[case("https://h/a/%2e%2E/r.git", Parent)]
#[case("ssh://git@h/a%2f..%2fr.git", Parent)]
#[case("ssh://%2doProxyCommand=id@h/r.git", AnOption)]
#[case("ssh://git@%2dh/r.git", AnOption)]
#[case("ssh://git@h/%2d%2dx.git", AnOption)]
#[case("ssh://git@h/%2f-x.git", AnOption)]
#[case("https://h/%2dx.git", AnOption)]
#[case("https://h/a%0ab.git", Unprintable)]
#[case("git://h/a%00b.git", Unprintable)]
#[case("ssh://a%20b@h/r.git", Unprintable)]
#[case("ssh://git@h/a%7Fb.git", Unprintable)]
#[case("ssh://other%2f@h/r.git", Host)]
#[case("ssh://other%3F@h/r.git", Host)]
#[case("ssh://h%2fo/r.git", Host)]
#[case("https://h%61/r.git", Host)]
#[case("https://h/.git", Suffix)]
#[case("https://h/r.git//", Suffix)]
#[case("https:///r.git", Host)]
#[case("https://h:0/r.git", Host)]
#[case("https://h:65536/r.git", Host)]
#[case("https://h:x/r.git", Host)]
#[case("https://[::1/r.git", Host)]
#[case("https://a..b/r.git", Host)]
#[case("https://@h/r.git", Credentials)]
#[case("ssh://@h/r.git", Host)]
#[case("https://ghp_hush@github.com/o/r.git", Credentials)]
#[case("https://git@github.com/o/r.git", Credentials)]
#[case("https://ghp_hush%40github.com/o/r.git", Credentials)]
#[case("https://user%3apassword@h/r.git", Credentials)]
#[case("git://hush@h/r.git", Credentials)]
#[case("ssh://user%3Apassword@h/r.git", Credentials)]
#[case("https://h", Path)]
#[case("https://h/", Path)]
#[case("https://user:password@h/r.git", Credentials)]
#[case("https://user%3Apassword@h/r.git", Credentials)]
#[case("user:password@host:r.git", Credentials)]
#[case(" https://user:password@h/r.git", Credentials)]
#[case(" https://h/r.git", Surrounded)]
#[case("https://h/r.git\n", Surrounded)]
#[case("https://h/a b.git", Unprintable)]
#[case("https://h/a\u{7}b.git", Unprintable)]
#[case("https://h\t/b.git", Unprintable)]
fn refuses(#[case] url: &str, #[case] error: GitUrlError) {
    assert_eq!(parse(url, GitUrls::Strict).1, Err(error));
}

#[test]
fn the_length_is_bounded_in_characters() {
    let of = |length: usize| format!("https://h/{}.git", "é".repeat(length - 14));
    assert_eq!(parse(&of(2048), GitUrls::Strict).1, Ok(()));
    assert_eq!(parse(&of(2049), GitUrls::Strict), (None, Err(Length)));
}

#[rstest]
#[case("git@ssh.dev.azure.com:v3/o/p/r", Ok(()))]
#[case("https://dev.azure.com/o/p/_git/r", Ok(()))]
#[case("https://h/", Err(Path))]
#[case("file:///etc/passwd", Err(Scheme))]
#[case("git@h:-r", Err(AnOption))]
#[case("https://h/any/path?q=1&y=", Err(Query))]
#[case("https://h/any/path#y", Err(Query))]
#[case("https://ghp_hush@dev.azure.com/o/p/_git/r", Err(Credentials))]
#[case("https://h:99999/x", Err(Host))]
fn lenient_drops_the_rule_of_the_suffix_alone(#[case] url: &str, #[case] result: Result<(), GitUrlError>) {
    assert_eq!(parse(url, GitUrls::Lenient).1, result);
    // The controller is as strict.
    assert_eq!(address(url).map(drop), result);
}

#[rstest]
#[case("git@-host:r.git", false)]
#[case("ssh://git@host/repo", false)]
#[case("https://h/r", false)]
#[case("https://ghp_hush@github.com/o/r", true)]
#[case("HTTPS://ghp_hush@github.com/o/r.git", true)]
#[case("https://ghp_hush%40github.com/o/r", true)]
#[case("https://h/r.git?private_token=hush", true)]
#[case("https://h/r.git#hush", true)]
#[case("ghp_hush@github.com:o/r", true)]
#[case("git@user:hush@h:r", true)]
#[case("git@h:r.git?token=hush", true)]
fn what_may_hold_a_token_is_not_shown(#[case] url: &str, #[case] expected: bool) {
    assert_eq!(may_hold_credentials(url), expected);
}

proptest! {
    #[test]
    fn any_text_is_judged_without_panic(text in any::<String>(), prefix in "(https://|ssh://|git@|)") {
        let _ = parse(&format!("{prefix}{text}"), GitUrls::Strict);
        let _ = may_hold_credentials(&text);
    }

    #[test]
    fn what_holds_a_password_is_refused_and_known_not_to_be_shown(password in "[a-zA-Z0-9/?#:@ -]{1,20}", scheme in "(https|http|ssh|git|ftp)") {
        let url = format!("{scheme}://user:{password}@example.com/r.git");
        // What reads as a port in front of a path is one, to every reader of addresses.
        let port = password.split(['/', '?', '#']).next().unwrap_or_default();
        let reads_as_port = port.len() < password.len() && port.parse::<u16>().is_ok();
        prop_assert!(parse(&url, GitUrls::Strict).1.is_err() || reads_as_port);
        prop_assert!(may_hold_credentials(&url));
    }
}
