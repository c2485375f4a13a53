//! The programs of this package, as people use them.

mod figures;
mod sim;
mod soak;
