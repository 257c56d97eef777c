//! What servers answered.

use super::super::finding::{Finding, Place};
use super::super::input::Input;
use super::super::node::Node;
use super::super::probe::{Answer, Probe, named};

pub(super) fn check(input: &Input<'_>, node: &Node<'_>) -> Vec<Finding> {
    let named = node
        .folders
        .iter()
        .flat_map(|folder| named(folder).into_iter().map(move |(target, line)| (target, folder.line(line))));
    let probed = named.filter_map(|(target, place)| {
        let probe = input.probes.iter().find(|probe| probe.target == target)?;
        find(probe, &place)
    });
    probed.collect()
}

fn find(probe: &Probe, place: &Place) -> Option<Finding> {
    let target = &probe.target;
    match &probe.answer {
        Answer::Alive => None,
        Answer::Expired(when) => {
            let problem = format!("the certificate of {target} expired at {when}");
            Some(place.error(problem, "renew the certificate of the server"))
        }
        Answer::Dead(why) => {
            let problem = format!("{target} does not answer: {why}");
            Some(place.error(problem, "start the server, or delete the lines that name it"))
        }
    }
}
