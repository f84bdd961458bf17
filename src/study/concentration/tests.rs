//! Pools of texts whose vocabularies are known: narrower ones are told apart, equal ones are not.

use super::*;

/// Words drawn from `vocabulary`, the first ones most often.
fn text(draws: &mut Draws, vocabulary: usize, words: usize) -> String {
    let word = |_| {
        let rank = draws.below(vocabulary) * draws.below(vocabulary) / vocabulary;
        format!("w{rank}")
    };
    (0..words).map(word).collect::<Vec<_>>().join(" ")
}

/// A study of two domains in which machine text draws from `vocabulary` words, human text from 600, with `versions`
/// machine texts a group.
fn study(vocabulary: usize, versions: usize) -> Study {
    let mut study = Study::default();
    let mut draws = Draws::new(&[5]);
    for group in 0..240 {
        for version in 0..=versions {
            let machine = version > 0;
            let words = if machine { vocabulary } else { 600 };
            study.add(Document {
                text: &text(&mut draws, words, 60 + 9 * version + group % 7),
                machine,
                domain: ["one", "two"][group % 2],
                group: &group.to_string(),
                lang: "en",
            });
        }
    }
    study
}

fn outside(figure: &Figure, sign: f64) -> bool {
    let (found, null) = (figure.machine_less_human, figure.human_less_human);
    if sign < 0.0 {
        found.high < null.low
    } else {
        found.low > null.high
    }
}

#[test]
fn a_narrow_vocabulary_is_concentrated() {
    let evaluation = study(150, 1).finish(100);
    let all = &evaluation.pools[0];
    assert_eq!(
        (all.domain.as_ref(), all.human, all.machine),
        (None, 240, 240)
    );
    for (figure, sign) in all.figures.iter().zip([-1.0, 1.0, 1.0, 1.0, 1.0]) {
        assert!(outside(figure, sign), "{figure:?}");
    }
}

#[test]
fn the_same_text_is_not_told_apart_however_many_versions_there_are() {
    for pool in study(600, 4).finish(200).pools {
        for figure in pool.figures {
            let Difference { low, high, .. } = figure.machine_less_human;
            assert!(low < 0.0 && high > 0.0, "{figure:?}");
            let Difference { low, high, .. } = figure.human_less_human;
            assert!(low < 0.0 && high > 0.0, "{figure:?}");
        }
    }
}

#[test]
fn pools_of_a_draw_are_of_one_size_and_domains_weigh_by_their_text() {
    let study = study(150, 1);
    let domains: Vec<&Domain> = study.domains.values().collect();
    let sizes = |domains: &[&Domain]| {
        let mut pools: [Counts; POOLS] = Default::default();
        for (place, domain) in domains.iter().enumerate() {
            domain.count(Draws::new(&[place, 3]), &mut pools);
        }
        pools.map(|counts| counts.ngrams)
    };
    let (both, first) = (sizes(&domains), sizes(&domains[..1]));
    for sizes in [both, first] {
        assert!(sizes[HUMAN] > 1000);
        assert_eq!([sizes[OTHER_HUMAN], sizes[MACHINE]], [sizes[HUMAN]; 2]);
    }
    assert!(both[HUMAN] > first[HUMAN]);
}

#[test]
fn a_domain_of_groups_of_one_label_is_in_no_pool() {
    let mut study = study(150, 1);
    for domain in study.domains.values_mut() {
        for labels in domain.groups.values_mut() {
            labels[1].clear();
        }
    }
    assert_eq!(study.finish(10).pools, []);
}
