//! Stub.
use super::super::{Outcome, Plan, Watch};
pub(in super::super) fn run(plan: &Plan, watch: Option<Watch>) -> Outcome {
    super::hostile::run(plan, watch)
}
