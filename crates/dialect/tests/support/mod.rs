//! A SQLite database with everything that statements need, beside the reference evaluator over the same rows.

#![allow(dead_code, reason = "each test uses a part")]

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use mainstay_base::{FixedClock, FixedRandomness, Problem, Result};
use mainstay_catalog::{
    BoundInsert, Catalog, ColumnDefault, InsertRows, InsertValue, Table, bind_insert, bind_query, load,
};
use mainstay_dialect::sqlite::functions::{Accumulator, AggregateName, Context, Function, Scalar};
use mainstay_dialect::sqlite::storage::{Collation, Datum, DatumRef};
use mainstay_dialect::sqlite::{self, Argument, Bound, Restriction, Statement};
use mainstay_expr::eval::{Evaluator, Inputs, Scope, Tables};
use mainstay_expr::{
    Expr, Select, Session, SessionValue, SourceId, TableId, TimeContext, Type, Value, input, output,
};
use mainstay_sql::SourceFiles;
use rusqlite::Connection;
use rusqlite::functions::{Aggregate, FunctionFlags};
use rusqlite::types::{Value as Raw, ValueRef};

thread_local! {
    static FAILURE: RefCell<Option<Problem>> = const { RefCell::new(None) };
}

pub const NOW_US: i64 = 1_700_000_000_000_000;

pub fn session() -> Session {
    Session {
        role: mainstay_expr::Role::new("authenticated"),
        claims: Arc::new(
            serde_json::json!({"sub": "00000000-0000-0000-0000-000000000001", "role": "authenticated"}),
        ),
        request: Default::default(),
        now_us: NOW_US,
        timezone: None,
    }
}

pub fn catalog(sql: &str) -> Arc<Catalog> {
    let files = SourceFiles::single("schema.sql", sql);
    let (catalog, diagnostics) = load(&files);
    let Some(catalog) = catalog else { panic!("{}", diagnostics.render(&files, false)) };
    Arc::new(catalog)
}

pub fn select_of(catalog: &Catalog, query: &str) -> Select {
    let files = SourceFiles::single("query.sql", query);
    let parsed = match mainstay_sql::read_query(query) {
        Ok(parsed) => parsed,
        Err(diagnostics) => panic!("{}", diagnostics.render(&files, false)),
    };
    match bind_query(catalog, &parsed) {
        Ok(select) => select,
        Err(diagnostics) => panic!("{}", diagnostics.render(&files, false)),
    }
}

/// The rows of a schema's tables, in SQLite and in memory.
pub struct Database {
    pub catalog: Arc<Catalog>,
    pub connection: Connection,
    pub rows: RefCell<Vec<Vec<Vec<Value>>>>,
}

impl Tables for Database {
    fn rows(&self, table: TableId) -> Result<Vec<Vec<Value>>> {
        Ok(self.rows.borrow()[table.0 as usize].clone())
    }
}

impl Database {
    pub fn new(schema: &str) -> Self {
        let catalog = catalog(schema);
        let connection = connection();
        for table in catalog.tables.iter().filter(|table| !table.is_view()) {
            for statement in sqlite::create_table(&catalog, table).unwrap() {
                connection
                    .execute(&statement.text, [])
                    .unwrap_or_else(|error| panic!("{error}: {}", statement.text));
            }
        }
        let rows = RefCell::new(vec![Vec::new(); catalog.tables.len()]);
        Self { catalog, connection, rows }
    }

    pub fn table(&self, name: &str) -> &Table {
        self.catalog.find_table("public", name).unwrap()
    }

    /// Adds a row of texts in the types' input form; `~` is NULL. Generated columns are left out.
    pub fn insert(&self, table: &str, cells: &[&str]) {
        let table = self.table(table);
        let columns = stored_columns(table);
        assert_eq!(cells.len(), columns.len(), "cells for {}", table.name);
        let values = columns.iter().zip(cells).map(|(column, cell)| match *cell {
            "~" => Value::Null,
            cell => input::parse(&table.column(*column).ty, cell, &TimeContext::default()).unwrap(),
        });
        self.insert_values(table, values.collect());
    }

