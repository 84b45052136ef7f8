//! Random policies over random rows: what comes through planner and engine is what the rules say, row by row.
//!
//! On PostgreSQL both ways to keep the rules give the same: policies in the plan, and policies of the database. The database is
//! chosen by `MAINSTAY_TEST_DATABASE` (default `sqlite`). `PROPTEST_CASES` sets how many schemas are tried. Runs repeat themselves: the seed is fixed.

#![allow(clippy::unwrap_used, reason = "tests")]

mod generate;
mod oracle;
mod requests;

use std::cell::Cell;
use std::sync::Arc;

use generate::{Case, Choices, Kind, Table, USERS};
use mainstay_base::{FixedClock, FixedRandomness, Limits};
use mainstay_catalog::{Catalog, Command};
use mainstay_engine::{Answer, Engine};
use mainstay_engine_postgres::Postgres;
use mainstay_engine_sqlite::{Options, Sqlite};
use mainstay_exec::{Exec, Execution};
use mainstay_expr::{Expr, Role, Session, TableId, TimeContext, Value, Zone, input, output};
use mainstay_plan::Enforcement;
use mainstay_planner::Settings;
use mainstay_query::{
    Cell as Given, Conflict, Count, Delete, EmbedJoin, Insert, MissingAs, Payload, RawValue, Read, Request,
    Resolution, Returning, Update, Values, ValuesBuilder,
};
use mainstay_sql::SourceFiles;
use mainstay_testkit::database::TestDatabase;
use oracle::{Row, World};
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestCaseResult, TestRunner};
use requests::{Filter, embed, filter, level, target};

/// A case in a database.
struct Bench {
    case: Case,
    catalog: Arc<Catalog>,
    rows: Vec<Vec<Row>>,
    /// Every way in which the engine can keep the rules.
    ways: Vec<Exec>,
    _place: Place,
}

