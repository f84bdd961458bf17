//! The editor: draws tokens anew where a prior finds them all too likely (ToEdit and better).
//!
//! Zhu et al., *How to Synthesize Text Data without Model Collapse?*, ICML 2025, algorithm 1: a token whose
//! probability after the original left context is at least a threshold is drawn anew from the prior's top
//! k; all others stay. An edit here is a splice: every byte outside a changed token is the input's byte, one
//! word takes the place of one word, and the draw depends on text, prior, settings and seed alone.

mod calibrate;
pub mod prior;
mod surprise;
#[cfg(test)]
mod tests;

use std::ops::{ControlFlow, Range};

use xxhash_rust::xxh3::xxh3_64_with_seed;

pub use calibrate::ProbabilitySketch;
use prior::{Continuation, Outlook, Prior, PriorError, Token};
pub use surprise::{Surprise, surprise};

/// How the editor edits.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Probability in \[0, 1\] at or above which an editable token is eligible.
    pub threshold: f64,
    /// How many of the prior's likeliest continuations a draw chooses among.
    pub top_k: u32,
    /// Temperature of the draw: weights are p^(1/temperature); at 0 the likeliest is taken.
    pub temperature: f64,
    /// Whether the original token is left out of the draw, so that each draw changes the text.
    pub exclude_original: bool,
    /// Whether a text in which nothing changed has its likeliest editable token drawn anew.
    pub at_least_one: bool,
}

impl Default for Settings {
    /// Everything but the threshold, which belongs to prior and data (see [`ProbabilitySketch`]).
    fn default() -> Settings {
        Settings {
            threshold: 0.99,
            top_k: 8,
            temperature: 1.0,
            exclude_original: true,
            at_least_one: true,
        }
    }
}

impl Settings {
    /// The paper's rule: 0.99, top 8, temperature 1, the original allowed, nothing forced.
    pub fn paper() -> Settings {
        Settings {
            exclude_original: false,
            at_least_one: false,
            ..Settings::default()
        }
    }
}

/// A text after editing, and what was done to it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Edited {
    /// The text, equal to the input outside the changed tokens.
    pub text: String,
    /// The changed tokens in order: byte range in the original, byte range in `text`.
    pub spans: Vec<(Range<usize>, Range<usize>)>,
    /// Tokens of the text as the prior cuts it, editable or not.
    pub tokens: u64,
    /// Editable tokens with P >= threshold.
    pub eligible: u64,
    /// Tokens drawn anew, a forced one included.
    pub resampled: u64,
    /// Tokens drawn anew and different.
    pub changed: u64,
    /// Whether the one changed token was below the threshold or drawn twice, for `at_least_one`.
    pub forced: bool,
}

impl Edited {
    /// Where parts of the original, in order and apart, are in the edited text.
    ///
    /// Nothing if a changed token reaches over the end of a part: no token does where parts are lines.
    pub fn parts(&self, parts: &[Range<usize>]) -> Option<Vec<Range<usize>>> {
        let mut spans = self.spans.iter().peekable();
        // What a place behind all spans so far has moved by, as the end of the last one in both texts.
        let mut last = (0, 0);
        let mut placed = Vec::with_capacity(parts.len());
        for part in parts {
            while let Some((from, to)) = spans.next_if(|(from, _)| from.end <= part.start) {
                last = (from.end, to.end);
            }
            let start = last.1 + part.start.checked_sub(last.0)?;
            while let Some((from, to)) = spans.next_if(|(from, _)| from.end <= part.end) {
                if from.start < part.start {
                    return None;
                }
                last = (from.end, to.end);
            }
            if spans.peek().is_some_and(|(from, _)| from.start < part.end) {
                return None;
            }
            placed.push(start..last.1 + (part.end - last.0));
        }
        Some(placed)
    }
}

/// Edits one text. In a language that the prior does not know the text comes back as it is.
pub fn edit(
    text: &str,
    lang: &str,
    prior: &dyn Prior,
    settings: &Settings,
    seed: u64,
) -> Result<Edited, PriorError> {
    let mut pass = Pass {
        text,
        settings,
        seed,
        edited: Edited::default(),
        splices: Vec::new(),
        likeliest: Likeliest::default(),
    };
    prior.walk(lang, text, &mut |token, outlook| {
        pass.see(token, outlook);
        ControlFlow::Continue(())
    })?;
    if settings.at_least_one && pass.splices.is_empty() {
        pass.force();
    }
    let Pass {
        mut edited,
        splices,
        ..
    } = pass;
    edited.changed = splices.len() as u64;
    (edited.text, edited.spans) = splice(text, splices);
    Ok(edited)
}

