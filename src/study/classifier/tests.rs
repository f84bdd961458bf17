//! Figures of generated documents.
