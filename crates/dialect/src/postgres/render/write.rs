//! The pieces of writes. Rows are found and locked first, then written by their place: checks stand between.

use mainstay_base::Result;
use mainstay_catalog::{Catalog, Identity, Table};
use mainstay_expr::{Expr, FromItem, Item, Rights, Select, SourceId, TableId, TableSource, Type};

use super::expr::parameter;
use super::select::{place, rows};
use super::{Renderer, Restriction, Sql, Statement, alias, table_name};
use crate::postgres::Bound;
use crate::sql::sql;

/// `INSERT` of one row: a parameter [`Bound::New`] for each of the columns, but the next number of its sequence for those in
/// `drawn`. With `passing_over` a row that has the key of those columns already is passed over (of any key, when it names none).
/// The result is the row's place.
pub fn insert(
    catalog: &Catalog,
    table: TableId,
    columns: &[u32],
    drawn: &[u32],
    passing_over: Option<&[u32]>,
) -> Statement {
    let table = catalog.table(table);
    let values = match columns {
        [] => Sql::from(" DEFAULT VALUES"),
        _ => {
            let names = columns.iter().map(|column| column_name(table, *column));
            let values = columns.iter().map(|column| match drawn.contains(column) {
                true => Sql::from("DEFAULT"),
                false => new_value(table, *column),
            });
            let (names, values) = (Sql::join(names, ", "), Sql::join(values, ", "));
            sql![" (", names, ") OVERRIDING SYSTEM VALUE VALUES (", values, ")"]
        }
    };
    let conflict = match passing_over {
        None => Sql::default(),
        Some([]) => Sql::from(" ON CONFLICT DO NOTHING"),
        Some(key) => {
            let names = key.iter().map(|column| column_name(table, *column));
            sql![" ON CONFLICT (", Sql::join(names, ", "), ") DO NOTHING"]
        }
    };
    let sql = sql!["INSERT INTO ", table_name(table), values, conflict, " RETURNING ctid"];
    Statement::new(sql, Vec::new())
}

/// `COPY` of many rows, with a value for each of the columns.
pub fn copy(catalog: &Catalog, table: TableId, columns: &[u32]) -> Statement {
    let table = catalog.table(table);
    let names = columns.iter().map(|column| column_name(table, *column));
    let sql = sql!["COPY ", table_name(table), " (", Sql::join(names, ", "), ") FROM STDIN"];
    Statement::new(sql, Vec::new())
}

/// The same as [`insert`] for a row that is added only if `checks` hold for it, which speak of it as [`Bound::New`]. Without a row in the result
/// one of them does not.
pub fn insert_checked(
    catalog: &Catalog,
    table: TableId,
    columns: &[u32],
    drawn: &[u32],
    checks: &[Expr],
) -> Result<Statement> {
    let given: Vec<u32> = columns.iter().filter(|column| !drawn.contains(column)).copied().collect();
    if checks.is_empty() || given.is_empty() {
        return Ok(insert(catalog, table, columns, drawn, None));
    }
    let declared = catalog.table(table);
    let names = Sql::join(given.iter().map(|column| column_name(declared, *column)), ", ");
    let values = Sql::join(given.iter().map(|column| new_value(declared, *column)), ", ");
    let mut renderer = Renderer::new(catalog);
    let checks = checks.iter().map(|check| renderer.expr(check)).collect::<Result<Vec<_>>>()?;
    let sql = sql![
        "INSERT INTO ",
        table_name(declared),
        " (",
        names,
        ") OVERRIDING SYSTEM VALUE SELECT ",
        values,
        " WHERE ",
        Sql::join(checks, " AND "),
        " RETURNING ctid"
    ];
    Ok(Statement::new(sql, Vec::new()))
}

/// `UPDATE` of the rows [`Bound::Rows`]: a parameter [`Bound::New`] for each of the columns, of which there is at least one. The
/// result is the rows' new places.
pub fn update(catalog: &Catalog, table: TableId, columns: &[u32]) -> Statement {
    let table = catalog.table(table);
    let set =
        columns.iter().map(|column| sql![column_name(table, *column), " = ", new_value(table, *column)]);
    let sql =
        sql!["UPDATE ", table_name(table), " SET ", Sql::join(set, ", "), among_rows(), " RETURNING ctid"];
    Statement::new(sql, Vec::new())
}

