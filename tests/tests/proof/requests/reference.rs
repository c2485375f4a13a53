//! The reference: a list of requests, looked through from its beginning for each message that comes.

use core::time::Duration;

use peer_core::message::Inventory;
use peer_core::{Hash, Message, RequestId, Time, Unanswered};
use peer_tests::requests::Told;

/// How long a remote that handled a request has for its response.
const GRACE: Duration = Duration::from_secs(2);

/// What a request waits for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Wanted {
    Items {
        open: Vec<Inventory>,
        not_found: Vec<Inventory>,
    },
    /// Headers behind this hash.
    Headers(Hash),
    Filters(Vec<Hash>),
    /// A pong with this nonce.
    Pong(u64),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Request {
    pub(crate) id: RequestId,
    pub(crate) wanted: Wanted,
    pub(crate) made: Time,
    pub(crate) timeout: Duration,
    pub(crate) deadline: Option<Time>,
    /// The fence's nonce, and when its pong came.
    pub(crate) fence: Option<u64>,
    pub(crate) handled: Option<Time>,
    pub(crate) is_muted: bool,
}

impl Request {
    fn missing(&self) -> Vec<Inventory> {
        match &self.wanted {
            Wanted::Items { open, not_found } => not_found.iter().chain(open).copied().collect(),
            Wanted::Filters(blocks) => blocks.iter().copied().map(Inventory::block).collect(),
            Wanted::Headers(_) | Wanted::Pong(_) => Vec::new(),
        }
    }

    fn may_have_ended(&self, now: Time) -> bool {
        let is_over = self.made + self.timeout <= now || self.handled.is_some_and(|at| at + GRACE <= now);
        self.is_muted && is_over
    }

    fn end(&self, reason: Unanswered) -> Option<Told> {
        (!self.is_muted).then(|| Told::Ended(self.id, reason, self.missing()))
    }
}

/// What may be so: of a request that the owner is told no more of, no one sees when its time is over.
#[derive(Debug)]
pub(crate) struct Worlds(Vec<Reference>);

impl Worlds {
    pub(crate) fn new() -> Self {
        Self(vec![Reference::default()])
    }

    /// Any of them. What the owner may still be told is the same in all.
    pub(crate) fn any(&self) -> &Reference {
        &self.0[0]
    }

    pub(crate) fn each(&mut self, change: impl FnMut(&mut Reference)) {
        self.0.iter_mut().for_each(change);
    }

    /// Checks what was told when a message came, by what `outcome` says must be.
    pub(crate) fn check(
        &mut self,
        told: &[Told],
        now: Time,
        is_about: impl Fn(&Wanted) -> bool,
        outcome: impl Fn(&mut Reference) -> Vec<Told>,
    ) {
        let mut possible = Vec::new();
        for mut world in self.0.iter().flat_map(|world| world.variants(now, &is_about)) {
            if outcome(&mut world) == told && !possible.contains(&world) {
                possible.push(world);
            }
        }
        assert!(!possible.is_empty(), "{told:?}, where {:?} was expected", outcome(&mut self.0[0].clone()));
        self.0 = possible;
    }
}

/// The requests that have not ended, in the order in which they were made.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Reference {
    pub(crate) open: Vec<Request>,
}

impl Reference {
    /// This one, and the same without some of the requests that may have ended.
    fn variants(&self, now: Time, is_about: impl Fn(&Wanted) -> bool) -> Vec<Self> {
        let mut variants = vec![self.clone()];
        let is_uncertain = |request: &&Request| is_about(&request.wanted) && request.may_have_ended(now);
        for request in self.open.iter().filter(is_uncertain) {
            let mut without = variants.clone();
            without.iter_mut().for_each(|world| world.open.retain(|other| other.id != request.id));
            variants.extend(without);
        }
        variants
    }

    /// Whether some request waits for it, so that it is not asked for again.
    pub(crate) fn waits_for(&self, item: &Inventory) -> bool {
        self.open
            .iter()
            .any(|request| matches!(&request.wanted, Wanted::Items { open, .. } if open.contains(item)))
    }

