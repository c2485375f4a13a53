//! An error for `main`.

use alloc::boxed::Box;
use core::error::Error;
use core::fmt;

/// Any error, for the result of `main`. Its `Debug` form is a sentence.
///
/// Rust prints the `Debug` form of an error that `main` returns, which is made for programmers. A report prints the text of
/// the error and of its sources instead. `?` turns every error into one, and `"text".into()` makes one.
///
/// ```
/// use peer_core::{Config, Network, Node, Report};
///
/// fn main() -> Result<(), Report> {
///     let config = Config::builder(Network::MAINNET).user_agent("first", "0.1.0").build()?;
///     let _node = Node::new(config);
///     Ok(())
/// }
/// ```
///
/// A report is no [`Error`] itself. Libraries return their own errors.
pub struct Report(Box<dyn Error + Send + Sync>);

impl Report {
    /// The error.
    #[must_use]
    pub fn error(&self) -> &(dyn Error + Send + Sync + 'static) {
        &*self.0
    }
}

impl<E: Into<Box<dyn Error + Send + Sync>>> From<E> for Report {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl fmt::Display for Report {
    /// The texts of the error and of its sources, joined by colons.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
