//! Every measure against a plain twin written from its definition, on random texts.
