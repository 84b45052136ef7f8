//! Gives a connection the functions, aggregates and collations that statements use.
//!
//! SQLite keeps of a failed function only a message, so the problem itself waits in the thread until
//! [`errors`](crate::errors) asks for it: statements and functions run on one thread.

use std::cell::RefCell;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::LazyLock;

use mainstay_base::{Problem, Result, SystemClock, SystemRandomness};
use mainstay_dialect::sqlite::functions::{self as pg, Accumulator, AggregateName, Function, Scalar};
use mainstay_dialect::sqlite::storage::{Collation, Datum, DatumRef};
use mainstay_expr::{RequestContext, Role, Session, TimeContext};
use rusqlite::Connection;
use rusqlite::functions::{Aggregate, Context, FunctionFlags};
use rusqlite::types::{ToSqlOutput, Value};

use crate::bind;

thread_local! {
    static FAILURE: RefCell<Option<Problem>> = const { RefCell::new(None) };
    /// Who asks for what this thread runs now; only known to statements whose functions depend on it.
    static ASKING: RefCell<Option<Asking>> = const { RefCell::new(None) };
}

/// The function that depends on more than its arguments.
const VOLATILE: &str = "pg_call_volatile";

/// What a function may depend on beside its arguments.
struct Asking {
    session: Session,
    time: TimeContext,
}

/// Who a function that depends on its arguments only is told that asks.
static NOBODY: LazyLock<Asking> = LazyLock::new(|| Asking {
    session: Session {
        role: Role::new(Role::ANON),
        claims: serde_json::Value::Null.into(),
        request: RequestContext::default(),
        now_us: 0,
        timezone: None,
    },
    time: TimeContext::default(),
});

/// Whether a statement must be preceded by [`ask_as`].
pub(crate) fn depends_on_session(sql: &str) -> bool {
    sql.contains(VOLATILE)
}

/// The statements that this thread runs next are asked for by this session.
pub(crate) fn ask_as(session: &Session) -> Result<()> {
    let asking = Asking { session: session.clone(), time: TimeContext::of(session)? };
    ASKING.set(Some(asking));
    Ok(())
}

/// Why the function failed that made the last statement of this thread fail.
pub(crate) fn take_failure() -> Option<Problem> {
    FAILURE.take()
}

/// Registers everything.
pub(crate) fn register(connection: &Connection) -> rusqlite::Result<()> {
    rusqlite::vtab::array::load_module(connection)?;
    for scalar in Scalar::ALL {
        let arity = i32::try_from(scalar.arity()).unwrap_or(-1);
        connection.create_scalar_function(scalar.name(), arity, pure(), move |context| {
            with_arguments(context, 0, |args| scalar.call(args))
        })?;
    }
    connection.create_scalar_function("pg_call", -1, pure(), |context| call(context, &NOBODY))?;
    let volatile = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_INNOCUOUS;
    connection.create_scalar_function(VOLATILE, -1, volatile, |context| {
        ASKING.with_borrow(|asking| call(context, asking.as_ref().unwrap_or(&NOBODY)))
    })?;
    for aggregate in AggregateName::ALL {
        let arity = i32::try_from(aggregate.arity()).unwrap_or(-1);
        connection.create_aggregate_function(aggregate.name(), arity, pure(), Group(aggregate))?;
    }
    for collation in Collation::REGISTERED {
        connection.create_collation(collation.name(), move |left, right| collation.compare(left, right))?;
    }
    Ok(())
}

/// Functions that depend on nothing but their arguments and may stand in indexes, checks and generated columns.
fn pure() -> FunctionFlags {
    FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS
}

/// `pg_call` and `pg_call_volatile`: the first argument says what to do, and is read once for a whole statement.
fn call(context: &Context<'_>, asking: &Asking) -> rusqlite::Result<ToSqlOutput<'static>> {
    let function = context.get_or_create_aux(0, |text| -> std::result::Result<Function, BoxError> {
        Ok(Function::parse(text.as_str()?)?)
    })?;
    let around = pg::Context {
        session: &asking.session,
        time: &asking.time,
        clock: &SystemClock,
        random: &SystemRandomness,
    };
    with_arguments(context, 1, |args| function.call(args, &around))
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Arguments that fit here need no allocation.
const FEW: usize = 8;

/// Calls a function with the arguments from `first` on.
fn with_arguments(
    context: &Context<'_>,
    first: usize,
    call: impl FnOnce(&[DatumRef<'_>]) -> Result<Datum>,
) -> rusqlite::Result<ToSqlOutput<'static>> {
    let count = context.len().saturating_sub(first);
    let mut few = [DatumRef::Null; FEW];
    let result = if count <= FEW {
        for (position, argument) in few.iter_mut().enumerate().take(count) {
            *argument = bind::datum(context.get_raw(first + position));
        }
        call(&few[..count])
    } else {
        let many: Vec<DatumRef<'_>> =
            (first..context.len()).map(|position| bind::datum(context.get_raw(position))).collect();
        call(&many)
    };
    result.map(output).map_err(failed)
}

fn output(datum: Datum) -> ToSqlOutput<'static> {
    ToSqlOutput::Owned(match datum {
        Datum::Null => Value::Null,
        Datum::Int(number) => Value::Integer(number),
        Datum::Real(number) => Value::Real(number),
        Datum::Text(text) => Value::Text(text),
        Datum::Blob(bytes) => Value::Blob(bytes),
    })
}

fn failed(problem: Problem) -> rusqlite::Error {
    let error = rusqlite::Error::UserFunctionError(problem.to_string().into());
    FAILURE.set(Some(problem));
    error
}

/// An aggregate as rusqlite wants it.
struct Group(AggregateName);

/// The state of a group. An aggregate that fails is not called again for its group, so a panic leaves nothing half done
/// that anyone could see.
struct State(Accumulator);

impl UnwindSafe for State {}
impl RefUnwindSafe for State {}

impl Aggregate<State, ToSqlOutput<'static>> for Group {
    fn init(&self, _: &mut Context<'_>) -> rusqlite::Result<State> {
        Ok(State(self.0.start()))
    }

    fn step(&self, context: &mut Context<'_>, state: &mut State) -> rusqlite::Result<()> {
        with_arguments(context, 0, |args| state.0.step(args).map(|()| Datum::Null)).map(|_| ())
    }

    fn finalize(&self, _: &mut Context<'_>, state: Option<State>) -> rusqlite::Result<ToSqlOutput<'static>> {
        let state = state.map_or_else(|| self.0.start(), |state| state.0);
        state.finish().map(output).map_err(failed)
    }
}
