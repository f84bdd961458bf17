//! From what the pools hold to the size of the mix and each part's target.
//!
//! With `h`, `s`, `y`, `v` the shares of human, semi-synthetic, synthetic and unverified text and
//! `T` the total: human text serves the human part and, edited, what given semi-synthetic
//! documents leave open. Where each human document is used once, `hT + max(0, sT - given)` cannot
//! exceed the human pool, nor `sT - given` its editable part.

use serde::{Deserialize, Serialize};

/// What each pool holds, in the unit: its sum without copies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capacity {
    /// Human documents.
    pub human: u64,
    /// Those of them that may be edited.
    pub editable: u64,
    /// Documents that came in as semi-synthetic.
    pub given_semi: u64,
    /// Machine-written documents.
    pub synthetic: u64,
    /// Unverified documents, where they are a part of their own.
    pub unverified: u64,
}

/// Shares of the mix; they sum to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Shares {
    /// Human documents as they are.
    pub human: f64,
    /// Edited documents.
    pub semi_synthetic: f64,
    /// Machine-written documents.
    pub synthetic: f64,
    /// Unverified documents.
    pub unverified: f64,
}

/// The target of each pool, in the unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allocation {
    /// Size of the mix.
    pub total: u64,
    /// Human documents as they are.
    pub human: u64,
    /// Variants to be made.
    pub variant: u64,
    /// Given semi-synthetic documents.
    pub given_semi: u64,
    /// Machine-written documents.
    pub synthetic: u64,
    /// Unverified documents.
    pub unverified: u64,
    /// How much of the human pool is set aside as bases of variants.
    pub bases: u64,
}

/// Why a target cannot be met, and the nearest that can.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Refusal {
    /// What was asked: the total (none: the largest).
    pub asked_total: Option<u64>,
    /// What was asked: the shares.
    pub asked: Shares,
    /// What the pools hold.
    pub pools: Capacity,
    /// Parts that nothing can be drawn for.
    pub empty: Vec<String>,
    /// The nearest shares that work.
    pub nearest: Option<Shares>,
    /// The largest total with those shares.
    pub nearest_total: u64,
}

/// Copies that each use of a document may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copies {
    /// As itself.
    pub plain: u32,
    /// As a variant.
    pub variant: u32,
    /// Each human document serves one of the two only.
    pub disjoint: bool,
}

impl Shares {
    /// Scales parts so that they sum to 1; none if they sum to 0.
    pub fn of_parts(parts: [f64; 4]) -> Option<Shares> {
        let sum: f64 = parts.iter().sum();
        (sum > 0.0).then(|| Shares {
            human: parts[0] / sum,
            semi_synthetic: parts[1] / sum,
            synthetic: parts[2] / sum,
            unverified: parts[3] / sum,
        })
    }

    fn parts(self) -> [f64; 4] {
        [
            self.human,
            self.semi_synthetic,
            self.synthetic,
            self.unverified,
        ]
    }
}

/// Allocates a mix of these shares; `total` none asks for the largest that needs no copies.
///
/// # Errors
/// A [`Refusal`] if a part's pool is empty or the total exceeds what the most copies give.
pub fn allocate(
    shares: Shares,
    total: Option<u64>,
    pools: Capacity,
    copies: Copies,
) -> Result<Allocation, Box<Refusal>> {
    let largest = match total {
        None => Copies {
            plain: 1,
            variant: 1,
            ..copies
        },
        Some(_) => copies,
    };
    let limit = largest_total(shares, pools, largest);
    match total {
        None if limit >= 1.0 => Ok(targets(shares, limit as u64, pools, largest)),
        Some(asked) if asked as f64 <= limit => Ok(targets(shares, asked, pools, largest)),
        _ => Err(Box::new(refuse(shares, total, pools, largest))),
    }
}

