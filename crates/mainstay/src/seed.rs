//! `seed.sql`: INSERT and COPY statements become rows.

use std::sync::Arc;
use std::time::Duration;

use mainstay_base::{Clock, SystemClock, SystemRandomness};
use mainstay_catalog::{BoundInsert, Catalog, ColumnDefault, InsertRows, InsertValue, Table};
use mainstay_engine::{Engine, Expect, Inputs, Job, NewValue, Output, Transaction};
use mainstay_exec::Seams;
use mainstay_expr::{Expr, RequestContext, Role, Session, Value};
use mainstay_plan::{Action, InsertPlan, NewColumn, Otherwise, Plan};
use mainstay_sql::{Diagnostics, SourceFiles, Statement};

use crate::failure::{Doing, Failure, Result, diagnose};
use crate::project::Project;

/// Rows that are written at once.
const CHUNK_ROWS: usize = 500;

/// Adds the rows of `seed.sql`, all of them or none; the number of rows, `None` without a file.
pub async fn run(project: &Project, engine: &dyn Engine, catalog: &Arc<Catalog>) -> Result<Option<u64>> {
    let file = project.seed_file();
    if !file.exists() {
        return Ok(None);
    }
    let text = std::fs::read_to_string(&file).doing(|| format!("read {}", file.display()))?;
    let files = SourceFiles::single("seed.sql", text);
    let (statements, diagnostics) = mainstay_sql::read(&files);
    refuse(&files, diagnostics)?;
    let mut transaction = engine.begin().await?;
    let mut rows = 0;
    for statement in &statements {
        let bound = match statement {
            Statement::Insert(insert) => mainstay_catalog::bind_insert(catalog, insert),
            Statement::Copy(copy) => mainstay_catalog::bind_copy(catalog, copy),
            _ => continue,
        };
        match bound {
            Ok(insert) => rows += write(engine, transaction.as_mut(), catalog, &insert).await?,
            Err(found) => refuse(&files, found)?,
        }
    }
    transaction.advance_sequences(catalog).await?;
    transaction.commit().await?;
    Ok(Some(rows))
}

fn refuse(files: &SourceFiles, diagnostics: Diagnostics) -> Result<()> {
    diagnose(files, &diagnostics);
    if diagnostics.has_errors() {
        return Err(Failure::invalid("the seed has errors; nothing was added"));
    }
    Ok(())
}

async fn write(
    engine: &dyn Engine,
    transaction: &mut dyn Transaction,
    catalog: &Arc<Catalog>,
    insert: &BoundInsert,
) -> Result<u64> {
    let table = catalog.table(insert.table);
    let columns = new_columns(table, &insert.columns);
    let plan = InsertPlan {
        table: table.id,
        columns: columns.clone(),
        checks: Vec::new(),
        same_key: Vec::new(),
        conflict: None,
        returning: None,
    };
    let prepared = engine.render(catalog, &Plan { slots: Vec::new(), action: Action::Insert(plan) })?;
    let session = owner();
    let InsertRows::Values(rows) = &insert.rows else {
        return Err(Failure::invalid("INSERT … SELECT in a seed is not supported"));
    };
    let mut written = 0;
    for chunk in rows.chunks(CHUNK_ROWS) {
        let rows = chunk.iter().map(|row| new_row(&columns, row, &session)).collect::<Result<Vec<_>>>()?;
        let job = Job {
            prepared: prepared.clone(),
            inputs: Inputs { slots: Vec::new(), rows, session: session.clone() },
            output: Output::default(),
            expect: Expect::default(),
            timeout: Duration::from_secs(600),
            rollback: false,
        };
        written += transaction.run(job).await?.affected;
    }
    Ok(written)
}

/// Every column of the table that is not generated.
fn new_columns(table: &Table, given: &[u32]) -> Vec<NewColumn> {
    (0..table.columns.len() as u32)
        .filter_map(|column| {
            let declared = table.column(column);
            let otherwise = match &declared.default {
                ColumnDefault::Generated(_) => return None,
                ColumnDefault::None => Otherwise::Null,
                ColumnDefault::Expr(expr) => Otherwise::Default(expr.clone()),
                ColumnDefault::Identity(_) => Otherwise::Identity,
            };
            let cell = given.iter().position(|position| *position == column).map(|cell| cell as u32);
            Some(NewColumn { column, ty: declared.ty.clone(), cell, otherwise })
        })
        .collect()
}

fn new_row(columns: &[NewColumn], cells: &[InsertValue], session: &Session) -> Result<Vec<NewValue>> {
    columns
        .iter()
        .map(|column| match (column.cell.map(|cell| &cells[cell as usize]), &column.otherwise) {
            (Some(InsertValue::Value(expr)), _) | (_, Otherwise::Default(expr)) => value(expr, session),
            (_, Otherwise::Null) => Ok(NewValue::Value(Value::Null)),
            (_, Otherwise::Identity) => Ok(NewValue::Identity),
        })
        .collect()
}

fn value(expr: &Expr, session: &Session) -> Result<NewValue> {
    let seams = Seams { clock: &SystemClock, random: &SystemRandomness };
    Ok(NewValue::Value(seams.evaluate(expr, session)?))
}

/// The schema's owner: no policy applies.
fn owner() -> Session {
    Session {
        role: Role::new(Role::SERVICE),
        claims: Arc::new(serde_json::json!({"role": Role::SERVICE})),
        request: RequestContext::default(),
        now_us: SystemClock.now_us(),
        timezone: None,
    }
}
