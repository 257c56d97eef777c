//! Metrics of registries in the cluster and of push and pull secrets. They are counted when they are asked for, from what
//! the watches show, so nothing is left of an object that was deleted.

use decide::registry::tally::Tally;
use jiff::Timestamp;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::counting::{Counting, Counts};

type Label = [(&'static str, &'static str); 1];
type Labels = [(&'static str, &'static str); 2];

/// Which objects are counted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Counted {
    PushSecrets,
    PullSecrets,
    Registries,
}

/// Counts objects at a time.
pub(crate) type Count = Box<dyn Fn(Timestamp) -> Tally + Send>;

/// The metrics.
#[derive(Debug, Default)]
pub(super) struct Registries {
    by_reason: Family<Label, Gauge>,
    secrets: Family<Labels, Gauge>,
    overdue: Family<Label, Gauge>,
    expired: Family<Label, Gauge>,
    rotations: Family<Label, Counter>,
    push_counts: Counts<Count>,
    pull_counts: Counts<Count>,
    registry_counts: Counts<Count>,
}

/// Ends the counting when it is dropped.
pub(crate) type CountingRegistries = Counting<Count>;

impl Registries {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "image_registries",
            "Registries in the cluster, by the reason of their condition Ready",
            self.by_reason.clone(),
        );
        registry.register(
            "image_secrets",
            "Push and pull secrets, by the reason of their condition Ready",
            self.secrets.clone(),
        );
        registry.register(
            "image_secrets_overdue",
            "Push and pull secrets whose password should have been replaced",
            self.overdue.clone(),
        );
        registry.register(
            "image_secrets_expired",
            "Push and pull secrets whose password has expired",
            self.expired.clone(),
        );
        registry.register(
            "image_secret_rotations",
            "Passwords that push and pull secrets got",
            self.rotations.clone(),
        );
        for counted in [Counted::PushSecrets, Counted::PullSecrets] {
            self.rotations.get_or_create_owned(&[("kind", counted.kind())]);
        }
    }

    /// Counts objects until what is returned is dropped.
    pub(super) fn count(
        &self,
        counted: Counted,
        count: impl Fn(Timestamp) -> Tally + Send + 'static,
    ) -> CountingRegistries {
        self.counts(counted).begin(Box::new(count))
    }

    fn counts(&self, counted: Counted) -> &Counts<Count> {
        match counted {
            Counted::PushSecrets => &self.push_counts,
            Counted::PullSecrets => &self.pull_counts,
            Counted::Registries => &self.registry_counts,
        }
    }

    /// A push or pull secret of this kind has a new password.
    pub(super) fn rotated(&self, kind: &'static str) {
        self.rotations.get_or_create_owned(&[("kind", kind)]).inc();
    }

    /// Brings the numbers up to date.
    pub(super) fn refresh(&self, now: Timestamp) {
        let number = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        let tally = |counted| self.counts(counted).count(|count| count(now)).unwrap_or_default();
        for (reason, registries) in tally(Counted::Registries).by_reason {
            self.by_reason.get_or_create_owned(&[("reason", reason)]).set(number(registries));
        }
        for counted in [Counted::PushSecrets, Counted::PullSecrets] {
            let (kind, tally) = (("kind", counted.kind()), tally(counted));
            for (reason, secrets) in tally.by_reason {
                self.secrets.get_or_create_owned(&[kind, ("reason", reason)]).set(number(secrets));
            }
            self.overdue.get_or_create_owned(&[kind]).set(number(tally.overdue));
            self.expired.get_or_create_owned(&[kind]).set(number(tally.expired));
        }
    }
}

impl Counted {
    fn kind(self) -> &'static str {
        match self {
            Self::PushSecrets => "ImagePushSecret",
            Self::PullSecrets => "ImagePullSecret",
            Self::Registries => "ImageRegistry",
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    /// The lines with a number, without their prefix.
    fn shown(metrics: &Registries, registry: &Registry) -> Vec<String> {
        metrics.refresh(Timestamp::UNIX_EPOCH);
        let text = process::metrics::render(registry);
        let lines = text.lines().filter(|line| !line.starts_with('#') && !line.ends_with(" 0"));
        lines.map(str::to_owned).collect()
    }

    #[test]
    fn objects_are_counted_while_somebody_counts_them() {
        let (metrics, mut registry) = (Registries::default(), Registry::default());
        metrics.register(&mut registry);
        assert_eq!(shown(&metrics, &registry), [""; 0]);
        let counting = metrics.count(Counted::PullSecrets, |now| {
            assert_eq!(now, Timestamp::UNIX_EPOCH);
            let mut tally = Tally { overdue: 2, expired: 1, ..Tally::default() };
            tally.by_reason.insert("Synced", 3);
            tally
        });
        metrics.rotated("ImagePullSecret");
        let expected = [
            r#"image_secrets{kind="ImagePullSecret",reason="Synced"} 3"#,
            r#"image_secrets_overdue{kind="ImagePullSecret"} 2"#,
            r#"image_secrets_expired{kind="ImagePullSecret"} 1"#,
            r#"image_secret_rotations_total{kind="ImagePullSecret"} 1"#,
        ];
        assert_eq!(shown(&metrics, &registry), expected);
        drop(counting);
        assert_eq!(shown(&metrics, &registry), expected[3..]);
    }
}