/// `DELETE` of the rows [`Bound::Rows`].
pub fn delete(catalog: &Catalog, table: TableId) -> Statement {
    let sql = sql!["DELETE FROM ", table_name(catalog.table(table)), among_rows()];
    Statement::new(sql, Vec::new())
}

/// The rows of a base table that a write will touch, locked until its end: their places first, then `items`, as far as `filter`
/// holds for them. Filter and items speak of `source`.
pub fn select_rows(
    catalog: &Catalog,
    table: TableId,
    source: SourceId,
    filter: &Expr,
    items: &[Expr],
) -> Result<Statement> {
    let mut renderer = Renderer::new(catalog);
    let from = TableSource { source, table, rights: Rights::Definer, visible: None };
    let select = Select {
        from: vec![FromItem::Table(from)],
        filter: (!filter.is_true()).then(|| filter.clone()),
        ..Select::default()
    };
    let body = renderer.body(&select, Restriction::None)?;
    let mut list = vec![place(source)];
    let mut columns = vec![Type::Text];
    for item in items {
        list.push(renderer.expr(item)?);
        columns.push(item.ty.clone());
    }
    let sql = sql!["SELECT ", Sql::join(list, ", "), body, " FOR UPDATE OF ", alias(source)];
    Ok(Statement::new(sql, columns))
}

/// Expressions without columns as one row: checks of a new row.
pub fn expression_select(catalog: &Catalog, exprs: &[Expr]) -> Result<Statement> {
    let items = exprs.iter().map(|expr| Item { expr: expr.clone(), name: String::new() }).collect();
    super::select(catalog, &Select { items, ..Select::default() }, Restriction::None)
}

/// The next number of a column's sequence.
pub fn draw(table: &Table, column: u32) -> Statement {
    Statement::new(sql!["SELECT nextval(", sequence(table, column), ")"], vec![Type::Int8])
}

/// Moves a column's sequence past the last number in it, and past `last` when it is given, unless it is there already.
pub fn advance_sequence(table: &Table, column: u32, identity: &Identity, last: Option<i64>) -> Statement {
    let (extreme, greatest, beyond) =
        if identity.increment > 0 { ("max(", "greatest(", " > ") } else { ("min(", "least(", " < ") };
    let number = |number: i64| Sql::text(number.to_string()).then("::int8");
    let stored = sql!["(SELECT ", extreme, column_name(table, column), ") FROM ", table_name(table), ")"];
    let wanted = match last {
        Some(last) => sql![greatest, stored, ", ", number(last), ")"],
        None => stored,
    };
    let before = number(identity.start.saturating_sub(identity.increment));
    let sql = sql![
        "SELECT setval(q.s, q.m) FROM (SELECT ",
        sequence(table, column),
        "::regclass AS s, (",
        wanted,
        ")::int8 AS m) AS q WHERE q.m",
        beyond,
        "coalesce(pg_sequence_last_value(q.s), ",
        before,
        ")"
    ];
    Statement::new(sql, vec![Type::Int8])
}

/// The number that a column's sequence has handed out last; NULL before the first.
pub fn last_number(table: &Table, column: u32) -> Statement {
    let sql = sql!["SELECT pg_sequence_last_value(", sequence(table, column), "::regclass)"];
    Statement::new(sql, vec![Type::Int8])
}

/// The name of a column's sequence.
pub(in crate::postgres) fn sequence(table: &Table, column: u32) -> Sql {
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let relation = format!("{}.{}", quoted(&table.schema), quoted(&table.name));
    let column = table.column(column).name.clone();
    sql!["pg_get_serial_sequence(", Sql::text(relation), ", ", Sql::text(column), ")"]
}

fn among_rows() -> Sql {
    sql![" WHERE ctid = ANY (", rows(), ")"]
}

fn column_name(table: &Table, column: u32) -> Sql {
    Sql::identifier(table.column(column).name.clone())
}

fn new_value(table: &Table, column: u32) -> Sql {
    parameter(Bound::New(column), &table.column(column).ty.ty)
}
