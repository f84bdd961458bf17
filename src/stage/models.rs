//! The models of a run, loaded and checked before any data is read.

use super::error::StageError;
use crate::config::Config;
use crate::edit::prior::Prior;
use crate::provenance::prior;
use crate::score::classifier::Classifier;
use crate::score::fasttext::FastTextModel;
use crate::score::reference::Reference;

/// Everything that a run computes with, each with its digest.
pub struct Models {
    /// The classifier.
    pub classifier: Classifier,
    /// Human reference profiles.
    pub reference: Reference,
    /// Digest of the reference profiles.
    pub reference_digest: String,
    /// The prior of token editing.
    pub prior: Box<dyn Prior>,
    /// Digest of the prior.
    pub prior_digest: String,
    /// fastText models by name.
    pub fasttext: Vec<(String, FastTextModel)>,
}

impl Models {
    /// Loads every model that the configuration names.
    ///
    /// # Errors
    /// Every model that cannot be read, has another digest than its pin, or is damaged, at once.
    pub fn load(config: &Config) -> Result<Models, StageError> {
        let mut faults = Vec::new();
        let classifier = load_classifier(config).map_err(|e| faults.push(e)).ok();
        let reference = load_reference(config).map_err(|e| faults.push(e)).ok();
        let loaded_prior = prior::load(config).map_err(|e| faults.push(e)).ok();
        let mut fasttext = Vec::new();
        for model in &config.model {
            let loaded = read(&model.path, model.digest.as_deref()).and_then(|bytes| {
                FastTextModel::from_bytes(&bytes, &model.label)
                    .map(|loaded| (model.name.clone(), loaded))
                    .map_err(|e| format!("model {}: {e}", model.path))
            });
            match loaded {
                Ok(model) => fasttext.push(model),
                Err(fault) => faults.push(fault),
            }
        }
        match (classifier, reference, loaded_prior) {
            (
                Some(classifier),
                Some((reference, reference_digest)),
                Some((prior, prior_digest)),
            ) if faults.is_empty() => Ok(Models {
                classifier,
                reference,
                reference_digest,
                prior,
                prior_digest,
                fasttext,
            }),
            _ => Err(StageError::Usage(faults.join("\n"))),
        }
    }
}

/// The bytes of a model file.
///
/// # Errors
/// What is wrong, in words: it cannot be read, or has another digest than its pin.
pub fn read(path: &str, pinned: Option<&str>) -> Result<Vec<u8>, String> {
    let bytes = std::fs::read(path).map_err(|e| format!("cannot read the model {path}: {e}"))?;
    let digest = blake3::hash(&bytes).to_hex().to_string();
    match pinned {
        Some(pinned) if pinned != digest => Err(format!(
            "the model {path} has the digest {digest}, not the pinned {pinned}"
        )),
        _ => Ok(bytes),
    }
}

fn load_classifier(config: &Config) -> Result<Classifier, String> {
    let classifier = match &config.classifier.path {
        None => Classifier::embedded(),
        Some(path) => Classifier::from_bytes(&read(path, None)?)
            .map_err(|e| format!("classifier {path}: {e}"))?,
    };
    match &config.classifier.digest {
        Some(pinned) if pinned != classifier.digest() => Err(format!(
            "the classifier has the digest {}, not that of `classifier.digest`, {pinned}",
            classifier.digest()
        )),
        _ => Ok(classifier),
    }
}

fn load_reference(config: &Config) -> Result<(Reference, String), String> {
    let reference = match &config.profile.reference {
        None => Reference::embedded().clone(),
        Some(path) => Reference::from_bytes(&read(path, None)?)
            .map_err(|e| format!("reference {path}: {e}"))?,
    };
    let digest = blake3::hash(&reference.to_bytes()).to_hex().to_string();
    Ok((reference, digest))
}
