//! Random schemas with policies, as SQL text; random rows, and choices that shrink.
//!
//! It does not know what a policy means. Tables are written so that policies cannot lead in a circle: with the asker's
//! rights a policy reads only tables of a lower rank.

use std::fmt::Write as _;

/// Tables have `id`, `up` (the key of the table before) and two to four columns of their own.
#[derive(Debug)]
pub struct Table {
    pub name: String,
    pub columns: Vec<(String, Kind)>,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Id,
    Up,
    Int,
    Text,
    Bool,
    Uuid,
    Numeric,
}

pub const KINDS: [Kind; 5] = [Kind::Int, Kind::Text, Kind::Bool, Kind::Uuid, Kind::Numeric];

pub const USERS: [&str; 2] = ["00000000-0000-0000-0000-00000000000a", "00000000-0000-0000-0000-00000000000b"];

impl Kind {
    fn declaration(self) -> &'static str {
        match self {
            Self::Id => "int primary key",
            Self::Up | Self::Int => "int",
            Self::Text => "text",
            Self::Bool => "bool",
            Self::Uuid => "uuid",
            Self::Numeric => "numeric(8, 2)",
        }
    }

    /// Texts of values, few enough to meet one another.
    pub fn samples(self) -> &'static [&'static str] {
        match self {
            Self::Id | Self::Up => &["1", "2", "3"],
            Self::Int => &["0", "1", "2", "-1"],
            Self::Text => &["a", "b", "", "ab", "A"],
            Self::Bool => &["true", "false"],
            Self::Uuid => &USERS,
            Self::Numeric => &["0.00", "1.50", "2.00", "-1.25", "1"],
        }
    }

    fn comparable(self, other: Self) -> bool {
        let plain = |kind: Self| if matches!(kind, Self::Id | Self::Up) { Self::Int } else { kind };
        plain(self) == plain(other)
    }
}

/// A schema and its rows; a cell without text is NULL.
#[derive(Debug)]
pub struct Case {
    pub tables: Vec<Table>,
    pub schema: String,
    pub rows: Vec<Vec<Vec<Option<&'static str>>>>,
}

/// Makes choices out of bytes: a shorter input is a simpler case.
pub struct Choices(pub std::vec::IntoIter<u8>);

impl Choices {
    pub fn pick(&mut self, below: usize) -> usize {
        self.0.next().map_or(0, |byte| usize::from(byte) % below)
    }

    pub fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.pick(choices.len())]
    }

    /// A value of that kind, or NULL.
    pub fn cell(&mut self, kind: Kind) -> Option<&'static str> {
        (kind == Kind::Id || self.pick(6) != 1).then(|| self.of(kind.samples()))
    }
}

/// A whole case.
pub fn case(choices: &mut Choices) -> Case {
    let tables: Vec<Table> = (0..2 + choices.pick(2)).map(|position| table(choices, position)).collect();
    let mut schema = String::new();
    for (position, table) in tables.iter().enumerate() {
        let column = |(name, kind): &(String, Kind)| match kind {
            Kind::Up => format!("{name} int references t{} on delete set null", position - 1),
            _ => format!("{name} {}", kind.declaration()),
        };
        let columns: Vec<String> = table.columns.iter().map(column).collect();
        let name = &table.name;
        let _ = writeln!(schema, "create table {name} ({});", columns.join(", "));
        let _ = writeln!(schema, "alter table {name} enable row level security;");
    }
    let downward = choices.pick(2) == 0;
    let rank = |table: usize| if downward { tables.len() - table } else { table };
    let mut writer = Writer { choices, tables: &tables, functions: false };
    for position in 0..tables.len() {
        let body = writer.condition(&[("f".to_owned(), position)], &[0, 1], 1);
        let _ = writeln!(
            schema,
            "create function knows{position}(v int) returns bool language sql stable security definer as \
             $$select exists (select 1 from t{position} f where f.id = v and {body})$$;"
        );
    }
    writer.functions = true;
    for (position, table) in tables.iter().enumerate() {
        let reach: Vec<usize> = (0..tables.len()).filter(|other| rank(*other) < rank(position)).collect();
        for number in 0..1 + writer.choices.pick(4) {
            let policy = writer.policy(position, &reach, number == 0);
            let _ = writeln!(schema, "create policy p{number} on {} {policy};", table.name);
        }
    }
    let rows = tables.iter().map(|table| rows(choices, table)).collect();
    Case { tables, schema, rows }
}

fn table(choices: &mut Choices, position: usize) -> Table {
    let mut columns = vec![("id".to_owned(), Kind::Id)];
    if position > 0 {
        columns.push(("up".to_owned(), Kind::Up));
    }
    for number in 0..2 + choices.pick(3) {
        columns.push((format!("c{number}"), choices.of(&KINDS)));
    }
    Table { name: format!("t{position}"), columns }
}

fn rows(choices: &mut Choices, table: &Table) -> Vec<Vec<Option<&'static str>>> {
    Kind::Id
        .samples()
        .iter()
        .map(|id| {
            let cell = |(_, kind): &(String, Kind)| match kind {
                Kind::Id => Some(*id),
                kind => choices.cell(*kind),
            };
            table.columns.iter().map(cell).collect()
        })
        .collect()
}

/// The tables in sight with the names that they go by, innermost last.
type Sight = [(String, usize)];

struct Writer<'c> {
    choices: &'c mut Choices,
    tables: &'c [Table],
    functions: bool,
}

