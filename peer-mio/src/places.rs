//! The places of a set. They are used again; the ids of those who had them are not.

use core::fmt;

use crate::place::Place;

/// Names a connection. Never used twice in a set; later ones are greater.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerId {
    serial: u64,
    slot: usize,
}

impl PeerId {
    /// How many connections were taken in before, in this set.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.serial
    }

    /// Its place.
    pub(crate) const fn slot(self) -> usize {
        self.slot
    }
}

impl fmt::Debug for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PeerId({})", self.serial)
    }
}

impl fmt::Display for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.serial, f)
    }
}

/// See the [module](self).
#[derive(Debug)]
pub(crate) struct Places<S> {
    places: Vec<Option<Box<Place<S>>>>,
    free: Vec<usize>,
    /// How many ids were given.
    serial: u64,
}

impl<S> Places<S> {
    pub(crate) const fn new() -> Self {
        Self { places: Vec::new(), free: Vec::new(), serial: 0 }
    }

    /// The id of the one who comes next.
    pub(crate) fn next_id(&self) -> PeerId {
        PeerId { serial: self.serial, slot: self.free.last().copied().unwrap_or(self.places.len()) }
    }

    /// Gives the next one its place.
    pub(crate) fn put(&mut self, place: Place<S>) {
        let place = Some(Box::new(place));
        self.serial = self.serial.saturating_add(1);
        match self.free.pop().and_then(|slot| self.places.get_mut(slot)) {
            Some(free) => *free = place,
            None => self.places.push(place),
        }
    }

    /// Frees a place.
    pub(crate) fn remove(&mut self, slot: usize) {
        if let Some(place) = self.places.get_mut(slot)
            && place.take().is_some()
        {
            self.free.push(slot);
        }
    }

    /// Who has this place now.
    pub(crate) fn get(&mut self, slot: usize) -> Option<&mut Place<S>> {
        self.places.get_mut(slot)?.as_deref_mut()
    }

    /// Who has this id.
    pub(crate) fn find(&mut self, id: PeerId) -> Option<&mut Place<S>> {
        self.get(id.slot).filter(|place| place.id == id)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Place<S>> {
        self.places.iter().flatten().map(|place| &**place)
    }
}
