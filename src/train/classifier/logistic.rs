//! Logistic regression on presence features by AdaGrad (Duchi, Hazan and Singer, JMLR 2011).
//!
//! One thread, one order: floating-point sums are the same on every machine.

use super::TrainOptions;
use super::rows::Rows;
use crate::score::classifier::FeatureSpace;
use crate::text::normalise::mix;

/// Keeps the first step of a weight finite.
const EPSILON: f32 = 1e-8;

/// L2 of the intercepts of domains. Less makes probabilities truer inside a domain, and finds less
/// across domains at one threshold; the model's card has the table.
const INTERCEPT_L2: f32 = 0.02;

/// Weights (one a slot) and bias of a model trained on `chosen` rows.
///
/// A crop is a vector of its distinct slots, each of value 1 / sqrt(their number). Every domain of
/// every language has an intercept of its own, which is thrown away: what tells one register from
/// another, but nothing about who wrote in it, is not for the weights to learn.
pub(super) fn fit(
    rows: &Rows<'_>,
    chosen: &[usize],
    space: &FeatureSpace,
    options: &TrainOptions,
) -> (Vec<f32>, f64) {
    let mut state = vec![Weight::default(); space.slots_len()];
    let mut bias = Weight::default();
    let registers = rows.registers();
    let most = registers.iter().max().map_or(0, |&last| last + 1);
    let mut intercepts = vec![Weight::default(); most];
    let mut order: Vec<(usize, usize)> = chosen
        .iter()
        .flat_map(|&row| (0..rows.crops(row).len()).map(move |crop| (row, crop)))
        .collect();
    for epoch in 0..options.epochs {
        let salt = mix(options.seed ^ mix(u64::from(epoch) + 1));
        order.sort_unstable_by_key(|&(row, crop)| mix(salt ^ ((row as u64) << 8 | crop as u64)));
        for &(row, crop) in &order {
            let slots = &rows.crops(row)[crop];
            let value = 1.0 / (slots.len() as f32).sqrt();
            let sum: f32 = slots.iter().map(|&slot| state[slot as usize].value).sum();
            let intercept = &mut intercepts[registers[row]];
            let logit = f64::from(bias.value + intercept.value + sum * value);
            let probability = 1.0 / (1.0 + libm::exp(-logit));
            let error = probability - f64::from(u8::from(rows.machine(row)));
            let slope = (error * rows.weight(row)) as f32;
            bias.step(slope, options.rate);
            intercept.step(slope + INTERCEPT_L2 * intercept.value, options.rate);
            for &slot in slots {
                let weight = &mut state[slot as usize];
                weight.step(slope * value + options.l2 * weight.value, options.rate);
            }
        }
    }
    let weights = state.iter().map(|weight| weight.value).collect();
    (weights, f64::from(bias.value))
}

/// A weight beside the sum of its squared gradients: one cache line serves both.
#[derive(Clone, Copy, Default)]
struct Weight {
    value: f32,
    squares: f32,
}

impl Weight {
    fn step(&mut self, gradient: f32, rate: f32) {
        self.squares += gradient * gradient;
        self.value -= rate * gradient / (self.squares.sqrt() + EPSILON);
    }
}