impl Writer<'_> {
    fn policy(&mut self, table: usize, reach: &[usize], first: bool) -> String {
        let kind = if !first && self.choices.pick(3) == 1 { "restrictive" } else { "permissive" };
        let commands =
            if first { &["all", "select"][..] } else { &["all", "select", "insert", "update", "delete"] };
        let command = self.choices.of(commands);
        let roles = self.choices.of(&["", "", "to anon", "to authenticated", "to anon, authenticated"]);
        let sight = [(format!("t{table}"), table)];
        let using = if command == "insert" {
            String::new()
        } else {
            format!("using ({})", self.condition(&sight, reach, 2))
        };
        let has_check = match command {
            "insert" => true,
            "all" | "update" => self.choices.pick(2) == 1,
            _ => false,
        };
        let check = if has_check {
            format!("with check ({})", self.condition(&sight, reach, 2))
        } else {
            String::new()
        };
        format!("as {kind} for {command} {roles} {using} {check}")
    }

    fn condition(&mut self, sight: &Sight, reach: &[usize], depth: usize) -> String {
        if depth == 0 {
            return self.comparison(sight);
        }
        let inner = depth - 1;
        match self.choices.pick(14) {
            1 | 2 => {
                let word = self.choices.of(&["and", "or", "or"]);
                let left = self.condition(sight, reach, inner);
                format!("({left} {word} {})", self.condition(sight, reach, inner))
            }
            3 => format!("(not {})", self.condition(sight, reach, inner)),
            4 => {
                let test = self.choices.of(&["is true", "is not true", "is unknown", "is not false"]);
                format!("({} {test})", self.condition(sight, reach, inner))
            }
            5..=7 if !reach.is_empty() => {
                let word = self.choices.of(&["exists", "exists", "not exists"]);
                let (from, _) = self.rows_of(sight, reach, inner);
                format!("{word} (select 1 {from})")
            }
            8 | 9 if !reach.is_empty() => {
                let (from, alias) = self.rows_of(sight, reach, inner);
                let word = self.choices.of(&["in", "in", "not in"]);
                let column = self.choices.of(&["id", "id", "up"]);
                let column = if from.contains(" t0 ") { "id" } else { column };
                format!("{} {word} (select {alias}.{column} {from})", self.operand(sight, Kind::Int))
            }
            10 if !reach.is_empty() => {
                let (from, _) = self.rows_of(sight, reach, inner);
                format!("(select count(*) {from}) {} 1", self.choices.of(&["=", ">", "<="]))
            }
            11 | 12 if self.functions => {
                let table = self.choices.pick(self.tables.len());
                format!("knows{table}({})", self.operand(sight, Kind::Int))
            }
            13 => format!("coalesce({}, false)", self.condition(sight, reach, inner)),
            _ => self.comparison(sight),
        }
    }

    /// `from … where …` over another table, and the name it goes by.
    fn rows_of(&mut self, sight: &Sight, reach: &[usize], depth: usize) -> (String, String) {
        let table = self.choices.of(reach);
        let alias = format!("a{}", sight.len());
        let mut inner = sight.to_vec();
        inner.push((alias.clone(), table));
        let condition = self.condition(&inner, reach, depth);
        (format!("from t{table} {alias} where {condition}"), alias)
    }

    fn comparison(&mut self, sight: &Sight) -> String {
        let kind = self.choices.of(&KINDS);
        let left = self.operand(sight, kind);
        match self.choices.pick(8) {
            0..=3 => {
                let operator = self.choices.of(&["=", "=", "<>", "<", ">=", "is distinct from"]);
                format!("({left} {operator} {})", self.operand(sight, kind))
            }
            4 => format!("({left} {})", self.choices.of(&["is null", "is not null"])),
            5 => {
                let list = [self.operand(sight, kind), self.operand(sight, kind)];
                format!("({left} {} ({}))", self.choices.of(&["in", "not in"]), list.join(", "))
            }
            6 => self.choices.of(&["true", "auth.role() = 'anon'", "auth.uid() is not null"]).to_owned(),
            _ => match kind {
                Kind::Text => format!("({left} like {})", self.choices.of(&["'a%'", "'%b'", "'_'"])),
                Kind::Bool => left,
                _ => format!("(coalesce({left}, {}) = {left})", self.operand(sight, kind)),
            },
        }
    }

    /// A value of a kind: mostly a column, of the innermost table first.
    fn operand(&mut self, sight: &Sight, kind: Kind) -> String {
        let mut columns = Vec::new();
        for (alias, table) in sight.iter().rev() {
            let of_kind = self.tables[*table].columns.iter().filter(|(_, own)| own.comparable(kind));
            columns.extend(of_kind.map(|(name, _)| format!("{alias}.{name}")));
        }
        let choice = self.choices.pick(8);
        if choice < 5 && !columns.is_empty() {
            let position = self.choices.pick(columns.len());
            return columns.swap_remove(position);
        }
        match (kind, choice) {
            (Kind::Uuid, 5 | 6) => "auth.uid()".to_owned(),
            (Kind::Text, 5 | 6) => "(auth.jwt() ->> 'x')".to_owned(),
            (Kind::Int, 5) => "(auth.jwt() ->> 'n')::int".to_owned(),
            (Kind::Bool, 5) => "(auth.jwt() -> 'x' is null)".to_owned(),
            _ => {
                let text = self.choices.of(kind.samples());
                let ty = kind.declaration();
                format!("'{text}'::{ty}")
            }
        }
    }
}
