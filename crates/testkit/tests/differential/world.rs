//! Random schemas with their rows, as SQL text.
//!
//! Tables are numbered; `tN` has a key `id`, may refer to the table before it by `up` and to itself by `peer`, and has some
//! columns of its own. Values are few, so that they meet.

use std::fmt::Write as _;

use crate::random::Random;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Int,
    Small,
    Big,
    Float,
    Money,
    Numeric,
    Text,
    Short,
    Bool,
    Uuid,
    Date,
    Time,
    Timestamp,
    Timestamptz,
    Jsonb,
    Mood,
    Ints,
    Texts,
}

const KINDS: [Kind; 18] = [
    Kind::Int,
    Kind::Small,
    Kind::Big,
    Kind::Float,
    Kind::Money,
    Kind::Numeric,
    Kind::Text,
    Kind::Short,
    Kind::Bool,
    Kind::Uuid,
    Kind::Date,
    Kind::Time,
    Kind::Timestamp,
    Kind::Timestamptz,
    Kind::Jsonb,
    Kind::Mood,
    Kind::Ints,
    Kind::Texts,
];

pub const ALICE: &str = "a11ce000-0000-4000-8000-000000000001";

impl Kind {
    fn declaration(self) -> &'static str {
        match self {
            Self::Int => "int",
            Self::Small => "smallint",
            Self::Big => "bigint",
            Self::Float => "double precision",
            Self::Money => "numeric(8, 2)",
            Self::Numeric => "numeric",
            Self::Text => "text",
            Self::Short => "varchar(5)",
            Self::Bool => "boolean",
            Self::Uuid => "uuid",
            Self::Date => "date",
            Self::Time => "time",
            Self::Timestamp => "timestamp",
            Self::Timestamptz => "timestamptz",
            Self::Jsonb => "jsonb",
            Self::Mood => "mood",
            Self::Ints => "int[]",
            Self::Texts => "text[]",
        }
    }

    /// Texts of values.
    pub fn samples(self) -> &'static [&'static str] {
        match self {
            Self::Int => &["0", "1", "2", "-1", "2147483647"],
            Self::Small => &["0", "1", "-32768"],
            Self::Big => &["0", "1", "9007199254740993", "-9223372036854775808"],
            Self::Float => &["0", "1.5", "-2.25", "1e300", "0.1"],
            Self::Money => &["0.00", "1.50", "-1.25", "999999.99", "1"],
            Self::Numeric => &["0", "1.10", "1.1", "123456789012345678901234567890.5", "-0.001"],
            Self::Text => &["a", "B", "", "ab", "é", "null", "a,b", "(x)", "%", "\\", "\"q\"", "漢\u{1F600}"],
            Self::Short => &["a", "ab", "12345", ""],
            Self::Bool => &["true", "false"],
            Self::Uuid => {
                &[ALICE, "b0b00000-0000-4000-8000-000000000002", "00000000-0000-0000-0000-000000000000"]
            }
            Self::Date => &["2024-02-29", "0001-01-01", "9999-12-31", "2000-01-01"],
            Self::Time => &["00:00:00", "23:59:59.999999", "12:30:00"],
            Self::Timestamp => &["2024-02-29T12:00:00", "1969-12-31T23:59:59.5", "2000-01-01T00:00:00"],
            Self::Timestamptz => {
                &["2024-02-29T12:00:00+00:00", "2024-02-29T12:00:00.000001+02:00", "1970-01-01T00:00:00Z"]
            }
            Self::Jsonb => {
                &["{\"a\": 1, \"b\": [1, \"x\", null]}", "{\"a\": \"x\"}", "[1, 2]", "null", "\"s\"", "1.50"]
            }
            Self::Mood => &["sad", "fine", "happy"],
            Self::Ints => &["{}", "{1,2}", "{3,NULL}"],
            Self::Texts => &["{}", "{a,\"b c\"}", "{NULL,\"x,y\"}"],
        }
    }

    /// Texts that are no such values.
    pub fn strangers(self) -> &'static [&'static str] {
        match self {
            Self::Int | Self::Small | Self::Big => &["x", "", "1.5", "99999999999999999999"],
            Self::Float | Self::Money | Self::Numeric => &["x", "1e400", "12345678.9"],
            Self::Short => &["123456", "éééééé"],
            Self::Bool => &["maybe"],
            Self::Uuid => &["not-a-uuid"],
            Self::Date | Self::Timestamp | Self::Timestamptz => &["2023-02-29", "yesterday-ish"],
            Self::Time => &["25:00"],
            Self::Jsonb => &["{"],
            Self::Mood => &["angry"],
            Self::Ints => &["{x}", "1"],
            Self::Text | Self::Texts => &["\u{1}"],
        }
    }

    pub fn is_number(self) -> bool {
        matches!(self, Self::Int | Self::Small | Self::Big | Self::Money | Self::Numeric)
    }

    pub fn is_text(self) -> bool {
        matches!(self, Self::Text | Self::Short)
    }

    pub fn is_array(self) -> bool {
        matches!(self, Self::Ints | Self::Texts)
    }

    /// The value as a JSON body has it.
    pub fn json(self, text: &str) -> String {
        match self {
            Self::Int
            | Self::Small
            | Self::Big
            | Self::Float
            | Self::Money
            | Self::Numeric
            | Self::Bool
            | Self::Jsonb => text.to_owned(),
            _ => serde_json::Value::from(text).to_string(),
        }
    }
}

