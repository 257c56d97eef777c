//! Medians of what was measured, as tables for people.

use std::collections::BTreeMap;

use crate::Measured;
use crate::stages::STAGES;

/// What was measured, by version and case.
#[derive(Default)]
pub struct Figures(BTreeMap<(&'static str, &'static str), Vec<Measured>>);

impl Figures {
    pub fn add(&mut self, version: &'static str, case: &'static str, measured: Measured) {
        self.0.entry((version, case)).or_default().push(measured);
    }

    pub fn print(&self) {
        println!(
            "Medians. Cold: the build has no layers in its cache. From the second Function of a runtime on, the node has the base image.\n"
        );
        println!(
            "| Function | cold s | by hand s | changed line s | by hand s | build CPU s | build peak MiB | image MB |"
        );
        println!("|---|---|---|---|---|---|---|---|");
        for ((version, case), rounds) in &self.0 {
            let of = |figure: &dyn Fn(&Measured) -> f64| median(rounds.iter().map(figure));
            println!(
                "| {case} ({version}) | {:.1} | {:.1} | {:.1} | {:.1} | {:.1} | {:.0} | {:.1} |",
                of(&|round| round.cold.total()),
                of(&|round| round.cold_by_hand),
                of(&|round| round.warm.total()),
                of(&|round| round.warm_by_hand),
                of(&|round| round.usage.0),
                of(&|round| round.usage.1),
                of(&|round| round.image)
            );
        }
        self.print_stages();
    }

    /// A line for each stage, two columns for each case.
    fn print_stages(&self) {
        let heads: Vec<_> =
            self.0.keys().map(|(version, case)| format!("{case} ({version}), cold | changed line")).collect();
        println!("\n| stage, seconds | works | {} |", heads.join(" | "));
        println!("|---|---|{}", "---|---|".repeat(heads.len()));
        for (index, (stage, works)) in STAGES.iter().enumerate() {
            let columns = self.0.values().flat_map(|rounds| {
                let cold = median(rounds.iter().map(|round| round.cold.seconds[index]));
                let warm = median(rounds.iter().map(|round| round.warm.seconds[index]));
                [cold, warm]
            });
            let columns: Vec<_> = columns.map(|seconds| format!("{seconds:.2}")).collect();
            println!("| {stage} | {works} | {} |", columns.join(" | "));
        }
    }
}

fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<_> = figures.collect();
    figures.sort_by(f64::total_cmp);
    let middle = figures.len() / 2;
    if figures.len() % 2 == 1 { figures[middle] } else { f64::midpoint(figures[middle - 1], figures[middle]) }
}