    /// What must be told when this item comes.
    pub(crate) fn on_item(&mut self, item: Inventory, message: &Message) -> Vec<Told> {
        let mut told = Vec::new();
        let mut is_wanted = false;
        for request in &mut self.open {
            let Wanted::Items { open, not_found } = &mut request.wanted else { continue };
            let Some(place) = open.iter().position(|other| *other == item) else { continue };
            is_wanted = true;
            open.remove(place);
            let remaining = u32::try_from(open.len() + not_found.len()).unwrap();
            let is_over = open.is_empty() && remaining > 0;
            if !request.is_muted {
                told.push(Told::Response(request.id, message.clone(), remaining));
            }
            if is_over {
                told.extend(request.end(Unanswered::NotFound));
            }
        }
        self.forget_done();
        if is_wanted { told } else { vec![Told::Message(message.clone())] }
    }

    /// The same where the remote does not have these.
    pub(crate) fn on_not_found(&mut self, items: &[Inventory], message: &Message) -> Vec<Told> {
        let (mut told, mut is_all) = (Vec::new(), true);
        for item in items {
            is_all &= self.waits_for(item);
            for request in &mut self.open {
                let Wanted::Items { open, not_found } = &mut request.wanted else { continue };
                let Some(place) = open.iter().position(|other| other == item) else { continue };
                not_found.push(open.remove(place));
                if open.is_empty() {
                    told.extend(request.end(Unanswered::NotFound));
                }
            }
        }
        self.forget_done();
        if !is_all {
            told.insert(0, Told::Message(message.clone()));
        }
        told
    }

    /// The same where one message is the whole response to the oldest request like this.
    pub(crate) fn on_whole(&mut self, message: &Message, is_this: impl Fn(&Wanted) -> bool) -> Vec<Told> {
        let Some(place) = self.open.iter().position(|request| is_this(&request.wanted)) else {
            return vec![Told::Message(message.clone())];
        };
        let request = self.open.remove(place);
        let told = Told::Response(request.id, message.clone(), 0);
        if request.is_muted { Vec::new() } else { vec![told] }
    }

    /// The same for headers that are not linked.
    pub(crate) fn on_broken(&mut self, message: &Message, parent: Hash) -> Vec<Told> {
        let place = self.open.iter().position(|request| request.wanted == Wanted::Headers(parent));
        let Some(place) = place else { return vec![Told::Message(message.clone())] };
        self.open.remove(place).end(Unanswered::Mismatch).into_iter().collect()
    }

    /// The same for a pong, which may be that of a fence.
    pub(crate) fn on_pong(&mut self, nonce: u64, message: &Message, now: Time) -> Vec<Told> {
        if let Some(request) = self.open.iter_mut().find(|request| request.fence == Some(nonce)) {
            request.handled = Some(now);
        }
        self.on_whole(message, |wanted| *wanted == Wanted::Pong(nonce))
    }

    pub(crate) fn cancel(&mut self, id: RequestId) -> bool {
        let open = self.open.iter_mut().find(|request| request.id == id && !request.is_muted);
        open.map(|request| (request.is_muted, request.deadline) = (true, None)).is_some()
    }

    /// Checks what was told as time passed. A deadline is met exactly; a timeout may be met later, never earlier.
    pub(crate) fn on_time(&mut self, told: &[Told], now: Time) {
        for told in told {
            let Told::Ended(id, reason, _) = told else { panic!("{told:?} came of itself") };
            let request = self.open.iter_mut().find(|request| request.id == *id && !request.is_muted);
            let request = request.unwrap_or_else(|| panic!("{told:?} tells of a request that has ended"));
            assert_eq!(request.end(*reason).as_ref(), Some(told));
            match reason {
                Unanswered::DeadlinePassed => {
                    assert!(
                        request.deadline.take().is_some_and(|deadline| deadline <= now),
                        "{told:?} at {now}"
                    );
                    request.is_muted = true;
                    continue;
                }
                Unanswered::Declined => {
                    assert!(request.handled.is_some_and(|at| at + GRACE <= now), "{told:?} at {now}");
                }
                Unanswered::TimedOut => {
                    assert!(request.handled.is_none(), "{told:?} although the remote handled it");
                    assert!(request.made + request.timeout <= now, "{told:?} at {now}");
                }
                other => panic!("{other:?} came of itself"),
            }
            let id = *id;
            self.open.retain(|request| request.id != id);
        }
        let late = self.open.iter().find(|request| request.deadline.is_some_and(|deadline| deadline <= now));
        assert!(late.is_none(), "a deadline has passed in silence: {late:?}");
    }

    fn forget_done(&mut self) {
        self.open.retain(|request| !matches!(&request.wanted, Wanted::Items { open, .. } if open.is_empty()));
    }
}