/// A column of its own.
#[derive(Debug, Clone)]
pub struct Column {
    pub name: String,
    pub kind: Kind,
    pub not_null: bool,
}

/// A table.
#[derive(Debug, Clone)]
pub struct Table {
    pub name: String,
    pub columns: Vec<Column>,
    pub has_up: bool,
    pub has_peer: bool,
    /// The column that is unique, if one is.
    pub unique: Option<usize>,
}

/// A schema, its rows as SQL, and what is known of it.
#[derive(Debug, Clone)]
pub struct Case {
    pub tables: Vec<Table>,
    pub schema: String,
    pub seed: String,
}

/// A whole case.
pub fn case(random: &mut Random) -> Case {
    let tables: Vec<Table> = (0..2 + random.below(2)).map(|number| table(random, number)).collect();
    let mut schema = "create type mood as enum ('sad', 'fine', 'happy');\n".to_owned();
    let mut seed = String::new();
    for (number, table) in tables.iter().enumerate() {
        write_table(random, &tables, number, &mut schema);
        write_rows(random, table, number, &mut seed);
    }
    Case { tables, schema, seed }
}

fn table(random: &mut Random, number: usize) -> Table {
    let column = |position: usize, random: &mut Random| Column {
        name: format!("c{position}"),
        kind: random.of(&KINDS),
        not_null: random.chance(1, 4),
    };
    let columns: Vec<Column> = (0..3 + random.below(4)).map(|position| column(position, random)).collect();
    let can_be_unique = |column: &Column| {
        !column.not_null && !column.kind.is_array() && !matches!(column.kind, Kind::Jsonb | Kind::Numeric)
    };
    let unique = (0..columns.len()).find(|at| can_be_unique(&columns[*at])).filter(|_| random.chance(1, 2));
    Table { name: format!("t{number}"), columns, has_up: number > 0, has_peer: random.chance(1, 3), unique }
}

fn write_table(random: &mut Random, tables: &[Table], number: usize, out: &mut String) {
    let table = &tables[number];
    let name = &table.name;
    let mut parts = vec![
        "id int generated by default as identity primary key".to_owned(),
        "owner uuid default auth.uid()".to_owned(),
    ];
    let action = |random: &mut Random| {
        random.of(&["", " on delete cascade", " on delete set null", " on delete restrict"])
    };
    if table.has_up {
        parts.push(format!("up int references t{}{}", number - 1, action(random)));
    }
    if table.has_peer {
        parts.push(format!("peer int references {name}{}", action(random)));
    }
    for (position, column) in table.columns.iter().enumerate() {
        let mut text = format!("{} {}", column.name, column.kind.declaration());
        if column.not_null {
            text.push_str(" not null");
        }
        if random.chance(1, 4) {
            let _ = write!(text, " default '{}'", random.of(column.kind.samples()).replace('\'', "''"));
        }
        if table.unique == Some(position) {
            text.push_str(" unique");
        }
        if column.kind.is_number() && random.chance(1, 4) {
            let _ = write!(
                text,
                " constraint {name}_{0}_known check ({0} <> 7 and {0} is distinct from 8)",
                column.name
            );
        }
        parts.push(text);
    }
    if let Some(column) = table.columns.iter().find(|column| column.kind.is_text()) {
        parts.push(format!("loud text generated always as (upper({}) || '!') stored", column.name));
    }
    let _ = writeln!(out, "create table {name} (\n  {}\n);", parts.join(",\n  "));
    let _ = writeln!(out, "alter table {name} enable row level security;");
    for policy in 0..1 + random.below(3) {
        let _ = writeln!(out, "create policy p{policy} on {name} {};", self::policy(random, tables, number));
    }
    if random.chance(1, 4) {
        let columns = table.columns.iter().map(|column| column.name.as_str());
        let columns: Vec<&str> = ["id"].into_iter().chain(columns).collect();
        let _ = writeln!(out, "grant select ({}), insert, delete on {name} to anon;", columns.join(", "));
    }
    let _ = writeln!(
        out,
        "create function of_{name}(lowest int default 2) returns setof {name} language sql stable as \
         $$select * from {name} where id >= lowest order by id$$;\n\
         create function count_{name}(owned boolean) returns bigint language sql stable as \
         $$select count(*) from {name} where (owner is not null) = owned$$;"
    );
    if let Some(first) = table.columns.first() {
        let _ = writeln!(
            out,
            "create view v_{name} with (security_invoker = true) as select id, {0} as seen, owner is null as orphan \
             from {name} where id <> 2;",
            first.name
        );
    }
}