    pub fn insert_values(&self, table: &Table, values: Vec<Value>) {
        let columns = stored_columns(table);
        let statement = sqlite::insert(&self.catalog, table.id, &columns);
        let mut row = vec![Value::Null; table.columns.len()];
        for (column, value) in columns.iter().zip(values) {
            row[*column as usize] = value;
        }
        self.run(&statement, &[], &row).unwrap();
        for (position, column) in table.columns.iter().enumerate() {
            if let ColumnDefault::Generated(expr) = &column.default {
                row[position] = self.eval(expr, &Scope::row(SourceId::ROW, &row));
            }
        }
        self.rows.borrow_mut()[table.id.0 as usize].push(row);
    }

    /// The rows that SQLite yields.
    pub fn run(&self, statement: &Statement, slots: &[Value], new: &[Value]) -> Result<Vec<Vec<Value>>> {
        let session = session();
        let mut prepared = self
            .connection
            .prepare(&statement.text)
            .unwrap_or_else(|error| panic!("{error}: {}", statement.text));
        for (position, wanted) in statement.inputs.iter().enumerate() {
            let value = match &wanted.value {
                Bound::Slot(slot) => slots[*slot as usize].clone(),
                Bound::New(column) => new[*column as usize].clone(),
                Bound::Session(value) => session_value(value),
                other => panic!("nothing is there for {other:?}"),
            };
            match wanted.form.bind(&value)? {
                Argument::One(datum) => prepared.raw_bind_parameter(position + 1, raw(datum)).unwrap(),
                Argument::Many(list) => {
                    let list: Vec<Raw> = list.into_iter().map(raw).collect();
                    prepared.raw_bind_parameter(position + 1, Rc::new(list)).unwrap();
                }
            }
        }
        drop(session);
        let mut rows = prepared.raw_query();
        let mut found = Vec::new();
        loop {
            match rows.next() {
                Ok(Some(row)) => {
                    let values = statement
                        .columns
                        .iter()
                        .enumerate()
                        .map(|(position, storage)| storage.decode(datum(row.get_ref(position).unwrap())));
                    found.push(values.collect::<Result<Vec<_>>>()?);
                }
                Ok(None) => return Ok(found),
                Err(error) => {
                    let problem = FAILURE.take();
                    return Err(
                        problem.unwrap_or_else(|| Problem::internal(format!("{error}: {}", statement.text)))
                    );
                }
            }
        }
    }

    /// Runs a seed's INSERTs: values and defaults are computed by the evaluator.
    pub fn seed(&self, sql: &str) {
        self.connection.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
        let (statements, _) = mainstay_sql::read(&SourceFiles::single("seed.sql", sql));
        for statement in &statements {
            if let mainstay_sql::Statement::Insert(insert) = statement {
                self.insert_bound(&bind_insert(&self.catalog, insert).unwrap());
            }
        }
        assert_eq!(dump(&self.connection, "PRAGMA foreign_key_check"), Vec::<String>::new());
    }

    fn insert_bound(&self, insert: &BoundInsert) {
        let table = self.catalog.table(insert.table).clone();
        let rows = match &insert.rows {
            InsertRows::Select(select) => self.reference(select, &[]).unwrap(),
            InsertRows::Values(rows) => rows.iter().map(|row| self.values(&table, insert, row)).collect(),
        };
        for given in rows {
            let mut row: Vec<Value> =
                table.columns.iter().map(|column| self.default(&table, column)).collect();
            for (column, value) in insert.columns.iter().zip(given) {
                row[*column as usize] = value;
            }
            let stored = stored_columns(&table);
            self.insert_values(&table, stored.iter().map(|column| row[*column as usize].clone()).collect());
        }
    }

    fn values(&self, table: &Table, insert: &BoundInsert, row: &[InsertValue]) -> Vec<Value> {
        let value = |(column, value): (&u32, &InsertValue)| match value {
            InsertValue::Value(expr) => self.eval(expr, &Scope::empty()),
            InsertValue::Default => self.default(table, table.column(*column)),
        };
        insert.columns.iter().zip(row).map(value).collect()
    }

