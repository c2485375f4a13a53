//! Inputs to begin fuzzing with.
