//! Places with numbers that stay the same while they are taken. A number is used again after its place was given up.

/// Values under small numbers.
pub(super) struct Slab<T> {
    places: Vec<Option<T>>,
    vacant: Vec<u32>,
}

impl<T> Slab<T> {
    pub(super) const fn new() -> Self {
        Self {
            places: Vec::new(),
            vacant: Vec::new(),
        }
    }

    /// Puts a value into a vacant place.
    pub(super) fn insert(&mut self, value: T) -> u32 {
        if let Some(no) = self.vacant.pop() {
            self.places[no as usize] = Some(value);
            return no;
        }
        self.places.push(Some(value));
        u32::try_from(self.places.len() - 1).unwrap_or(u32::MAX)
    }

    pub(super) fn get(&self, no: u32) -> Option<&T> {
        self.places.get(no as usize).and_then(Option::as_ref)
    }

    pub(super) fn get_mut(&mut self, no: u32) -> Option<&mut T> {
        self.places.get_mut(no as usize).and_then(Option::as_mut)
    }

    /// Gives the place up.
    pub(super) fn remove(&mut self, no: u32) -> Option<T> {
        let value = self.places.get_mut(no as usize).and_then(Option::take);
        if value.is_some() {
            self.vacant.push(no);
        }
        value
    }

    /// All values, by number.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        let all = self.places.iter().enumerate();
        all.filter_map(|(no, value)| Some((u32::try_from(no).ok()?, value.as_ref()?)))
    }
}
