//! What a result was made from, part by part.
//!
//! A stage is done again only if its fingerprint differs from the recorded one, and since the parts
//! have names, the difference can be told: "`model.classifier` changed".

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::config::Config;

/// Named digests of everything that a result depends on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint {
    parts: BTreeMap<String, String>,
}

impl Fingerprint {
    /// Of nothing yet.
    pub fn new() -> Fingerprint {
        Fingerprint::default()
    }

    /// Adds a part whose digest is known.
    pub fn digest(mut self, name: &str, digest: &str) -> Self {
        self.parts.insert(name.to_owned(), digest.to_owned());
        self
    }

    /// Adds a part by its value; equal values have equal JSON.
    pub fn value(self, name: &str, value: &impl Serialize) -> Self {
        let json = serde_json::to_vec(value).expect("configuration values have a JSON form");
        self.digest(name, &short_digest(&json))
    }

    /// The parts whose digests differ, or that only one side has.
    pub fn changed(&self, other: &Fingerprint) -> Vec<String> {
        let mut names: Vec<&String> = self.parts.keys().chain(other.parts.keys()).collect();
        names.sort();
        names.dedup();
        names
            .into_iter()
            .filter(|name| self.parts.get(*name) != other.parts.get(*name))
            .cloned()
            .collect()
    }

    /// The parts by name.
    pub fn parts(&self) -> &BTreeMap<String, String> {
        &self.parts
    }

    /// One digest of all parts.
    pub fn short(&self) -> String {
        short_digest(&serde_json::to_vec(self).expect("a map of strings has a JSON form"))
    }
}

/// The configuration that decides a plan, part by part.
pub fn decisions(config: &Config) -> Fingerprint {
    let sources = config.source.iter();
    let samples: Vec<_> = sources
        .filter_map(|source| Some((&source.name, source.sample.as_ref()?)))
        .collect();
    Fingerprint::new()
        .value("config.mix", &config.mix)
        .value("config.assign", &config.assign)
        .value("config.filters", &config.filters)
        .value("config.edit", &config.edit)
        .value("config.gates", &config.gates)
        .value("config.seed", &config.seed)
        .value("config.source.sample", &samples)
}

impl From<BTreeMap<String, String>> for Fingerprint {
    fn from(parts: BTreeMap<String, String>) -> Self {
        Fingerprint { parts }
    }
}

/// The first 128 bits of blake3, in hexadecimal.
pub fn short_digest(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex()[..32].to_owned()
}
