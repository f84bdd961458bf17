//! An evaluation of shares as tables for a terminal.

use std::fmt::{self, Display, Formatter};

use super::{BeforeAndAfter, Evaluation, Figures, METHODS, SHARES};

/// Characters of a name.
const NAME: usize = 30;

const LEGEND: &str = "\
of each domain the figures are of models and evidence that had left it out; by domain and share in the JSON
mixture_anchored knows human anchors, lang_reiczigel human and machine ones, ppi_plus_plus as many labels of a random sample";

impl Display for Evaluation {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} domains, for each share {} pools of {} documents of each; {} anchors or labels, percent throughout",
            self.domains.len(),
            self.draws,
            self.documents,
            self.anchors
        )?;
        self.table(f, "mean error of the point", |figures| figures.error)?;
        self.table(f, "mean error, signed", |figures| figures.bias)?;
        self.table(f, "intervals that hold the truth", |figures| {
            figures.coverage
        })?;
        write!(f, "{:NAME$}", "  at every share, and lowest")?;
        for of in &self.methods {
            let both = format!("{} / {}", percent(of.coverage), percent(of.lowest_coverage));
            write!(f, " {both:>16}")?;
        }
        writeln!(f)?;
        self.table(f, "mean width of the interval", |figures| figures.width)?;
        writeln!(
            f,
            "\npools called unlike the training's domains: {}",
            percent(self.unlike_training)
        )?;
        self.thresholds(f)?;
        self.calibration(f)?;
        self.domains(f)?;
        writeln!(f, "\n{LEGEND}")
    }
}

impl Evaluation {
    fn table(
        &self,
        f: &mut Formatter<'_>,
        name: &str,
        value: impl Fn(&Figures) -> f64,
    ) -> fmt::Result {
        write!(f, "\n{name:NAME$}")?;
        for method in METHODS {
            write!(f, " {:>16}", method.name())?;
        }
        writeln!(f)?;
        for share in SHARES {
            write!(f, "{:NAME$}", format!("  share {}", percent(share)))?;
            for figures in self.shares.iter().filter(|figures| figures.share == share) {
                write!(f, " {:>16}", percent(value(figures)))?;
            }
            writeln!(f)?;
        }
        Ok(())
    }

    fn thresholds(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for of in &self.thresholds {
            writeln!(
                f,
                "false positives of {} human anchors' threshold for {}: {:.2} on average over {} domains (sd {:.2}), 95% of draws {:.2} to {:.2}",
                of.anchors,
                percent(of.fpr),
                100.0 * of.mean,
                of.domains,
                100.0 * of.sd,
                100.0 * of.low,
                100.0 * of.high
            )?;
        }
        Ok(())
    }

    fn calibration(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let calibration = &self.calibration;
        writeln!(
            f,
            "calibration error of all documents: {}; of these domains pooled: {}; inside one, on average: {}",
            percent(calibration.all),
            both(calibration.pooled),
            both(calibration.inside)
        )
    }

    fn domains(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\n{:NAME$} {:>5} {:>6} {:>7} {:>8} {:>24}",
            "domain", "lang", "human", "machine", "unlike", "calibration error"
        )?;
        for domain in &self.domains {
            writeln!(
                f,
                "{:NAME$} {:>5} {:>6} {:>7} {:>8} {:>24}",
                domain.domain,
                domain.lang,
                domain.human,
                domain.machine,
                percent(domain.unlike_training),
                both(domain.ece)
            )?;
        }
        Ok(())
    }
}

fn percent(share: f64) -> String {
    format!("{:.1}", 100.0 * share)
}

fn both(figure: BeforeAndAfter) -> String {
    let (raw, anchored) = (percent(figure.raw), percent(figure.anchored));
    format!("{raw}, anchored {anchored}")
}