fn policy(random: &mut Random, tables: &[Table], number: usize) -> String {
    let table = &tables[number];
    let command = random.of(&["all", "all", "select", "insert", "update", "delete"]);
    let roles = random.of(&["", "", "to anon", "to authenticated", "to anon, authenticated"]);
    let kind = if random.chance(1, 5) { "as restrictive " } else { "" };
    let using = condition(random, table, number);
    let check = condition(random, table, number);
    let body = match command {
        "insert" => format!("with check ({check})"),
        "select" | "delete" => format!("using ({using})"),
        _ if random.chance(1, 2) => format!("using ({using}) with check ({check})"),
        _ => format!("using ({using})"),
    };
    format!("{kind}for {command} {roles} {body}")
}

fn condition(random: &mut Random, table: &Table, number: usize) -> String {
    let column = &table.columns[random.below(table.columns.len())];
    match random.below(8) {
        0 | 1 => "true".to_owned(),
        2 => "owner = auth.uid()".to_owned(),
        3 => "owner is null or owner = auth.uid()".to_owned(),
        4 if table.has_up => {
            format!(
                "exists (select 1 from t{} above where above.id = up and above.owner is not null)",
                number - 1
            )
        }
        5 => format!("{} is not null", column.name),
        6 if column.kind != Kind::Jsonb && !column.kind.is_array() => {
            format!("{} >= '{}'", column.name, random.of(column.kind.samples()).replace('\'', "''"))
        }
        6 if column.kind == Kind::Jsonb => format!("({} ->> 'a') is distinct from 'x'", column.name),
        7 if column.kind.is_text() => format!("lower({}) <> 'b'", column.name),
        7 => "(auth.jwt() ->> 'role') = 'authenticated' or id % 2 = 0".to_owned(),
        _ => "id > 1".to_owned(),
    }
}

fn write_rows(random: &mut Random, table: &Table, number: usize, out: &mut String) {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    for id in 1..=4 + random.below(5) {
        let mut names = vec!["id", "owner"];
        let mut values = vec![id.to_string(), random.of(&["null", "", ""]).to_owned()];
        if values[1].is_empty() {
            values[1] = quoted(random.of(Kind::Uuid.samples()));
        }
        if table.has_up {
            names.push("up");
            values.push(if random.chance(1, 4) {
                "null".to_owned()
            } else {
                (1 + random.below(4)).to_string()
            });
        }
        if table.has_peer {
            names.push("peer");
            values.push(if random.chance(1, 2) {
                "null".to_owned()
            } else {
                (1 + random.below(4)).to_string()
            });
        }
        for (position, column) in table.columns.iter().enumerate() {
            names.push(&column.name);
            let samples = column.kind.samples();
            let sample = match table.unique == Some(position) {
                // None comes twice.
                true => samples.get(id - 1).copied(),
                false => (column.not_null || random.chance(3, 4)).then(|| random.of(samples)),
            };
            values.push(sample.map_or("null".to_owned(), quoted));
        }
        let _ = writeln!(out, "insert into t{number} ({}) values ({});", names.join(", "), values.join(", "));
    }
}
