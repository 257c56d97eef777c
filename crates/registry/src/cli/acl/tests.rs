use clap::Parser;
use rstest::rstest;

use super::*;

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    args: ExplainArgs,
}

const RULES: &str = "\
acl:
- match: {type: repository, labels: {origin: cr, accessMode: push}}
  actions: [pull, push]
  comment: accounts for pushes push and pull
- match: {account: admin}
  actions: ['*']
- match: {ip: 10.0.0.0/8, account: /.+/}
  actions: [pull]
";

fn asked(line: &str) -> (String, Exit) {
    let line = format!("explain auth_config.yml {line}");
    let args = Arguments::try_parse_from(line.split(' ')).unwrap().args;
    let Ok(question) = question(args) else { panic!("{line}") };
    let places = Places::of(RULES);
    question.answer(&Acl::read(RULES).unwrap(), |field| places.line_of(field))
}

#[rstest]
#[case::labels(
    "--account a --label origin=cr --label accessMode=push --repository team/app --action pull,push",
    "acl[0], line 2, decides: accounts for pushes push and pull\npull: allowed\npush: allowed\n",
    Exit::Success
)]
#[case::everything(
    "--account admin --repository app --action *",
    "acl[1], line 5, decides\npull: allowed\npush: allowed\ndelete: refused\n",
    Exit::Refused
)]
#[case::catalog("--account admin --catalog", "acl[1], line 5, decides\n*: allowed\n", Exit::Success)]
#[case::address(
    "--account me --repository app --ip 10.1.1.1",
    "acl[2], line 7, decides\npull: allowed\n",
    Exit::Success
)]
#[case::no_address("--account me --repository app", "no rule matches\npull: refused\n", Exit::Refused)]
#[case::anonymous(
    "--label origin=cr --label accessMode=push --repository app",
    "acl[0], line 2, decides: accounts for pushes push and pull; it is not for anonymous clients\npull: refused\n",
    Exit::Refused
)]
fn the_rule_and_its_answer_are_printed(#[case] line: &str, #[case] text: &str, #[case] exit: Exit) {
    assert_eq!(asked(line), (text.to_owned(), exit));
}

#[rstest]
#[case::nothing_asked("--account me", "--repository <NAME>")]
#[case::name("--repository Team", "must be lower-case letters and digits")]
#[case::action("--repository app --action write", "must be pull, push, delete or *")]
#[case::label("--repository app --label origin", "must be NAME=VALUE")]
#[case::both("--repository app --catalog", "cannot be used with")]
fn wrong_arguments_are_refused(#[case] line: &str, #[case] error: &str) {
    let line = format!("explain auth_config.yml {line}");
    let Err(refused) = Arguments::try_parse_from(line.split(' ')) else { panic!("{line}") };
    assert!(refused.to_string().contains(error), "{refused}");
}
