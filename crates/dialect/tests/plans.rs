//! The text of statements, that SQLite uses the indexes there are, and that hidden rows stay hidden wherever a table stands.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use mainstay_dialect::sqlite::{self, Restriction};
use mainstay_expr::{
    CompareOp, Expr, ExprKind, FromItem, Item, JoinKind, Quantifier, Rights, Select, SourceId, TableSource,
    Tree, Type, Value,
};
use support::{Database, dump, select_of, show};

const SCHEMA: &str = "
    create type state as enum ('new', 'paid', 'sent');
    create table customers (id uuid primary key, email text not null unique, joined timestamptz not null);
    create table orders (
        id bigint primary key,
        customer uuid not null references customers,
        state state not null,
        total numeric(10, 2) not null,
        weight numeric,
        placed timestamptz not null,
        paid timestamptz,
        code varchar(10) not null,
        note jsonb
    );
    create index on orders (customer, placed desc);
    create index on orders (total);
    create index on orders (weight);
    create index on orders (state);
    create index on orders (lower(code));
    create index on orders (code);
    create index on orders (paid) where placed > '2000-01-01';
    create index on orders ((note->>'kind'));";

/// How a query is said, and what SQLite does for it.
fn plan(database: &Database, select: &Select) -> (String, String) {
    let statement = sqlite::select(&database.catalog, select, Restriction::None).unwrap();
    let plan = dump(&database.connection, &format!("EXPLAIN QUERY PLAN {}", statement.text));
    (statement.text, plan.join("\n"))
}

#[test]
fn statements_are_said_plainly() {
    let database = Database::new(SCHEMA);
    for (query, text) in [
        (
            "select id, total from orders where customer = '00000000-0000-0000-0000-000000000001' order by placed desc limit 10",
            "SELECT s1.\"id\", s1.\"total\" FROM \"orders\" AS s1 \
             WHERE (s1.\"customer\" = '00000000-0000-0000-0000-000000000001') ORDER BY s1.\"placed\" DESC LIMIT 10",
        ),
        (
            "select email from customers c where exists (select from orders o where o.customer = c.id and total > 10.5)",
            "SELECT s1.\"email\" FROM \"customers\" AS s1 WHERE EXISTS (SELECT 1 FROM \"orders\" AS s2 \
             WHERE (s2.\"customer\" = s1.\"id\") AND (s2.\"total\" > 1050))",
        ),
        (
            "select state, count(*), sum(total) from orders group by state order by state",
            "SELECT s1.\"state\", count(*), pg_sum_int(s1.\"total\", 2) FROM \"orders\" AS s1 GROUP BY s1.\"state\" \
             ORDER BY (CASE s1.\"state\" WHEN 'new' THEN 0 WHEN 'paid' THEN 1 WHEN 'sent' THEN 2 END)",
        ),
        (
            "select id from orders order by paid, id",
            "SELECT s1.\"id\" FROM \"orders\" AS s1 ORDER BY s1.\"paid\" NULLS LAST, s1.\"id\"",
        ),
        (
            "select o.id, c.email from orders o left join customers c on c.id = o.customer where code like 'A%'",
            "SELECT s1.\"id\", s2.\"email\" FROM \"orders\" AS s1 LEFT JOIN \"customers\" AS s2 \
             ON (s2.\"id\" = s1.\"customer\") WHERE (s1.\"code\" >= 'A' AND s1.\"code\" < 'B')",
        ),
    ] {
        assert_eq!(plan(&database, &select_of(&database.catalog, query)).0, text);
    }
}

