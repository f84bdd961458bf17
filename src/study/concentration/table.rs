//! An evaluation of concentration as a table for a terminal.

use std::fmt::{self, Display, Formatter};

use super::{Difference, Evaluation, Pool};

const LEGEND: &str = "\
one human and one machine text a group, of the same length; kl and js to a third human pool, in bits
a difference whose interval leaves 0 out is more than chance; human less human shows what chance does";

impl Display for Evaluation {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} draws, mean and 95% interval", self.draws)?;
        for pool in &self.pools {
            writeln!(f)?;
            pool.fmt(f)?;
        }
        writeln!(f, "\n{LEGEND}")
    }
}

impl Display for Pool {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let domain = self.domain.as_deref().unwrap_or("all domains");
        writeln!(
            f,
            "{} {domain}: {} groups of {} human and {} machine documents, pools of {} n-grams",
            self.lang, self.groups, self.human, self.machine, self.ngrams
        )?;
        writeln!(
            f,
            "  {:<14} {:>9} {:>30} {:>30}",
            "", "human", "machine less human", "human less human"
        )?;
        for figure in &self.figures {
            writeln!(
                f,
                "  {:<14} {:>9.4} {:>30} {:>30}",
                figure.name,
                figure.human,
                figure.machine_less_human.to_string(),
                figure.human_less_human.to_string()
            )?;
        }
        Ok(())
    }
}

impl Display for Difference {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{:+.4} [{:+.4}, {:+.4}]", self.mean, self.low, self.high)
    }
}
