//! Sketches and samples against plain counting.