    fn default(&self, table: &Table, column: &mainstay_catalog::Column) -> Value {
        match &column.default {
            ColumnDefault::Expr(expr) => self.eval(expr, &Scope::empty()),
            ColumnDefault::Identity(identity) => {
                let count = self.rows.borrow()[table.id.0 as usize].len() as i64;
                Value::Int(identity.start + count * identity.increment)
            }
            ColumnDefault::None | ColumnDefault::Generated(_) | ColumnDefault::Native(_) => Value::Null,
        }
    }

    pub fn eval(&self, expr: &Expr, scope: &Scope<'_>) -> Value {
        self.try_eval(expr, scope).unwrap()
    }

    pub fn try_eval(&self, expr: &Expr, scope: &Scope<'_>) -> Result<Value> {
        let session = session();
        let inputs = Inputs { slots: &[], arguments: &[], new: &[], session: &session };
        let (clock, random) = (FixedClock(NOW_US), FixedRandomness::new(1));
        Evaluator::new(inputs, self, &clock, &random)?.eval(expr, scope)
    }

    pub fn sqlite(&self, select: &Select, slots: &[Value]) -> Result<Vec<Vec<Value>>> {
        let statement = sqlite::select(&self.catalog, select, Restriction::None)?;
        self.run(&statement, slots, &[])
    }

    pub fn reference(&self, select: &Select, slots: &[Value]) -> Result<Vec<Vec<Value>>> {
        let session = session();
        let inputs = Inputs { slots, arguments: &[], new: &[], session: &session };
        let (clock, random) = (FixedClock(NOW_US), FixedRandomness::new(1));
        Evaluator::new(inputs, self, &clock, &random)?.select(select, &Scope::empty())
    }

    /// Both ways must give the same rows, in the same order if the query asks for one. Says what is different.
    pub fn difference(&self, query: &str) -> Option<String> {
        let select = select_of(&self.catalog, query);
        let types: Vec<Type> = select.items.iter().map(|item| item.expr.ty.clone()).collect();
        let shown = |rows: Result<Vec<Vec<Value>>>| match rows {
            Ok(rows) => {
                let mut rows: Vec<String> = rows.iter().map(|row| show(&types, row)).collect();
                if select.order_by.is_empty() {
                    rows.sort();
                }
                rows
            }
            Err(problem) => vec![format!("{problem}")],
        };
        let (sqlite, reference) = (shown(self.sqlite(&select, &[])), shown(self.reference(&select, &[])));
        let text = sqlite::select(&self.catalog, &select, Restriction::None).map(|statement| statement.text);
        (sqlite != reference)
            .then(|| format!("{query}\n  said {text:?}\n  sqlite    {sqlite:#?}\n  reference {reference:#?}"))
    }
}

pub fn show(types: &[Type], row: &[Value]) -> String {
    let cells = types.iter().zip(row).map(|(ty, value)| match value {
        Value::Null => "~".to_owned(),
        value => output::to_field(ty, value, &Default::default()),
    });
    cells.collect::<Vec<_>>().join(" | ")
}