#[test]
fn indexes_are_used() {
    let database = Database::new(SCHEMA);
    for (query, used) in [
        ("select * from orders where id = 5", "SEARCH s1 USING INTEGER PRIMARY KEY (rowid=?)"),
        ("select * from orders where id in (5, 6)", "SEARCH s1 USING INTEGER PRIMARY KEY (rowid=?)"),
        ("select id from customers where email = 'a'", "(email=?)"),
        (
            "select id from orders where customer = '00000000-0000-0000-0000-000000000001' order by placed desc",
            "(customer=?)",
        ),
        ("select id from orders where total = 10.5", "(total=?)"),
        ("select id from orders where total > 1.005 and total < 2", "(total>? AND total<?)"),
        ("select id from orders where weight = 1.10", "(weight=?)"),
        ("select id from orders where state = 'new'", "(state=?)"),
        ("select id from orders where lower(code) = 'a'", "(<expr>=?)"),
        ("select id from orders where code like 'ab%'", "(code>? AND code<?)"),
        ("select id from orders where placed > '2000-01-01' and paid > '2024-01-01'", "(paid>?)"),
        ("select id from orders where note->>'kind' = 'gift'", "(<expr>=?)"),
        ("select c.email from orders o join customers c on c.id = o.customer where o.id = 1", "(id=?)"),
    ] {
        let (text, plan) = plan(&database, &select_of(&database.catalog, query));
        assert!(plan.contains(used), "{query}\n{text}\n{plan}");
        assert!(!plan.contains("TEMP B-TREE"), "{query}\n{plan}");
    }
}

#[test]
fn inputs_use_indexes_too() {
    let database = Database::new(SCHEMA);
    let orders = database.table("orders");
    let source = SourceId(1);
    let column = |name: &str| {
        let position = orders.column_position(name).unwrap();
        Expr::column(source, position, orders.column(position).ty.ty.clone())
    };
    let compared = |name: &str| {
        let column = column(name);
        let slot = Expr::slot(0, column.ty.clone());
        Expr::compare(CompareOp::Eq, column, slot)
    };
    let any = |name: &str| {
        let column = column(name);
        let slot = Expr::slot(0, column.ty.clone().array());
        let (value, array) = (Box::new(column), Box::new(slot));
        Expr::bool(ExprKind::CompareArray { op: CompareOp::Eq, quantifier: Quantifier::Any, value, array })
    };
    for name in ["id", "customer", "total", "weight", "state", "code"] {
        for filter in [compared(name), any(name)] {
            let from = TableSource { source, table: orders.id, rights: Rights::Invoker, visible: None };
            let items = vec![Item { expr: column("id"), name: "id".to_owned() }];
            let select = Select {
                from: vec![FromItem::Table(from)],
                filter: Some(filter),
                items,
                ..Select::default()
            };
            let (text, plan) = plan(&database, &select);
            assert!(plan.contains("SEARCH s1"), "{text}\n{plan}");
        }
    }
}

#[test]
fn many_conditions_and_rows_are_not_too_many() {
    let database = Database::new("create table t (id int primary key);");
    database.insert("t", &["7"]);
    let terms: Vec<String> = (0..3000).map(|id| format!("id <> {id} + 100")).collect();
    let values: Vec<String> = (0..3000).map(|id| format!("({id})")).collect();
    for query in [
        format!("select id from t where {}", terms.join(" and ")),
        format!("select id from t where {}", terms.join(" or ")),
        format!("select v.a from (values {}) v(a) where v.a = 7", values.join(", ")),
    ] {
        let select = select_of(&database.catalog, &query);
        assert_eq!(database.sqlite(&select, &[]), Ok(vec![vec![Value::Int(7)]]));
    }
}

