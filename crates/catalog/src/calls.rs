//! Which of the user's functions are called where.
//!
//! Functions are inlined where they are called, so that only this still knows whose EXECUTE right is asked for: PostgreSQL asks
//! it of whoever runs the statement, also for what a policy, a view of another owner, a default or a check calls.

use std::collections::{BTreeSet, HashMap};

use mainstay_expr::TableId;

use crate::FunctionId;

/// Something whose expressions may call functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Caller {
    /// A view's query.
    View(TableId),
    /// A function's body and the defaults of its arguments.
    Function(FunctionId),
    /// A policy, by its position in the table's list.
    Policy(TableId, u32),
    /// What a column gets when a row does not say, or is computed from.
    Default(TableId, u32),
    /// A table's own checks.
    Checks(TableId),
}

/// The calls that are made with the rights of whoever asks, through views and functions as well: what a SECURITY DEFINER
/// function calls is its owner's affair.
#[derive(Debug, Clone, Default)]
pub struct Calls(HashMap<Caller, BTreeSet<FunctionId>>);

impl Calls {
    /// What something calls.
    pub fn of(&self, caller: Caller) -> impl Iterator<Item = FunctionId> {
        self.0.get(&caller).into_iter().flatten().copied()
    }

    pub(crate) fn note(&mut self, caller: Caller, functions: BTreeSet<FunctionId>) {
        if !functions.is_empty() {
            self.0.entry(caller).or_default().extend(functions);
        }
    }
}
