//! Plans by the shape of the request and the role that asks.

use std::hash::BuildHasher;
use std::sync::{Arc, PoisonError, RwLock};

use hashbrown::{DefaultHashBuilder, HashTable};
use mainstay_expr::Role;
use mainstay_query::Request;

use crate::Planned;

/// How many plans are kept. Shapes are few in honest use; whoever invents them without end only empties the cache.
const PLANS_MAX: usize = 4096;

/// A bounded map from (role, shape) to plan.
#[derive(Default)]
pub(crate) struct PlanCache {
    hasher: DefaultHashBuilder,
    entries: RwLock<HashTable<Entry>>,
}

struct Entry {
    role: Role,
    request: Request,
    planned: Arc<Planned>,
}

impl PlanCache {
    /// The plan of a shape, if it is known.
    pub fn get(&self, role: &Role, request: &Request) -> Option<Arc<Planned>> {
        let hash = self.hasher.hash_one((role, request));
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        let found = entries.find(hash, |entry| entry.role == *role && entry.request == *request);
        found.map(|entry| entry.planned.clone())
    }

    /// Remembers a plan.
    pub fn insert(&self, role: &Role, request: &Request, planned: Arc<Planned>) {
        let hash = self.hasher.hash_one((role, request));
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= PLANS_MAX {
            entries.clear();
        }
        let entry = Entry { role: role.clone(), request: request.clone(), planned };
        entries.insert_unique(hash, entry, |entry| self.hasher.hash_one((&entry.role, &entry.request)));
    }
}