/// Where the rows are.
enum Place {
    Folder(#[allow(dead_code, reason = "it is removed with the case")] tempfile::TempDir),
    Database(#[allow(dead_code, reason = "it is removed with the case")] TestDatabase),
}

/// How often something happened: a run in which it never does proves nothing.
#[derive(Default)]
struct Tally {
    shown: Cell<usize>,
    hidden: Cell<usize>,
    written: Cell<usize>,
    untouched: Cell<usize>,
    refused: Cell<usize>,
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

fn add(tally: &Cell<usize>, times: usize) {
    tally.set(tally.get() + times);
}

#[test]
fn requests_do_what_policies_say() {
    // A database of a server takes longer to make than a file.
    let usual = if std::env::var("MAINSTAY_TEST_DATABASE").is_ok_and(|it| it.starts_with("postgres")) {
        16
    } else {
        64
    };
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(usual);
    let config = ProptestConfig {
        cases,
        rng_seed: RngSeed::Fixed(20),
        failure_persistence: None,
        max_shrink_iters: 400,
        ..ProptestConfig::default()
    };
    let tally = Tally::default();
    let runtime = runtime();
    let bytes = prop::collection::vec(any::<u8>(), 600..1500);
    let outcome = TestRunner::new(config).run(&bytes, |bytes| {
        let mut choices = Choices(bytes.into_iter());
        let case = generate::case(&mut choices);
        runtime.block_on(async { Bench::open(case).await.check(&mut choices, &tally).await })
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    for often in [&tally.shown, &tally.hidden, &tally.written, &tally.untouched, &tally.refused] {
        assert!(often.get() >= cases as usize, "the cases say little");
    }
}

#[test]
fn a_check_does_not_see_the_rows_that_are_written_with_its_own() {
    let columns = vec![("id".to_owned(), Kind::Id), ("c0".to_owned(), Kind::Int)];
    let schema = "create table t0 (id int primary key, c0 int);
        alter table t0 enable row level security;
        create function rows() returns bigint language sql stable security definer as 'select count(*) from t0';
        create policy p0 on t0 using (true) with check (rows() = 1);";
    let case = Case {
        tables: vec![Table { name: "t0".to_owned(), columns }],
        schema: schema.to_owned(),
        rows: vec![vec![vec![Some("1"), None]]],
    };
    let outcome = runtime().block_on(async {
        let bench = Bench::open(case).await;
        let cells = [vec![Some("4"), Some("0")], vec![Some("5"), None]];
        let added: Vec<Row> = cells.iter().map(|row| typed(&bench.catalog, 0, row)).collect();
        let after = [bench.rows[0].as_slice(), &added].concat();
        let (request, values) = insert(&bench.case.tables[0], &cells, None, Returning::Nothing);
        let session = session(&mut Choices(Vec::new().into_iter()));
        bench.check_write(0, &session, &request, values, false, &added, &after, &Tally::default()).await
    });
    outcome.unwrap();
}

impl Bench {
    async fn open(case: Case) -> Self {
        let files = SourceFiles::single("schema.sql", case.schema.as_str());
        let (catalog, diagnostics) = mainstay_catalog::load(&files);
        let catalog = Arc::new(catalog.unwrap_or_else(|| panic!("{}", diagnostics.render(&files, false))));
        let (engine, place) = database();
        let migration = mainstay_migrate::diff(&Arc::new(Catalog::default()), &catalog);
        engine.migrate(&migration, &case.schema, &|_, _| {}).await.unwrap();
        let by = |enforcement| {
            Exec::new(
                engine.clone(),
                catalog.clone(),
                Arc::new(FixedClock(0)),
                Arc::new(FixedRandomness::new(1)),
                Settings { enforcement, ..Settings::default() },
                Limits::default(),
            )
        };
        let mut ways = vec![by(Enforcement::Plan)];
        if engine.capabilities().roles {
            ways.push(by(Enforcement::Role));
        }
        let mut rows = Vec::new();
        for (position, table) in case.tables.iter().enumerate() {
            assert_eq!(catalog.find_table("public", &table.name).unwrap().id, TableId(position as u32));
            let typed = case.rows[position].iter().map(|row| typed(&catalog, position, row)).collect();
            let (request, values) = insert(table, &case.rows[position], None, Returning::Nothing);
            ways[0].run(service(), &request, values, Execution::default()).await.unwrap();
            rows.push(typed);
        }
        Self { case, catalog, rows, ways, _place: place }
    }

    async fn check(&self, choices: &mut Choices, tally: &Tally) -> TestCaseResult {
        for _ in 0..3 {
            let session = session(choices);
            for position in 0..self.case.tables.len() {
                self.check_read(position, &session, choices, tally).await?;
                self.check_update(position, &session, choices, tally).await?;
                self.check_delete(position, &session, choices, tally).await?;
                self.check_insert(position, &session, choices, tally).await?;
            }
        }
        Ok(())
    }

    async fn check_read(
        &self,
        position: usize,
        session: &Session,
        choices: &mut Choices,
        tally: &Tally,
    ) -> TestCaseResult {
        let table = &self.case.tables[position];
        let world = World::new(&self.catalog, &self.rows, session);
        let related = if position > 0 && choices.pick(2) == 0 { position - 1 } else { position + 1 };
        let mut values = ValuesBuilder::default();
        let asked = filter(choices, table, &mut values);
        let mut level = level(&asked);
        let mut expected: Vec<(Row, Vec<Row>)> = self.chosen(position, &asked, world.visible(id(position)));
        let embedded = self.case.tables.get(related);
        if let Some(other) = embedded {
            let join = choices.of(&[EmbedJoin::Left, EmbedJoin::Inner]);
            let inner = filter(choices, other, &mut values);
            level.select.push(embed(other, join, &inner));
            let others = self.chosen(related, &inner, world.visible(id(related)));
            for (row, found) in &mut expected {
                let is_related = |other: &Row| match related < position {
                    true => !row[1].is_null() && other[0] == row[1],
                    false => !other[1].is_null() && other[1] == row[0],
                };
                found
                    .extend(others.iter().map(|(other, _)| other).filter(|other| is_related(other)).cloned());
            }
            expected.retain(|(_, found)| join == EmbedJoin::Left || !found.is_empty());
        }
        let shown = |(row, found): &(Row, Vec<Row>)| {
            let mut object = self.object(position, row);
            if let Some(other) = embedded {
                let found: Vec<String> = found.iter().map(|row| self.object(related, row)).collect();
                let found = match related < position {
                    true => found.first().cloned().unwrap_or_else(|| "null".to_owned()),
                    false => format!("[{}]", found.join(",")),
                };
                object.pop();
                object = format!("{object},\"{}\":{found}}}", other.name);
            }
            object
        };
        let body = format!("[{}]", expected.iter().map(shown).collect::<Vec<_>>().join(","));
        let request = Request::Read(Read { target: target(table), level, count: Some(Count::Exact) });
        let values = values.finish(Payload::default());
        for (way, exec) in self.ways.iter().enumerate() {
            let told = format!("way {way}\n{}", self.told(session, &request, &values));
            let values = values.clone();
            let answer = match exec.run(session.clone(), &request, values, Execution::default()).await {
                Ok(outcome) => outcome.answer,
                Err(problem) => return Err(TestCaseError::fail(format!("{problem}\n{told}"))),
            };
            prop_assert_eq!(text(&answer), body.as_str(), "{}", told);
            prop_assert_eq!(answer.total, Some(expected.len() as u64), "{}", told);
        }
        add(&tally.shown, expected.len());
        add(&tally.hidden, self.rows[position].len() - world.visible(id(position)).len());
        Ok(())
    }

    async fn check_update(
        &self,
        position: usize,
        session: &Session,
        choices: &mut Choices,
        tally: &Tally,
    ) -> TestCaseResult {
        let table = &self.case.tables[position];
        let mut values = ValuesBuilder::default();
        let asked = filter(choices, table, &mut values);
        let returning = returning(choices);
        let first = 1 + choices.pick(table.columns.len() - 1);
        let last = (first + 1 + choices.pick(2)).min(table.columns.len());
        let set: Vec<_> = table.columns[first..last].iter().map(|(_, kind)| choices.cell(*kind)).collect();
        let reads = !asked.conditions.is_empty() || returning != Returning::Nothing;
        let world = World::new(&self.catalog, &self.rows, session);
        let touched = self.touched(&world, position, Command::Update, &asked, reads);
        let mut after = self.rows[position].clone();
        let mut changed = Vec::new();
        let columns = &self.catalog.table(id(position)).columns;
        for row in after.iter_mut().filter(|row| touched.contains(row)) {
            for (column, text) in (first..last).zip(&set) {
                row[column] = value(&columns[column].ty, *text);
            }
            changed.push(row.clone());
        }
        let refused = self.refuses(&world, position, Command::Update, &changed, reads);
        let request = Request::Update(Update {
            target: target(table),
            columns: table.columns[first..last].iter().map(|(name, _)| name.clone()).collect(),
            missing: MissingAs::Null,
            filter: asked.conditions,
            returning,
        });
        let values = values.finish(Payload { rows: vec![set.into_iter().map(given).collect()] });
        self.check_write(position, session, &request, values, refused, &changed, &after, tally).await
    }

    async fn check_delete(
        &self,
        position: usize,
        session: &Session,
        choices: &mut Choices,
        tally: &Tally,
    ) -> TestCaseResult {
        let table = &self.case.tables[position];
        let mut values = ValuesBuilder::default();
        let asked = filter(choices, table, &mut values);
        let returning = returning(choices);
        let reads = !asked.conditions.is_empty() || returning != Returning::Nothing;
        let world = World::new(&self.catalog, &self.rows, session);
        let touched = self.touched(&world, position, Command::Delete, &asked, reads);
        let mut after = self.rows[position].clone();
        after.retain(|row| !touched.contains(row));
        let request = Request::Delete(Delete { target: target(table), filter: asked.conditions, returning });
        let values = values.finish(Payload::default());
        self.check_write(position, session, &request, values, false, &touched, &after, tally).await
    }

    async fn check_insert(
        &self,
        position: usize,
        session: &Session,
        choices: &mut Choices,
        tally: &Tally,
    ) -> TestCaseResult {
        let table = &self.case.tables[position];
        let returning = returning(choices);
        let resolution = choices.of(&[None, None, Some(Resolution::Merge), Some(Resolution::Ignore)]);
        let keys = if resolution.is_some() { ["3", "4"] } else { ["4", "5"] };
        let mut cells = Vec::new();
        for key in keys.into_iter().take(1 + choices.pick(2)) {
            let cell = |(_, kind): &(String, Kind)| match kind {
                Kind::Id => Some(key),
                kind => choices.cell(*kind),
            };
            cells.push(table.columns.iter().map(cell).collect::<Vec<_>>());
        }
        let added: Vec<Row> = cells.iter().map(|row| typed(&self.catalog, position, row)).collect();
        let reads = returning != Returning::Nothing || resolution.is_some();
        let world = World::new(&self.catalog, &self.rows, session);
        let mut refused = self.refuses(&world, position, Command::Insert, &added, reads);
        let (mut after, mut written) = (self.rows[position].clone(), Vec::new());
        for row in added {
            match after.iter_mut().find(|old| old[0] == row[0]) {
                None => after.push(row.clone()),
                Some(_) if resolution == Some(Resolution::Ignore) => continue,
                Some(old) => {
                    // A row that may not be changed is an error here, where UPDATE passes it over.
                    refused |= !world.may_touch(id(position), Command::Update, old)
                        || !world.may_touch(id(position), Command::Select, old)
                        || self.refuses(&world, position, Command::Update, std::slice::from_ref(&row), true);
                    old.clone_from(&row);
                }
            }
            written.push(row);
        }
        let (request, values) = insert(table, &cells, resolution, returning);
        self.check_write(position, session, &request, values, refused, &written, &after, tally).await
    }

    /// Writes in every way.
    #[allow(clippy::too_many_arguments, reason = "a write and everything that is expected of it")]
    async fn check_write(
        &self,
        position: usize,
        session: &Session,
        request: &Request,
        values: Values,
        refused: bool,
        written: &[Row],
        after: &[Row],
        tally: &Tally,
    ) -> TestCaseResult {
        for way in 0..self.ways.len() {
            let values = values.clone();
            self.check_write_by(way, position, session, request, values, refused, written, after, tally)
                .await?;
        }
        Ok(())
    }

    /// Writes, looks at what became of the table, and undoes it.
    #[allow(clippy::too_many_arguments, reason = "a write and everything that is expected of it")]
    async fn check_write_by(
        &self,
        way: usize,
        position: usize,
        session: &Session,
        request: &Request,
        values: Values,
        refused: bool,
        written: &[Row],
        after: &[Row],
        tally: &Tally,
    ) -> TestCaseResult {
        let exec = &self.ways[way];
        let told = format!("way {way}\n{}", self.told(session, request, &values));
        let execution = Execution::default();
        let mut transaction = exec.engine().begin().await.unwrap();
        let outcome = exec.run_in(transaction.as_mut(), session.clone(), request, values, execution).await;
        match outcome {
            Err(problem) => {
                prop_assert!(refused && problem.code() == "42501", "{}\n{}", problem, told);
                add(&tally.refused, 1);
            }
            Ok(outcome) => {
                prop_assert!(!refused, "it should be refused\n{}", told);
                prop_assert_eq!(outcome.answer.affected, written.len() as u64, "{}", told);
                if !outcome.answer.body.is_empty() {
                    prop_assert_eq!(text(&outcome.answer), self.array(position, written), "{}", told);
                }
                add(&tally.written, written.len());
                add(&tally.untouched, after.len().saturating_sub(written.len()));
            }
        }
        let all = level(&Filter { conditions: Vec::new(), sql: String::new() });
        let read = Read { target: target(&self.case.tables[position]), level: all, count: None };
        let (read, none) = (Request::Read(read), Values::default());
        let found = exec.run_in(transaction.as_mut(), service(), &read, none, execution).await.unwrap();
        let expected = if refused { &self.rows[position] } else { after };
        prop_assert_eq!(text(&found.answer), self.array(position, expected), "{}", told);
        transaction.rollback().await.unwrap();
        Ok(())
    }

    /// The rows that a filter lets through, with room for related ones.
    fn chosen(&self, position: usize, asked: &Filter, rows: Vec<Row>) -> Vec<(Row, Vec<Row>)> {
        let condition = self.meaning(position, asked);
        let nobody = service();
        let world = World::new(&self.catalog, &self.rows, &nobody);
        rows.into_iter().filter(|row| world.holds(&condition, row)).map(|row| (row, Vec::new())).collect()
    }

    fn touched(
        &self,
        world: &World<'_>,
        position: usize,
        command: Command,
        asked: &Filter,
        reads: bool,
    ) -> Vec<Row> {
        let table = id(position);
        let may = |row: &Row| {
            world.may_touch(table, command, row) && (!reads || world.may_touch(table, Command::Select, row))
        };
        let rows = self.rows[position].iter().filter(|row| may(row)).cloned().collect();
        self.chosen(position, asked, rows).into_iter().map(|(row, _)| row).collect()
    }

    fn refuses(
        &self,
        world: &World<'_>,
        position: usize,
        command: Command,
        rows: &[Row],
        reads: bool,
    ) -> bool {
        let table = id(position);
        rows.iter().any(|row| {
            !world.may_write(table, command, row) || (reads && !world.may_touch(table, Command::Select, row))
        })
    }

    fn meaning(&self, position: usize, asked: &Filter) -> Expr {
        let parsed = mainstay_sql::read_expression(&asked.sql).unwrap();
        mainstay_catalog::bind_expression(&self.catalog, &parsed, id(position)).unwrap()
    }

    fn object(&self, position: usize, row: &Row) -> String {
        let columns = self.catalog.table(id(position)).columns.iter().zip(row);
        let pairs = columns.map(|(column, value)| {
            format!("\"{}\":{}", column.name, output::to_json(&column.ty.ty, value, &Zone::Utc))
        });
        format!("{{{}}}", pairs.collect::<Vec<_>>().join(","))
    }

    fn array(&self, position: usize, rows: &[Row]) -> String {
        let rows: Vec<String> = rows.iter().map(|row| self.object(position, row)).collect();
        format!("[{}]", rows.join(","))
    }

    /// Everything that is needed to see what went wrong.
    fn told(&self, session: &Session, request: &Request, values: &Values) -> String {
        let rows: Vec<String> = (0..self.rows.len()).map(|at| self.array(at, &self.rows[at])).collect();
        let (schema, rows) = (&self.case.schema, rows.join("\n"));
        let (role, claims) = (session.role.name(), &session.claims);
        format!("{schema}\n{rows}\nas {role} {claims}\n{request:?}\n{values:?}")
    }
}

/// A new database: a file, or one of the PostgreSQL server that `MAINSTAY_TEST_DATABASE` asks for.
fn database() -> (Arc<dyn Engine>, Place) {
    match TestDatabase::create(None).unwrap() {
        Some(database) => {
            let options = mainstay_engine_postgres::Options::new(database.url().unwrap());
            (Arc::new(Postgres::open(options).unwrap()), Place::Database(database))
        }
        None => {
            let folder = tempfile::tempdir().unwrap();
            let engine = Sqlite::open(Options::new(folder.path().join("test.db"))).unwrap();
            (Arc::new(engine), Place::Folder(folder))
        }
    }
}

fn id(position: usize) -> TableId {
    TableId(position as u32)
}

fn text(answer: &Answer) -> String {
    String::from_utf8(answer.body.clone()).unwrap()
}

fn value(ty: &mainstay_expr::ColumnType, text: Option<&str>) -> Value {
    text.map_or(Value::Null, |text| input::parse(ty, text, &TimeContext::default()).unwrap())
}

fn typed(catalog: &Catalog, position: usize, row: &[Option<&str>]) -> Row {
    let columns = catalog.table(id(position)).columns.iter();
    columns.zip(row).map(|(column, text)| value(&column.ty, *text)).collect()
}

fn given(text: Option<&str>) -> Given {
    Given::Given(text.map_or(RawValue::Null, |text| RawValue::Text(text.to_owned())))
}

fn insert(
    table: &Table,
    rows: &[Vec<Option<&str>>],
    resolution: Option<Resolution>,
    returning: Returning,
) -> (Request, Values) {
    let request = Request::Insert(Insert {
        target: target(table),
        columns: table.columns.iter().map(|(name, _)| name.clone()).collect(),
        missing: MissingAs::Null,
        conflict: resolution.map(|resolution| Conflict { columns: None, resolution }),
        returning,
        put_key: None,
    });
    let rows = rows.iter().map(|row| row.iter().map(|text| given(*text)).collect()).collect();
    (request, ValuesBuilder::default().finish(Payload { rows }))
}

fn returning(choices: &mut Choices) -> Returning {
    match choices.pick(2) {
        0 => Returning::Nothing,
        _ => Returning::Rows(level(&Filter { conditions: Vec::new(), sql: String::new() })),
    }
}

fn session(choices: &mut Choices) -> Session {
    let role = choices.of(&["anon", "authenticated", "authenticated", "authenticated", "service_role"]);
    let mut claims = serde_json::json!({ "role": role });
    if choices.pick(4) != 1 {
        claims["sub"] = choices.of(&USERS).into();
    }
    if choices.pick(3) != 1 {
        claims["x"] = choices.of(Kind::Text.samples()).into();
    }
    if choices.pick(3) != 1 {
        claims["n"] = choices.of(&[0, 1, 2]).into();
    }
    Session {
        role: Role::new(role),
        claims: Arc::new(claims),
        request: Default::default(),
        now_us: 0,
        timezone: None,
    }
}

fn service() -> Session {
    session(&mut Choices(vec![4].into_iter()))
}
