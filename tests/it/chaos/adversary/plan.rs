//! The attacks of the adversary, one after the other. They depend only on a seed.

use fastrand::Rng;

/// A kind of attack.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Attack {
    /// Objects with the labels, the owner and the names of a victim's objects.
    ForgedObjects,
    /// More Jobs than there are slots, which claim to build for a victim, for the adversary or for nobody.
    ForgedJobs,
    /// A status of its own Function that no controller wrote.
    ForgedStatus,
    /// Git poll intervals that overflow, are negative or are empty.
    PollInterval,
    /// Labels of a Function that would turn its `ConfigMap` into a runtime.
    RuntimeLabels,
    /// A source of 1 MiB that hardly compresses.
    HugeSource,
    /// Annotations as large as the API server accepts.
    HugeAnnotations,
    /// Ten Functions at the same time.
    ManyFunctions,
    /// A build that fits on no node.
    Unschedulable,
    /// Builds that never end.
    HangingBuilds,
    /// A build that fails.
    FailingBuild,
    /// A build whose Pod the namespace forbids.
    RestrictedBuild,
    /// `ConfigMap`s of 1 MB that claim to be runtimes.
    RuntimeMaps,
    /// A registry Secret whose address leads elsewhere.
    RegistrySecret,
    /// Writes to the controller's copies.
    EditCopies,
    /// Deletes the controller's copies.
    DeleteCopies,
    /// A Function whose Git server is malicious.
    HostileGit,
    /// A repository on a server of the adversary that names the copied registry Secret as its credentials.
    StolenCredentials,
    /// A pattern of `known_hosts` with many stars.
    KnownHosts,
    /// Connections to the webhook and to the probe ports that send little and stay open for long.
    Connections,
    /// Deletes some of its own objects.
    Withdraw,
}

impl Attack {
    pub const ALL: [Self; 21] = [
        Self::ForgedObjects,
        Self::ForgedJobs,
        Self::ForgedStatus,
        Self::PollInterval,
        Self::RuntimeLabels,
        Self::HugeSource,
        Self::HugeAnnotations,
        Self::ManyFunctions,
        Self::Unschedulable,
        Self::HangingBuilds,
        Self::FailingBuild,
        Self::RestrictedBuild,
        Self::RuntimeMaps,
        Self::RegistrySecret,
        Self::EditCopies,
        Self::DeleteCopies,
        Self::HostileGit,
        Self::StolenCredentials,
        Self::KnownHosts,
        Self::Connections,
        Self::Withdraw,
    ];

    /// How often an attack occurs before all occur again.
    fn weight(self) -> usize {
        match self {
            Self::ForgedObjects => 4,
            Self::HostileGit | Self::StolenCredentials | Self::EditCopies | Self::RegistrySecret => 2,
            _ => 1,
        }
    }
}

/// One attack, after a pause.
#[derive(Clone, Debug, PartialEq)]
pub struct Act {
    pub attack: Attack,
    /// The number of previous acts.
    pub number: usize,
    /// Milliseconds before it.
    pub pause: u64,
    /// The seed for all further choices.
    dice: u64,
}

impl Act {
    pub fn dice(&self) -> Rng {
        Rng::with_seed(self.dice)
    }
}

/// An endless sequence of acts.
pub struct Acts {
    random: Rng,
    /// The next attacks, in reverse order.
    next: Vec<Attack>,
    number: usize,
}

impl Acts {
    /// The number of acts within which each attack occurs at least once.
    pub fn round() -> usize {
        Attack::ALL.into_iter().map(Attack::weight).sum()
    }

    pub fn new(seed: u64) -> Self {
        Self { random: Rng::with_seed(seed), next: Vec::new(), number: 0 }
    }
}

impl Iterator for Acts {
    type Item = Act;

    fn next(&mut self) -> Option<Act> {
        if self.next.is_empty() {
            let each = Attack::ALL.into_iter();
            self.next.extend(each.flat_map(|attack| std::iter::repeat_n(attack, attack.weight())));
            self.random.shuffle(&mut self.next);
        }
        let attack = self.next.pop()?;
        self.number += 1;
        Some(Act { attack, number: self.number, pause: self.random.u64(0..600), dice: self.random.u64(..) })
    }
}

#[test]
fn the_same_seed_has_the_same_acts_and_each_attack_comes_soon() {
    let acts = |seed| Acts::new(seed).take(60).collect::<Vec<_>>();
    assert_eq!(acts(1), acts(1));
    assert_ne!(acts(1), acts(2));
    let round: Vec<_> = Acts::new(1).take(Acts::round()).map(|act| act.attack).collect();
    assert!(Attack::ALL.iter().all(|attack| round.contains(attack)));
}
