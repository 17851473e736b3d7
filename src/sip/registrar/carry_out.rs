//! Carrying out what an account asks (RFC 3261 §10.3, step 7): all of it or nothing. Asks nobody who he is.

use std::time::Duration;

use super::asked::{self, Asked, Refusal, Wish};
use super::book::{Held, held};
use super::decide::later;
use super::machine::Registrar;
use super::reply::Asker;
use super::types::Binding;
use crate::kernel::Now;
use crate::sip::Transport;

/// When one that is turned away for want of room may come again, seconds.
const RETRY_AFTER_S: u32 = 5;

impl Registrar {
    /// Does what an account asks; a ticket if its answer has to wait for the disk.
    pub(super) fn carry_out(
        &mut self,
        user: &str,
        wish: Wish,
        asker: &Asker,
        now: Now,
    ) -> Result<Option<u64>, Refusal> {
        let list = match wish {
            Wish::Tell => {
                self.can_wait(user, false)?;
                self.tally.fetched += 1;
                return Ok(None);
            }
            Wish::Forget => self.all_of(user),
            Wish::Set(list) => list,
        };
        let headers = &asker.request.headers;
        let order = (
            headers.call_id().map_err(|_| Refusal::plain(400))?,
            headers.cseq().map_err(|_| Refusal::plain(400))?.number,
        );
        let current = self.book.of(user);
        if list.iter().any(|it| is_overtaken(it, order, current)) {
            return Err(Refusal::plain(500)); // §10.3, step 7: the whole request fails
        }
        let mut next = current.to_vec();
        let mut done = Done::default();
        for asked in list {
            done.add(set(&mut next, asked, order, asker, user, now));
        }
        self.make_room(&mut next)?;
        let must_wait = done.is_new && asker.flow.transport == Transport::Udp;
        self.can_wait(user, must_wait)?;
        self.tally.added += done.added;
        self.tally.refreshed += done.refreshed;
        self.tally.removed += done.removed;
        let key = self.book.key(user);
        if !done.is_new {
            self.book.set(&key, next);
            self.write_later(key, now);
            return Ok(None);
        }
        self.change(&key, next, now);
        // A telephone on a connection goes with the server anyway: nothing is gained by waiting.
        Ok(must_wait.then(|| self.write_now(key)))
    }

    /// 503 for an answer that would have to wait for the disk when too many do.
    fn can_wait(&self, user: &str, must_wait: bool) -> Result<(), Refusal> {
        let waits = must_wait || self.pending.contains_key(user);
        match waits && self.waiting >= self.config.waiting_max {
            true => Err(later(u64::from(RETRY_AFTER_S))),
            false => Ok(()),
        }
    }

    /// `*`: every telephone, with the time 0.
    fn all_of(&self, user: &str) -> Vec<Asked> {
        let all = self.book.of(user).iter().map(|it| Asked {
            contact: it.binding.contact.clone(),
            instance: it.binding.instance.clone(),
            q: it.binding.q,
            expires_s: 0,
        });
        all.collect()
    }

    /// Whoever was heard longest ago gives way to who asks now; 503 if the house as a whole is full.
    fn make_room(&self, next: &mut Vec<Held>) -> Result<(), Refusal> {
        while next.len() > self.config.bindings_per_account_max {
            let oldest = next.iter().enumerate().min_by_key(|(_, it)| it.heard);
            let Some((oldest, _)) = oldest else { break };
            next.remove(oldest);
        }
        let user = next.first().map(|it| self.book.of(&it.binding.user).len());
        match self.book.len() + next.len() > self.config.bindings_max + user.unwrap_or(0) {
            true => Err(later(u64::from(RETRY_AFTER_S))),
            false => Ok(()),
        }
    }
}

/// What a request did.
#[derive(Default)]
struct Done {
    added: u64,
    refreshed: u64,
    removed: u64,
    /// Something that calls depend on has changed.
    is_new: bool,
}

/// What became of one contact.
#[derive(Clone, Copy)]
enum Became {
    Added,
    /// The same telephone; whether calls to it take another way.
    Refreshed {
        moved: bool,
    },
    Removed,
    /// It was not there, and is not.
    Nothing,
}

impl Done {
    fn add(&mut self, became: Became) {
        let (count, is_new) = match became {
            Became::Added => (&mut self.added, true),
            Became::Refreshed { moved } => (&mut self.refreshed, moved),
            Became::Removed => (&mut self.removed, true),
            Became::Nothing => return,
        };
        *count += 1;
        self.is_new |= is_new;
    }
}

/// Puts one contact in its place.
fn set(next: &mut Vec<Held>, asked: Asked, order: (&str, u32), asker: &Asker, user: &str, now: Now) -> Became {
    // With an instance at one place and a Contact at another, both were this telephone.
    let place = next.iter().position(|it| is_same(&asked, &it.binding));
    let kept = place.filter(|_| asked.expires_s > 0);
    let before = next.len();
    let mut at = 0..;
    next.retain(|it| at.next() == kept || !is_same(&asked, &it.binding));
    let gone = before - next.len();
    if asked.expires_s == 0 {
        return match gone {
            0 => Became::Nothing,
            _some => Became::Removed,
        };
    }
    let binding = Binding {
        user: user.to_owned(),
        flow: asked::way_to(&asked.contact, &asker.request, &asker.flow),
        instance: asked.instance,
        q: asked.q,
        expires: now.wall,
        call_id: order.0.to_owned(),
        cseq: order.1,
        user_agent: asked::user_agent(&asker.request.headers),
        contact: asked.contact,
    };
    let new = held(binding, Duration::from_secs(u64::from(asked.expires_s)), now);
    match kept.and_then(|at| next.get_mut(at)) {
        Some(old) => {
            let way = |it: &Held| (it.binding.flow, it.binding.q);
            let moved = gone > 0
                || way(old) != way(&new)
                || old.binding.contact != new.binding.contact
                || old.binding.instance != new.binding.instance;
            *old = new;
            Became::Refreshed { moved }
        }
        None => {
            next.push(new);
            Became::Added
        }
    }
}

/// A telephone is known by its instance (RFC 5626 §4.1), without one by its Contact.
fn is_same(asked: &Asked, binding: &Binding) -> bool {
    let instance = asked.instance.is_some() && asked.instance == binding.instance;
    instance || asked::same_contact(&asked.contact, &binding.contact)
}

/// Whether something newer of the same telephone has come before (§10.3, step 7).
fn is_overtaken(asked: &Asked, (call_id, cseq): (&str, u32), current: &[Held]) -> bool {
    let mut same = current.iter().filter(|it| is_same(asked, &it.binding));
    same.any(|it| it.binding.call_id == call_id && cseq <= it.binding.cseq)
}