fn session_value(value: &SessionValue) -> Value {
    match value {
        SessionValue::Now => Value::Timestamptz(NOW_US),
        SessionValue::Role | SessionValue::CurrentUser => Value::Text("authenticated".to_owned()),
        SessionValue::Jwt => Value::Jsonb(mainstay_expr::Jsonb::from_json(&session().claims).unwrap()),
        SessionValue::Setting(name) if name == "request.jwt.claims" => {
            Value::Text(session().claims.to_string())
        }
        SessionValue::Uid => Value::Uuid([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
        _ => Value::Null,
    }
}

pub fn stored_columns(table: &Table) -> Vec<u32> {
    let is_stored = |column: &u32| {
        !matches!(table.column(*column).default, mainstay_catalog::ColumnDefault::Generated(_))
    };
    (0..table.columns.len() as u32).filter(is_stored).collect()
}

/// A connection that knows every function, aggregate and collation.
pub fn connection() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    let pure =
        FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    rusqlite::vtab::array::load_module(&connection).unwrap();
    for (name, flags) in [("pg_call", pure), ("pg_call_volatile", FunctionFlags::SQLITE_UTF8)] {
        connection
            .create_scalar_function(name, -1, flags, |context| {
                let function = context.get_or_create_aux(0, |text| -> Result<_> {
                    Function::parse(text.as_str().map_err(|_| Problem::internal("no text"))?)
                })?;
                let session = session();
                let time = TimeContext::of(&session).unwrap();
                let (clock, random) = (FixedClock(NOW_US), FixedRandomness::new(1));
                let env = Context { session: &session, time: &time, clock: &clock, random: &random };
                let args: Vec<DatumRef<'_>> =
                    (1..context.len()).map(|at| datum(context.get_raw(at))).collect();
                function.call(&args, &env).map(raw).map_err(failed)
            })
            .unwrap();
    }
    for scalar in Scalar::ALL {
        connection
            .create_scalar_function(scalar.name(), scalar.arity() as i32, pure, move |context| {
                let args: Vec<DatumRef<'_>> =
                    (0..context.len()).map(|at| datum(context.get_raw(at))).collect();
                scalar.call(&args).map(raw).map_err(failed)
            })
            .unwrap();
    }
    for aggregate in AggregateName::ALL {
        connection
            .create_aggregate_function(aggregate.name(), aggregate.arity() as i32, pure, Group(aggregate))
            .unwrap();
    }
    for collation in Collation::REGISTERED {
        connection
            .create_collation(collation.name(), move |left, right| collation.compare(left, right))
            .unwrap();
    }
    connection
}

struct Group(AggregateName);

struct State(Accumulator);

impl std::panic::UnwindSafe for State {}
impl std::panic::RefUnwindSafe for State {}

impl Aggregate<State, Raw> for Group {
    fn init(&self, _: &mut rusqlite::functions::Context<'_>) -> rusqlite::Result<State> {
        Ok(State(self.0.start()))
    }

    fn step(
        &self,
        context: &mut rusqlite::functions::Context<'_>,
        state: &mut State,
    ) -> rusqlite::Result<()> {
        let args: Vec<DatumRef<'_>> = (0..context.len()).map(|at| datum(context.get_raw(at))).collect();
        state.0.step(&args).map_err(failed)
    }

    fn finalize(
        &self,
        _: &mut rusqlite::functions::Context<'_>,
        state: Option<State>,
    ) -> rusqlite::Result<Raw> {
        state.map_or_else(|| self.0.start(), |state| state.0).finish().map(raw).map_err(failed)
    }
}

fn failed(problem: Problem) -> rusqlite::Error {
    let error = rusqlite::Error::UserFunctionError(problem.to_string().into());
    FAILURE.set(Some(problem));
    error
}

pub fn raw(datum: Datum) -> Raw {
    match datum {
        Datum::Null => Raw::Null,
        Datum::Int(number) => Raw::Integer(number),
        Datum::Real(number) => Raw::Real(number),
        Datum::Text(text) => Raw::Text(text),
        Datum::Blob(bytes) => Raw::Blob(bytes),
    }
}

pub fn datum(value: ValueRef<'_>) -> DatumRef<'_> {
    match value {
        ValueRef::Null => DatumRef::Null,
        ValueRef::Integer(number) => DatumRef::Int(number),
        ValueRef::Real(number) => DatumRef::Real(number),
        ValueRef::Text(text) => DatumRef::Text(text),
        ValueRef::Blob(bytes) => DatumRef::Blob(bytes),
    }
}

/// Everything in a table, as text.
pub fn dump(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(sql).unwrap();
    let width = statement.column_count();
    let mut rows = statement.raw_query();
    let mut lines = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        let cells = (0..width).map(|at| row.get::<_, Raw>(at));
        lines.push(format!("{:?}", cells.collect::<rusqlite::Result<Vec<_>>>().unwrap()));
    }
    lines
}
