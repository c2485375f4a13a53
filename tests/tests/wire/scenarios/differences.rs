//! Where our machine differs from the reference on purpose. This table is all of it.

use core::fmt::Write as _;

/// Some scenarios in which one thing is not as it was recorded.
#[derive(Debug)]
pub(crate) struct Difference {
    /// What differs.
    pub(crate) what: &'static str,
    /// Role and name of each line.
    pub(crate) scenarios: &'static [&'static str],
    /// How many lines these are.
    pub(crate) lines: usize,
    /// Why.
    pub(crate) why: &'static str,
}

/// The lowest version could not be set as the reference has it.
pub(crate) const MIN_VERSION: &str = "configuration: lowest version";

pub(crate) const DIFFERENCES: [Difference; 2] = [
    Difference {
        what: MIN_VERSION,
        scenarios: &["inbound: this side at protocol 8", "outbound: this side at protocol 8"],
        lines: 2,
        why: "a highest version below the lowest one is refused by our configuration; the lowest one is lowered \
              to it, which in these lines makes no difference",
    },
    Difference {
        what: "Whole: received",
        scenarios: &[
            "inbound: version twice",
            "inbound: ping before verack, protocol 12",
            "inbound: sendheaders before verack, protocol 12",
            "inbound: three messages before verack, protocol 11",
            "inbound: unknown command before verack, protocol 11",
        ],
        lines: 5,
        why: "failure is final: what waits to be written is dropped, and where the offence comes in one piece with \
              the version, our version and verack still wait",
    },
];

/// The table, for people.
pub(crate) fn table() -> String {
    let mut table = String::from("differences on purpose\n");
    for Difference { what, scenarios, lines, why } in &DIFFERENCES {
        writeln!(table, "  {what}, {lines} lines: {why}").expect("a string takes all");
        for scenario in *scenarios {
            writeln!(table, "    {scenario}").expect("a string takes all");
        }
    }
    table
}