/// One walk of the editor over a text.
struct Pass<'a> {
    text: &'a str,
    settings: &'a Settings,
    seed: u64,
    /// Counts so far; text and spans are filled in at the end.
    edited: Edited,
    splices: Vec<(Range<usize>, String)>,
    likeliest: Likeliest,
}

/// The likeliest editable token so far that has an alternative, the first among equals.
#[derive(Default)]
struct Likeliest {
    probability: f64,
    span: Range<usize>,
    others: Vec<Continuation>,
    resampled: bool,
}

impl Pass<'_> {
    fn see(&mut self, token: &Token, outlook: &dyn Outlook) {
        self.edited.tokens += 1;
        if !token.editable {
            return;
        }
        let eligible = token.probability >= self.settings.threshold;
        self.edited.eligible += u64::from(eligible);
        let resampled = eligible && self.resample(token, outlook);
        let wanted = self.settings.at_least_one && self.splices.is_empty();
        if wanted && token.probability > self.likeliest.probability {
            let others = self.choices(token, outlook, true);
            if !others.is_empty() {
                let (probability, span) = (token.probability, token.span.clone());
                self.likeliest = Likeliest {
                    probability,
                    span,
                    others,
                    resampled,
                };
            }
        }
    }

    /// Draws an eligible token anew; false where the prior has nothing to draw.
    fn resample(&mut self, token: &Token, outlook: &dyn Outlook) -> bool {
        let choices = self.choices(token, outlook, self.settings.exclude_original);
        let drawn = draw(
            choices,
            self.settings.temperature,
            self.seed,
            token.span.start,
        );
        let Some(word) = drawn else { return false };
        self.edited.resampled += 1;
        if word != self.text[token.span.clone()] {
            self.splices.push((token.span.clone(), word));
        }
        true
    }

    /// Draws the likeliest token anew, the original excluded. Its own random number, since with the original
    /// allowed it may have been drawn already.
    fn force(&mut self) {
        let Likeliest {
            span,
            others,
            resampled,
            ..
        } = std::mem::take(&mut self.likeliest);
        if let Some(word) = draw(others, self.settings.temperature, !self.seed, span.start) {
            self.edited.forced = true;
            self.edited.resampled += u64::from(!resampled);
            self.splices.push((span, word));
        }
    }

    /// The top k to draw among; one more is asked for where the original is to be taken out.
    fn choices(&self, token: &Token, outlook: &dyn Outlook, exclude: bool) -> Vec<Continuation> {
        let top_k = self.settings.top_k as usize;
        let mut top = outlook.top(top_k.saturating_add(usize::from(exclude)));
        if exclude {
            top.retain(|c| c.text != self.text[token.span.clone()]);
        }
        top.truncate(top_k);
        top
    }
}

/// Whether a text has at least one token that [`edit`] could change; stops at the first.
pub fn is_editable(text: &str, lang: &str, prior: &dyn Prior) -> Result<bool, PriorError> {
    let mut found = false;
    prior.walk(lang, text, &mut |token, outlook| {
        found = token.editable && token.probability > 0.0 && outlook.has_alternative();
        if found {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    })?;
    Ok(found)
}

/// Draws one of `choices` with weights p^(1/temperature); the random number is a hash of seed and place.
fn draw(
    mut choices: Vec<Continuation>,
    temperature: f64,
    seed: u64,
    place: usize,
) -> Option<String> {
    let likeliest = choices.first()?.probability;
    let weight = |c: &Continuation| {
        if temperature <= 0.0 || likeliest <= 0.0 {
            f64::from(u8::from(c.probability >= likeliest))
        } else {
            libm::pow(c.probability / likeliest, 1.0 / temperature)
        }
    };
    let total: f64 = choices.iter().map(weight).sum();
    let random = xxh3_64_with_seed(&(place as u64).to_le_bytes(), seed);
    let mut left = (random >> 11) as f64 / (1u64 << 53) as f64 * total;
    let last = choices.len() - 1;
    let chosen = choices.iter().position(|c| {
        left -= weight(c);
        left < 0.0
    });
    Some(choices.swap_remove(chosen.unwrap_or(last)).text)
}

type Spans = Vec<(Range<usize>, Range<usize>)>;

fn splice(text: &str, splices: Vec<(Range<usize>, String)>) -> (String, Spans) {
    let mut out = String::with_capacity(text.len() + 8 * splices.len());
    let mut spans = Vec::with_capacity(splices.len());
    let mut at = 0;
    for (span, word) in splices {
        out.push_str(&text[at..span.start]);
        let start = out.len();
        out.push_str(&word);
        at = span.end;
        spans.push((span, start..out.len()));
    }
    out.push_str(&text[at..]);
    (out, spans)
}
