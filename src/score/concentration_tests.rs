//! Profiles count what a plain count counts, come back from bytes, and measure known distributions.

use proptest::prelude::*;

use super::*;

fn counts_of(texts: &[&str]) -> Counts {
    let mut scan = Scan::default();
    let mut counts = Counts::default();
    for text in texts {
        scan.read(text);
        counts.add(&scan);
    }
    counts
}

fn with_counts(counts: Vec<u64>) -> Counts {
    Counts {
        ngrams: counts.iter().sum(),
        counts,
        documents: 1,
    }
}

#[test]
fn words_and_pairs_are_counted_in_their_buckets() {
    let counts = counts_of(&["a b a", "", "c"]);
    assert_eq!((counts.ngrams, counts.documents), (3 + 2 + 1, 3));
    let hash = |word: &str| crate::text::word_hash(word.as_bytes());
    let mut plain = vec![0; BUCKETS];
    for key in [hash("a"), hash("b"), hash("a"), hash("c")] {
        plain[bucket(key)] += 1;
    }
    for (first, second) in [("a", "b"), ("b", "a")] {
        plain[bucket(pair_hash(hash(first), hash(second)))] += 1;
    }
    assert_eq!(counts.counts(), plain);
}

#[test]
fn buckets_fill_evenly() {
    let text: String = (0..200_000).map(|n| format!("w{n} ")).collect();
    let shape = counts_of(&[&text]).shape().unwrap();
    // 40 a bucket at random (200,000 words and as many pairs): a Poisson sample's entropy lies 1/(2*40*ln 2) bits under the maximum.
    assert!(
        (shape.entropy - (libm::log2(1e4) - 0.018)).abs() < 0.005,
        "{shape:?}"
    );
}

#[test]
fn shapes_of_known_distributions() {
    let even = with_counts(vec![3; BUCKETS]).shape().unwrap();
    assert!((even.entropy - libm::log2(1e4)).abs() < 1e-9);
    assert!(even.gini.abs() < 1e-9);
    assert!((even.top_1_percent - 0.01).abs() < 1e-9);
    let mut one = vec![0; BUCKETS];
    one[17] = 5;
    let one = with_counts(one).shape().unwrap();
    assert_eq!(one.entropy, 0.0);
    assert!((one.gini - (1.0 - 1e-4)).abs() < 1e-9);
    assert_eq!(one.top_1_percent, 1.0);
    assert_eq!(Counts::default().shape(), None);
}

#[test]
fn a_pool_is_near_itself_and_far_from_another() {
    let human = counts_of(&["the cat sat on the mat and the dog lay by the door"]);
    let reference = ReferenceLanguage::of(&human);
    let same = human.divergence(&reference).unwrap();
    assert!(same.kl.abs() < 1e-6 && same.js.abs() < 1e-6, "{same:?}");
    let other = counts_of(&["one fish two fish red fish blue fish"])
        .divergence(&reference)
        .unwrap();
    assert!(other.kl > 1e-4 && other.js > 1e-4, "{other:?}");
    assert_eq!(Counts::default().divergence(&reference), None);
}

#[test]
fn log_importance_is_the_mean_of_the_papers_log_ratios() {
    let human = counts_of(&["the cat sat on the mat", "a dog and a cat"]);
    let source = counts_of(&["as a model i can not sit", "the mat is a mat"]);
    let reference = ReferenceLanguage::of(&human);
    let ratios = LogRatios::new(&reference, &source);
    let mut scan = Scan::default();
    scan.read("the cat is a model");
    let human: Vec<f64> = reference.probabilities().collect();
    let source: Vec<f64> = source.probabilities().collect();
    let logs: Vec<f64> = buckets(&scan)
        .map(|b| ((human[b] + 1e-8) / (source[b] + 1e-8)).ln())
        .collect();
    assert_eq!(logs.len(), 9);
    let mean = logs.iter().sum::<f64>() / 9.0;
    assert!((ratios.mean(&scan).unwrap() - mean).abs() < 1e-6);
    scan.read("");
    assert_eq!(ratios.mean(&scan), None);
}

#[test]
fn damaged_bytes_are_errors() {
    let mut profile = Profile::default();
    profile.of_mut("en").merge(&counts_of(&["some words here"]));
    let bytes = profile.to_bytes();
    assert_eq!(Profile::from_bytes(b"PAR1"), Err(ProfileError::Foreign));
    let mut other = bytes.clone();
    other[8] = 7;
    assert_eq!(
        Profile::from_bytes(&other),
        Err(ProfileError::Version { found: 7 })
    );
    for length in [8, 9, 10, 12, bytes.len() - 1] {
        assert_eq!(
            Profile::from_bytes(&bytes[..length]),
            Err(ProfileError::Damaged),
            "{length}"
        );
    }
    let longer = [bytes, vec![0]].concat();
    assert_eq!(Profile::from_bytes(&longer), Err(ProfileError::Damaged));
}

proptest! {
    #[test]
    fn log_importance_is_its_twin(
        human in "([a-eé漢ж]{1,3} ){0,60}",
        source in "([a-eé漢ж]{1,3} ){0,60}",
        text in "([a-eé漢ж]{1,3} ){1,60}",
    ) {
        let (human, source) = (counts_of(&[&human]), counts_of(&[&source]));
        let reference = ReferenceLanguage::of(&human);
        let mut scan = Scan::default();
        scan.read(&text);
        let human: Vec<f64> = reference.probabilities().collect();
        let (mut sum, mut ngrams) = (0.0, 0u32);
        let words = scan.word_hashes();
        for (place, &word) in words.iter().enumerate() {
            let pair = words.get(place + 1).map(|&next| pair_hash(word, next));
            for hash in [Some(word), pair].into_iter().flatten() {
                let at = ((u128::from(hash >> 32) * BUCKETS as u128) >> 32) as usize;
                let p = (source.counts()[at] + 1) as f64 / (source.ngrams + 10_000) as f64;
                sum += ((human[at] + 1e-8) / (p + 1e-8)).ln();
                ngrams += 1;
            }
        }
        let found = LogRatios::new(&reference, &source).mean(&scan).unwrap();
        prop_assert!((found - sum / f64::from(ngrams)).abs() < 1e-6);
    }

    #[test]
    fn profiles_merge_and_come_back(texts in prop::collection::vec("[a-c é]{0,20}", 0..6)) {
        let langs = ["en", "fr"];
        let (mut whole, mut first, mut second) =
            (Profile::default(), Profile::default(), Profile::default());
        let mut scan = Scan::default();
        for (place, text) in texts.iter().enumerate() {
            scan.read(text);
            let lang = (place % 3 < 2).then(|| langs[place % 3]);
            whole.add(lang, &scan);
            if place < 3 { first.add(lang, &scan) } else { second.add(lang, &scan) }
        }
        second.merge(first);
        prop_assert_eq!(&second, &whole);
        prop_assert_eq!(Profile::from_bytes(&whole.to_bytes()), Ok(whole));
    }

    #[test]
    fn numbers_of_any_size_come_back(number in any::<u64>()) {
        let mut bytes = Vec::new();
        put(&mut bytes, number);
        let mut rest = bytes.as_slice();
        prop_assert_eq!(take(&mut rest), Some(number));
        prop_assert!(rest.is_empty());
    }

    #[test]
    fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        let mut whole = MAGIC.to_vec();
        whole.push(VERSION);
        whole.extend(bytes);
        let _ = Profile::from_bytes(&whole);
    }
}
