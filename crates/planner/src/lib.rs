//! One pure function: request + catalog + role + settings → plan, with the policies woven in.
//!
//! Nothing here does I/O or knows an engine or a protocol. The modules follow the request: a *relation* is what a level reads,
//! *fields* are resolved in it, *filters* are conditions over it, *embeds* lead to the next level, and a level becomes a plan
//! node; writes add the rules for rows that are about to exist. Privileges and policies come last, in one place (`rights`),
//! over the finished selects: no path can forget them.

mod aggregate;
mod call;
mod computed;
mod document;
mod embed;
mod error;
mod field;
mod filter;
mod join;
mod level;
mod native;
mod relation;
mod returning;
mod rights;
mod search;
mod write;

use mainstay_base::{Problem, Result};
use mainstay_catalog::{Catalog, Source};
use mainstay_expr::{Role, SourceId, SourceIds, TableId};
use mainstay_plan::{Action, Enforcement, Plan, SlotType, TransactionMode};
use mainstay_query::{Request, SlotId};

pub use error::{function_not_found, table_not_found};
pub use rights::{may_execute, may_use};

/// What the operator has decided about planning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Most rows that a read, a function or an embed returns; `None` for no bound.
    pub max_rows: Option<u64>,
    /// Whether select lists may aggregate.
    pub aggregates: bool,
    /// Deepest nesting of embeds.
    pub depth: usize,
    /// Who keeps the rules.
    pub enforcement: Enforcement,
}

impl Default for Settings {
    fn default() -> Self {
        Self { max_rows: Some(1000), aggregates: false, depth: 24, enforcement: Enforcement::Plan }
    }
}

/// Plans a request as a role may run it.
///
/// # Errors
/// The documented PostgREST and PostgreSQL codes: names that do not exist (`PGRST200`–`205`, `42703`), operators that do not fit
/// (`42883`), missing privileges (`42501`) and so on.
pub fn plan(request: &Request, catalog: &Catalog, role: &Role, settings: &Settings) -> Result<Plan> {
    let planned = plan_under(settings.enforcement, request, catalog, role, settings)?;
    match planned {
        Some(plan) => Ok(plan),
        // What is read with the schema's owner's rights is ours alone: the database has no view and no function for it.
        None => plan_under(Enforcement::Plan, request, catalog, role, settings)?
            .ok_or_else(|| Problem::internal("a plan keeps rules that it cannot keep")),
    }
}

/// The plan with its rules kept in one of the two ways; `None` when this one cannot keep them.
fn plan_under(
    enforcement: Enforcement,
    request: &Request,
    catalog: &Catalog,
    role: &Role,
    settings: &Settings,
) -> Result<Option<Plan>> {
    let mut planner = Planner {
        catalog,
        role,
        settings,
        enforcement,
        takes_owners_rights: false,
        sources: SourceIds::default(),
        slots: Vec::new(),
        views: Vec::new(),
        transaction: TransactionMode {
            enforcement,
            read_only: true,
            // Its triggers and the functions of its views may.
            tells: catalog.source == Source::Existing,
            ..TransactionMode::default()
        },
    };
    let action = match request {
        Request::Read(read) => Action::Read(planner.read(read)?),
        Request::Call(call) => Action::Read(planner.call(call)?),
        Request::Insert(insert) => Action::Insert(planner.insert(insert)?),
        Request::Update(update) => Action::Update(planner.update(update)?),
        Request::Delete(delete) => Action::Delete(planner.delete(delete)?),
    };
    let Planner { slots, mut transaction, .. } = planner;
    if enforcement == Enforcement::Role && planner.takes_owners_rights {
        return Ok(None);
    }
    transaction.read_only &= matches!(action, Action::Read(_));
    Ok(Some(Plan { slots, action, transaction }))
}

/// The state of one planning: what is known, and the numbers handed out so far.
struct Planner<'a> {
    catalog: &'a Catalog,
    role: &'a Role,
    settings: &'a Settings,
    enforcement: Enforcement,
    /// Whether something is read or written with the rights of the schema's owner.
    takes_owners_rights: bool,
    sources: SourceIds,
    slots: Vec<SlotType>,
    /// The views that were opened, by the number of their source: their columns have privileges too.
    views: Vec<(SourceId, TableId)>,
    transaction: TransactionMode,
}

impl Planner<'_> {
    /// Says how a value of the request is to be read. A value that is used twice has one type.
    fn type_slot(&mut self, slot: SlotId, ty: SlotType) -> u32 {
        let position = slot.0 as usize;
        if self.slots.len() <= position {
            self.slots.resize(position + 1, SlotType::Unused);
        }
        self.slots[position] = ty;
        slot.0
    }
}
