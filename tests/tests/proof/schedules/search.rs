//! The search through all schedules.

use core::fmt::{self, Write};
use core::hash::Hasher;
use core::time::Duration;
use std::collections::{HashMap, HashSet};
use std::hash::DefaultHasher;
use std::thread;

use peer_tests::schedule::{Kind, Step, World};

/// What can happen next.
#[derive(Clone, Copy, Debug)]
enum Action {
    Step(Step),
    /// The driver's clock is ahead for this one, by as much or as far as the next deadline.
    Ahead(Step, Option<Duration>),
}

const LATE: Duration = Duration::from_secs(40);
const FAR: Option<Duration> = Some(Duration::from_secs(3600));

const ACTIONS: [Action; 20] = [
    Action::Step(Step::Begin(Kind::Ping)),
    Action::Step(Step::Begin(Kind::Block)),
    Action::Step(Step::Begin(Kind::Inv)),
    Action::Step(Step::Say(usize::MAX)),
    Action::Step(Step::Pull),
    Action::Step(Step::Hold),
    Action::Step(Step::Drained),
    Action::Step(Step::Offer),
    Action::Step(Step::Take(usize::MAX)),
    Action::Step(Step::TakeUnreported),
    Action::Step(Step::Report),
    Action::Step(Step::Refuse),
    Action::Step(Step::LookAfter(Duration::ZERO)),
    Action::Step(Step::LookAfter(LATE)),
    Action::Step(Step::Wait(Duration::from_secs(10))),
    Action::Ahead(Step::Look, FAR),
    Action::Ahead(Step::Pull, FAR),
    Action::Ahead(Step::Report, FAR),
    Action::Ahead(Step::Drained, None),
    Action::Ahead(Step::Refuse, None),
];

fn act(world: &mut World, action: Action) -> bool {
    match action {
        Action::Step(step) => world.step(step),
        Action::Ahead(step, ahead) => {
            ahead.or_else(|| world.until_deadline()).is_some_and(|ahead| world.step_ahead(step, ahead))
        }
    }
}

/// A search from one state on.
#[derive(Debug)]
pub(super) struct Search {
    name: &'static str,
    /// The steps that led to where it is.
    path: Vec<Action>,
    /// How many schedules begin at a state, with so many steps to go.
    counted: HashMap<(u64, usize), u64>,
    checked: HashSet<u64>,
}

impl Search {
    pub(super) fn new(name: &'static str) -> Self {
        Self { name, path: Vec::new(), counted: HashMap::new(), checked: HashSet::new() }
    }

    /// How many states were checked.
    pub(super) fn states(&self) -> usize {
        self.checked.len()
    }

    /// Tries all schedules of so many steps, or fewer where the connection ends, and counts them.
    pub(super) fn count(&mut self, world: &World, left: usize) -> u64 {
        let state = hash(world);
        if let Some(count) = self.counted.get(&(state, left)) {
            return *count;
        }
        if self.checked.insert(state) {
            check(world);
        }
        let mut count = 0;
        if left > 0 {
            for action in ACTIONS {
                let mut next = world.clone();
                self.path.push(action);
                if act(&mut next, action) {
                    count += self.count(&next, left - 1);
                }
                self.path.pop();
            }
        }
        let count = count.max(1);
        self.counted.insert((state, left), count);
        count
    }
}

/// Says which schedule it is that fails.
impl Drop for Search {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("{}: {:?}", self.name, self.path);
        }
    }
}

/// What must hold of each state.
fn check(world: &World) {
    if world.failure().is_none() {
        world.check_progress();
        world.clone().check_settles(true);
        world.clone().check_settles(false);
    }
}

/// Of all that a state is.
fn hash(world: &World) -> u64 {
    struct Writer(DefaultHasher);
    impl Write for Writer {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0.write(text.as_bytes());
            Ok(())
        }
    }
    let mut writer = Writer(DefaultHasher::new());
    write!(writer, "{world:?}").unwrap();
    writer.0.finish()
}
