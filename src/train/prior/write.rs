//! Writes the file of `edit::prior::layout`: back-off weights, sections, header and digest.

use super::estimate::Model;
use super::select::{Listed, Selection};
use crate::edit::prior::layout::{self, BLOCK, CODE, ENTRY, HEADER};

/// The bytes of one language's section.
pub(super) fn section(model: &Model, listed: &Selection) -> Vec<u8> {
    let words = &model.words;
    let (firsts, word_weights) = word_contexts(model, listed);
    let (counts, pair_weights) = pair_contexts(model, listed, &firsts, &word_weights);
    let letters: usize = words.iter().map(|w| w.spelling.len()).sum();
    let mut out = Vec::new();
    for count in [
        words.len(),
        letters,
        listed.pairs.len(),
        listed.triples.len(),
    ] {
        out.extend((count as u32).to_le_bytes());
    }
    out.extend(words.iter().map(|w| w.spelling.len() as u8));
    out.extend(words.iter().map(|w| w.flags));
    out.extend(words.iter().flat_map(|w| w.code.to_le_bytes()));
    out.extend(&word_weights);
    out.extend(words.iter().flat_map(|w| w.spelling.bytes()));
    out.extend(firsts.iter().flat_map(|first| first.to_le_bytes()));
    out.extend(listed.pairs.iter().flat_map(|p| p.word.to_le_bytes()));
    out.extend(listed.pairs.iter().map(|p| p.code));
    out.extend(&pair_weights);
    out.extend(&counts);
    let mut first = 0u32;
    for block in counts.chunks(BLOCK) {
        out.extend(first.to_le_bytes());
        first += block.iter().map(|&n| u32::from(n)).sum::<u32>();
    }
    out.extend(listed.triples.iter().flat_map(|t| t.word.to_le_bytes()));
    out.extend(listed.triples.iter().map(|t| t.code));
    out
}

/// First pair of each word (and the end), and the code of each word's back-off weight.
fn word_contexts(model: &Model, listed: &Selection) -> (Vec<u32>, Vec<u8>) {
    let mut firsts = Vec::with_capacity(model.words.len() + 1);
    let mut weights = Vec::with_capacity(model.words.len());
    let mut at = 0;
    for word in 0..model.words.len() as u32 {
        firsts.push(at as u32);
        let end = at + listed.pairs[at..].partition_point(|p| p.context == word);
        let inside = &listed.pairs[at..end];
        weights.push(weight(inside, |p| model.words[usize::from(p.word)].single));
        at = end;
    }
    firsts.push(at as u32);
    (firsts, weights)
}

/// How many triples lie under each pair, and the code of its back-off weight.
fn pair_contexts(
    model: &Model,
    listed: &Selection,
    firsts: &[u32],
    word_weights: &[u8],
) -> (Vec<u8>, Vec<u8>) {
    let mut counts = Vec::with_capacity(listed.pairs.len());
    let mut weights = Vec::with_capacity(listed.pairs.len());
    let mut at = 0;
    for pair in &listed.pairs {
        let context = pair.context << 16 | u32::from(pair.word);
        let end = at + listed.triples[at..].partition_point(|t| t.context == context);
        let inside = &listed.triples[at..end];
        let v = usize::from(pair.word);
        let lower = &listed.pairs[firsts[v] as usize..firsts[v + 1] as usize];
        counts.push(inside.len() as u8);
        weights.push(weight(inside, |t| {
            match lower.binary_search_by_key(&t.word, |p| p.word) {
                Ok(i) => layout::probability(lower[i].code),
                Err(_) => {
                    layout::backoff(word_weights[v]) * model.words[usize::from(t.word)].single
                }
            }
        }));
        at = end;
    }
    (counts, weights)
}

/// What is left over the listed words, by what the lower order leaves over them: each as it is stored.
fn weight(inside: &[Listed], lower: impl Fn(&Listed) -> f64) -> u8 {
    let taken: f64 = inside.iter().map(|n| layout::probability(n.code)).sum();
    let covered: f64 = inside.iter().map(lower).sum();
    if covered >= 1.0 - 1e-9 {
        return 0;
    }
    layout::backoff_code((1.0 - taken) / (1.0 - covered))
}

/// The whole file of sections that come in order of their codes.
pub(super) fn file(sections: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut body = Vec::new();
    let mut offset = HEADER + ENTRY * sections.len();
    for (code, section) in sections {
        let mut padded = [0; CODE];
        padded[..code.len()].copy_from_slice(code.as_bytes());
        body.extend(padded);
        body.extend((offset as u64).to_le_bytes());
        body.extend((section.len() as u64).to_le_bytes());
        offset += section.len();
    }
    for (_, section) in sections {
        body.extend(section);
    }
    let mut out = Vec::with_capacity(HEADER + body.len());
    out.extend(layout::MAGIC);
    out.extend(layout::VERSION.to_le_bytes());
    out.extend((sections.len() as u32).to_le_bytes());
    out.extend(((HEADER + body.len()) as u64).to_le_bytes());
    out.extend(blake3::hash(&body).as_bytes());
    out.extend(body);
    out
}