fn largest_total(shares: Shares, pools: Capacity, copies: Copies) -> f64 {
    let per = |count: f64, share: f64| {
        if share > 0.0 {
            count / share
        } else {
            f64::INFINITY
        }
    };
    let plain = f64::from(copies.plain);
    let variant = f64::from(copies.variant);
    let given = pools.given_semi as f64 * plain;
    let editable = pools.editable as f64 * variant;
    let human = pools.human as f64 * plain;
    let (h, s) = (shares.human, shares.semi_synthetic);
    let semi_alone = per(given, s);
    let written = if !copies.disjoint {
        per(human, h).min(per(given + editable, s))
    } else if per(human, h) <= semi_alone {
        per(human, h)
    } else {
        per(human + given, h + s).min(per(given + editable, s))
    };
    written
        .min(per(pools.synthetic as f64 * plain, shares.synthetic))
        .min(per(pools.unverified as f64 * plain, shares.unverified))
}

fn targets(shares: Shares, total: u64, pools: Capacity, copies: Copies) -> Allocation {
    let [human, semi, synthetic, unverified] = apportion(shares, total);
    let given_semi = semi.min(pools.given_semi.saturating_mul(u64::from(copies.plain)));
    let variant = semi - given_semi;
    let bases = match u128::from(human) + u128::from(variant) {
        0 => 0,
        _ if !copies.disjoint => 0,
        used => {
            let part = u128::from(pools.human) * u128::from(variant) / used;
            pools.editable.min(part as u64)
        }
    };
    Allocation {
        total,
        human,
        variant,
        given_semi,
        synthetic,
        unverified,
        bases,
    }
}

/// Whole numbers that sum to `total`, nearest to the shares (largest remainder).
fn apportion(shares: Shares, total: u64) -> [u64; 4] {
    let exact = shares.parts().map(|share| share * total as f64);
    let mut whole = exact.map(|x| x as u64);
    let mut order = [0, 1, 2, 3];
    order.sort_by(|&a, &b| {
        let rest = |i: usize| exact[i] - whole[i] as f64;
        rest(b).total_cmp(&rest(a)).then(a.cmp(&b))
    });
    let mut missing = total.saturating_sub(whole.iter().sum());
    for index in order {
        if missing > 0 && exact[index] > 0.0 {
            whole[index] += 1;
            missing -= 1;
        }
    }
    whole
}

fn refuse(asked: Shares, total: Option<u64>, pools: Capacity, copies: Copies) -> Refusal {
    let mut parts = asked.parts();
    let holds = [
        pools.human,
        pools.given_semi + pools.editable,
        pools.synthetic,
        pools.unverified,
    ];
    let names = ["human", "semi_synthetic", "synthetic", "unverified"];
    let mut empty = Vec::new();
    for i in 0..4 {
        if parts[i] > 0.0 && holds[i] == 0 {
            empty.push(names[i].to_owned());
            parts[i] = 0.0;
        }
    }
    let nearest = Shares::of_parts(parts);
    Refusal {
        asked_total: total,
        asked,
        pools,
        empty,
        nearest,
        nearest_total: nearest.map_or(0, |shares| largest_total(shares, pools, copies) as u64),
    }
}

impl std::error::Error for Refusal {}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let percent = |s: Shares| {
            format!(
                "human={:.2} semi_synthetic={:.2} synthetic={:.2}{}",
                s.human * 100.0,
                s.semi_synthetic * 100.0,
                s.synthetic * 100.0,
                if s.unverified > 0.0 {
                    format!(" unverified={:.2}", s.unverified * 100.0)
                } else {
                    String::new()
                }
            )
        };
        write!(f, "the target cannot be met: asked {}", percent(self.asked))?;
        if let Some(total) = self.asked_total {
            write!(f, " with a total of {total}")?;
        }
        let p = &self.pools;
        write!(
            f,
            "; the pools hold human {} (editable {}), semi_synthetic {}, synthetic {}, unverified {}",
            p.human, p.editable, p.given_semi, p.synthetic, p.unverified
        )?;
        if !self.empty.is_empty() {
            write!(f, "; nothing to draw for {}", self.empty.join(", "))?;
        }
        match self.nearest {
            Some(shares) => write!(
                f,
                "; the nearest target that works: {} with a total of {}",
                percent(shares),
                self.nearest_total
            ),
            None => write!(f, "; no mix can be made of these pools"),
        }
    }
}