/// A hidden row must not be found by the error it would cause.
#[test]
fn errors_of_hidden_rows_are_not_seen() {
    let schema = "create table t (id int primary key, hidden bool not null, x int not null, name text);
        create view v as select id, hidden, 10 / x as y, name from t;
        create index on t (hidden);";
    let database = Database::new(schema);
    for row in [["1", "f", "1", "a"], ["2", "t", "0", "12"], ["3", "f", "2", "7"]] {
        database.insert("t", &row);
    }
    for (query, rows) in [
        ("select id from t where 10 / x > 5 and id < 100", "1"),
        ("select id from v where y > 5", "1"),
        ("select w.id from (select id, name, hidden from v where y > 1) w where w.name ~ '^[a-z]'", "1"),
        ("select a.id from t a join t b on 10 / b.x = 5 and a.id = 1", "1"),
        ("select a.id from t a left join t b on 10 / b.x = a.id where a.id = 3", "3"),
        ("select id from t where (10 / x)::text like '5' or id = 7", "3"),
    ] {
        let mut select = select_of(&database.catalog, query);
        select.tables_mut(|source| {
            // an expression that SQLite takes for dear, and would rather evaluate last
            let hidden = Expr::column(source.source, 1, Type::Bool).negate();
            let dear =
                Select { items: vec![Item { expr: hidden, name: String::new() }], ..Select::default() };
            source.visible = Some(Box::new(Expr::new(ExprKind::Scalar(Box::new(dear)), Type::Bool)));
        });
        let found = database.sqlite(&select, &[]).unwrap_or_else(|problem| {
            panic!("{query}: {problem}\n{}", plan(&database, &select).0);
        });
        let shown: Vec<String> = found.iter().map(|row| show(&[Type::Int4], row)).collect();
        assert_eq!(shown, [rows], "{query}");
    }
}

const RULED: &str = "
    create table a (id int primary key, b int, hidden bool not null);
    create table b (id int primary key, a int, hidden bool not null);
    create table c (id int primary key, b int, hidden bool not null);";

/// Three small tables with every mixture of hidden and partnerless rows.
fn ruled() -> Database {
    let database = Database::new(RULED);
    for table in ["a", "b", "c"] {
        for (id, partner) in [("1", "1"), ("2", "1"), ("3", "2"), ("4", "~"), ("5", "9"), ("6", "3")] {
            for hidden in ["t", "f"] {
                let id = format!("{}", id.parse::<i32>().unwrap() + if hidden == "t" { 0 } else { 2 });
                if database.rows.borrow()[database.table(table).id.0 as usize]
                    .iter()
                    .all(|row| row[0] != Value::Int(id.parse().unwrap()))
                {
                    database.insert(table, &[&id, partner, hidden]);
                }
            }
        }
    }
    database
}

#[test]
fn hidden_rows_are_hidden_on_every_side_of_every_join() {
    let database = ruled();
    let kinds = [JoinKind::Inner, JoinKind::Left, JoinKind::Right, JoinKind::Full];
    let base = select_of(
        &database.catalog,
        "select a.id, b.id, c.id from a join (b join c on c.b = b.id) on b.a = a.id",
    );
    let left_deep = select_of(
        &database.catalog,
        "select a.id, b.id, c.id from (a join b on b.a = a.id) join c on c.b = b.id",
    );
    for shape in [base, left_deep] {
        for outer in kinds {
            for inner in kinds {
                let mut select = shape.clone();
                let FromItem::Join { kind, left, right, .. } = &mut select.from[0] else { panic!() };
                *kind = outer;
                for side in [left, right] {
                    if let FromItem::Join { kind, .. } = &mut **side {
                        *kind = inner;
                    }
                }
                select.tables_mut(|source| {
                    let hidden = Expr::column(source.source, 2, Type::Bool);
                    source.visible = Some(Box::new(hidden.negate()));
                });
                let types = vec![Type::Int4; 3];
                let shown = |rows: Vec<Vec<Value>>| {
                    let mut rows: Vec<String> = rows.iter().map(|row| show(&types, row)).collect();
                    rows.sort();
                    rows
                };
                let sqlite = shown(database.sqlite(&select, &[]).unwrap());
                let reference = shown(database.reference(&select, &[]).unwrap());
                let text = plan(&database, &select).0;
                assert_eq!(sqlite, reference, "{outer:?} {inner:?}\n{text}");
            }
        }
    }
}
