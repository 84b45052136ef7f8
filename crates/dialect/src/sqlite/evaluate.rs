//! What `pg_call` and `pg_call_volatile` do: stored arguments to values, the reference evaluator, and back.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use mainstay_base::{Clock, Problem, Randomness, Result};
use mainstay_expr::eval::{Evaluator, Inputs, NoTables, Scope};
use mainstay_expr::func::{self, Env};
use mainstay_expr::{ColumnType, Expr, Session, TimeContext, Type, Value, cast, like};

use super::signature::Signature;
use crate::operation::Operation;
use crate::storage::{Datum, DatumRef, Storage, utf8};

/// What a call may depend on beside its arguments; `pg_call` itself depends on none of it.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// Who asks.
    pub session: &'a Session,
    /// The session's time zone and the transaction's time.
    pub time: &'a TimeContext,
    /// For `clock_timestamp()` and `uuidv7()`.
    pub clock: &'a dyn Clock,
    /// For `random()` and uuids.
    pub random: &'a dyn Randomness,
}

/// A call of `pg_call` made ready: its first argument read.
#[derive(Debug, Clone)]
pub struct Function(Arc<Ready>);

/// How many functions a thread remembers by their text: as many as the statements of a busy schema have.
const FUNCTIONS_MAX: usize = 4096;

thread_local! {
    static KNOWN: RefCell<HashMap<Box<str>, Function>> = RefCell::default();
}

#[derive(Debug)]
struct Ready {
    operation: Operation,
    types: Vec<Type>,
    storages: Vec<Storage>,
    result: ColumnType,
    result_storage: Storage,
    /// The operation over slots, for the evaluator.
    expr: Expr,
}

impl Function {
    /// Reads the text that is the first argument, or remembers what it read before.
    pub fn parse(text: &str) -> Result<Self> {
        if let Some(known) = KNOWN.with_borrow(|known| known.get(text).cloned()) {
            return Ok(known);
        }
        let function = Self(Arc::new(Ready::read(text)?));
        KNOWN.with_borrow_mut(|known| {
            if known.len() >= FUNCTIONS_MAX {
                known.clear();
            }
            known.insert(text.into(), function.clone());
        });
        Ok(function)
    }

    /// The value for the arguments that follow the first.
    pub fn call(&self, args: &[DatumRef<'_>], context: &Context<'_>) -> Result<Datum> {
        self.0.call(args, context)
    }
}

impl Ready {
    fn read(text: &str) -> Result<Self> {
        let signature = Signature::parse(text)?;
        let expr = signature
            .to_expr()
            .ok_or_else(|| Problem::internal(format!("a signature of pg_call lacks arguments: {text}")))?;
        let Signature { operation, args, result } = signature;
        let storages = args.iter().map(Storage::of).collect();
        let types = args.into_iter().map(|arg| arg.ty).collect();
        Ok(Self { operation, types, storages, result_storage: Storage::of(&result), result, expr })
    }

    fn call(&self, args: &[DatumRef<'_>], context: &Context<'_>) -> Result<Datum> {
        if args.len() != self.storages.len() {
            return Err(Problem::internal("pg_call was called with another number of arguments"));
        }
        if let (Operation::Match(op, escape), [DatumRef::Text(value), DatumRef::Text(pattern)]) =
            (&self.operation, args)
            && self.storages == [Storage::Text, Storage::Text]
        {
            // filters meet every row: nothing is copied for them
            let found = like::matches(*op, utf8(value)?, utf8(pattern)?, *escape)?;
            return Ok(Datum::Int(i64::from(found)));
        }
        let values = self
            .storages
            .iter()
            .zip(args)
            .map(|(storage, arg)| storage.decode(*arg))
            .collect::<Result<Vec<Value>>>()?;
        self.result_storage.encode(&self.value(&values, context)?)
    }

    fn value(&self, values: &[Value], context: &Context<'_>) -> Result<Value> {
        match &self.operation {
            Operation::Call(function) => {
                let env = Env { time: context.time, clock: context.clock, random: context.random };
                func::call(*function, &self.types, &self.result.ty, values, &env)
            }
            Operation::Cast => cast::cast(&self.types[0], &values[0], &self.result, context.time),
            _ => {
                let inputs = Inputs { slots: values, arguments: &[], new: &[], session: context.session };
                let evaluator = Evaluator::new(inputs, &NoTables, context.clock, context.random)?;
                evaluator.eval(&self.expr, &Scope::empty())
            }
        }
    }
}
