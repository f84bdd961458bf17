//! Collapse metrics.
