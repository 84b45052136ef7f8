//! Random requests for a random schema: reads that say their order, and writes.

use mainstay_testkit::identity::Who;
use mainstay_testkit::scenario::Request;

use crate::random::Random;
use crate::world::{Case, Column, Kind, Table};

/// A request and who sends it.
#[derive(Debug, Clone)]
pub struct Asked {
    pub request: Request,
    pub who: Who,
}

impl Asked {
    /// As one would type it.
    pub fn describe(&self) -> String {
        let headers: Vec<String> =
            self.request.headers.iter().map(|(name, value)| format!("\n{name}: {value}")).collect();
        let Request { method, target, body, .. } = &self.request;
        format!("{method} {target}   (as {}){}\n{body}", self.who.name(), headers.concat())
    }
}

/// One more request.
///
/// Numbers are drawn for single rows by who passes by policies: how many a refused command uses up is each engine's own.
pub fn request(random: &mut Random, case: &Case) -> Asked {
    let who = random.of(&[Who::Anon, Who::Service, Who::Service, Who::User(0), Who::User(1)]);
    let number = random.below(case.tables.len());
    let mut writer = Writer { random, case, draws: who == Who::Service, headers: Vec::new() };
    let (method, target, body) = match writer.random.below(20) {
        0..=9 => writer.read(number),
        10 | 11 => writer.grouped(number),
        12 | 13 => writer.insert(number),
        14 => writer.upsert(number),
        15 | 16 => writer.update(number),
        17 => writer.delete(number),
        18 => writer.call(number),
        _ => writer.view(number),
    };
    let headers = writer.headers;
    // Paths into documents have arrows, which a target must not have as they are.
    let target = target.replace('>', "%3E");
    Asked {
        request: Request { line: 0, method: method.to_owned(), target, headers, claims: None, body },
        who,
    }
}

struct Writer<'w> {
    random: &'w mut Random,
    case: &'w Case,
    draws: bool,
    headers: Vec<(String, String)>,
}

type Written = (&'static str, String, String);

impl Writer<'_> {
    fn table(&self, number: usize) -> &Table {
        &self.case.tables[number]
    }

    fn column(&mut self, number: usize) -> Column {
        let columns = &self.case.tables[number].columns;
        columns[self.random.below(columns.len())].clone()
    }

    fn prefer(&mut self, value: &str) {
        self.headers.push(("Prefer".to_owned(), value.to_owned()));
    }

    fn read(&mut self, number: usize) -> Written {
        let select = self.select(number, 2);
        let mut parameters = vec![format!("select={select}{}", Self::order_inside(&select))];
        parameters.extend((0..self.random.below(3)).map(|_| self.filter(number, "")));
        if self.random.chance(1, 5) {
            let inner: Vec<String> = (0..2).map(|_| self.nested(number)).collect();
            let word = self.random.of(&["or", "and", "not.or"]);
            parameters.push(format!("{word}=({})", inner.join(",")));
        }
        parameters.push(self.order(number));
        if self.random.chance(1, 3) {
            parameters.push(format!("limit={}", self.random.below(4)));
        }
        if self.random.chance(1, 5) {
            parameters.push(format!("offset={}", self.random.below(4)));
        }
        if self.random.chance(1, 4) {
            self.prefer("count=exact");
        }
        match self.random.below(12) {
            0 => self.headers.push(("Accept".to_owned(), "text/csv".to_owned())),
            1 => self.headers.push(("Accept".to_owned(), "application/vnd.pgrst.object+json".to_owned())),
            2 => self
                .headers
                .push(("Accept".to_owned(), "application/vnd.pgrst.array+json;nulls=stripped".to_owned())),
            3 => self.headers.push(("Range".to_owned(), "1-2".to_owned())),
            _ => {}
        }
        ("GET", format!("/t{number}?{}", parameters.join("&")), String::new())
    }

    fn select(&mut self, number: usize, depth: usize) -> String {
        let mut items = match self.random.below(4) {
            0 => vec!["*".to_owned()],
            _ => vec!["id".to_owned()],
        };
        if items[0] != "*" {
            for _ in 0..1 + self.random.below(3) {
                let item = self.item(number);
                let is_new = |known: &String| name_of(known) != name_of(&item);
                if items.iter().all(is_new) {
                    items.push(item);
                }
            }
        }
        if depth > 0 {
            let table = self.table(number).clone();
            if table.has_up && self.random.chance(1, 2) {
                let inner = self.select(number - 1, depth - 1);
                let hint = self.random.of(&["", "", "!inner", "!left"]);
                items.push(format!("above:t{}{hint}({inner})", number - 1));
            }
            if number + 1 < self.case.tables.len() && self.random.chance(1, 3) {
                let inner = self.select(number + 1, depth - 1);
                items.push(format!("below:t{}({inner})", number + 1));
            }
            if table.has_peer && self.random.chance(1, 3) {
                let inner = self.select(number, 0);
                items.push(format!("mate:peer({inner})"));
            }
        }
        items.join(",")
    }

    fn item(&mut self, number: usize) -> String {
        let column = self.column(number);
        let name = &column.name;
        match self.random.below(8) {
            0 => format!("renamed_{name}:{name}"),
            1 => format!("{name}::text"),
            2 if column.kind == Kind::Jsonb => {
                self.random.of(&["{}->a", "{}->>a", "{}->b->0", "{}->>b", "{}->-1"]).replace("{}", name)
            }
            3 if column.kind == Kind::Ints => format!("{name}->0"),
            4 => "owner".to_owned(),
            _ => column.name,
        }
    }

    fn order(&mut self, number: usize) -> String {
        let column = self.column(number);
        let mut terms = Vec::new();
        if self.random.chance(1, 2) {
            let way = self.random.of(&["", ".asc", ".desc", ".desc.nullslast", ".nullsfirst"]);
            terms.push(format!("{}{way}", column.name));
        }
        terms.push(self.random.of(&["id", "id.desc"]).to_owned());
        format!("order={}", terms.join(","))
    }

    /// The order of what a select embeds: rows of several have none by themselves.
    fn order_inside(select: &str) -> String {
        let below = if select.contains("below:") { "&below.order=id" } else { "" };
        let deeper = |outer: &str| match select.split_once(&format!("{outer}:t")) {
            Some((_, rest)) if rest.contains("below:") => format!("&{outer}.below.order=id.desc"),
            _ => String::new(),
        };
        format!("{below}{}{}", deeper("below"), deeper("above"))
    }

    /// `column=operator.value`
    fn filter(&mut self, number: usize, before: &str) -> String {
        let (name, operation) = self.condition(number);
        format!("{before}{name}={}", encode(&operation))
    }

    /// `column.operator.value`, as it stands in a list.
    fn nested(&mut self, number: usize) -> String {
        let (name, operation) = self.condition(number);
        let plain = |text: &str| text.chars().all(|it| it.is_ascii_alphanumeric() || "._-:+".contains(it));
        match operation.rsplit_once('.') {
            Some((operator, value)) if !plain(value) && !operation.contains("in.(") => {
                let escaped = value.replace('\\', "\\\\").replace('"', "\\\"");
                encode(&format!("{name}.{operator}.\"{escaped}\""))
            }
            _ => encode(&format!("{name}.{operation}")),
        }
    }

    fn condition(&mut self, number: usize) -> (String, String) {
        let column = self.column(number);
        let kind = column.kind;
        let not = self.random.of(&["", "", "", "not."]);
        let is_stranger = self.random.chance(1, 20);
        let value = self.random.of(if is_stranger { kind.strangers() } else { kind.samples() });
        let operation = match self.random.below(10) {
            0 => "is.null".to_owned(),
            1 if kind == Kind::Bool => self.random.of(&["is.true", "is.false", "is.unknown"]).to_owned(),
            2 if !kind.is_array() && kind != Kind::Jsonb => {
                let other = self.random.of(kind.samples());
                let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
                format!("in.({},{})", quoted(value), quoted(other))
            }
            3 if kind.is_text() => {
                let pattern = self.random.of(&["*a*", "a*", "*b", "_", "A*"]);
                format!("{}.{pattern}", self.random.of(&["like", "ilike"]))
            }
            4 if kind.is_array() => format!("{}.{value}", self.random.of(&["cs", "cd", "ov"])),
            5 if kind == Kind::Jsonb => format!("cs.{value}"),
            6 if kind.is_text() => {
                format!("{}.{}", self.random.of(&["match", "imatch"]), self.random.of(&["^a", "b$", "[a-b]"]))
            }
            7 => format!("isdistinct.{value}"),
            _ => format!("{}.{value}", self.random.of(&["eq", "neq", "lt", "lte", "gt", "gte"])),
        };
        let name = match (kind, self.random.below(4)) {
            (Kind::Jsonb, 0) => {
                return (format!("{}->>a", column.name), format!("{not}eq.{}", self.random.of(&["1", "x"])));
            }
            (_, 1) if self.random.chance(1, 4) => {
                return ("id".to_owned(), format!("{not}gt.{}", self.random.below(6)));
            }
            _ => column.name,
        };
        (name, format!("{not}{operation}"))
    }

    fn grouped(&mut self, number: usize) -> Written {
        let (group, value) = (self.column(number), self.column(number));
        let mut items = Vec::new();
        let is_grouped = self.random.chance(2, 3) && !matches!(group.kind, Kind::Numeric | Kind::Jsonb);
        if is_grouped {
            items.push(group.name.clone());
        }
        items.push("count()".to_owned());
        if value.kind.is_number() {
            let what = self.random.of(&["sum", "avg", "min", "max"]);
            items.push(format!("found:{}.{what}()", value.name));
        } else if !matches!(value.kind, Kind::Bool | Kind::Uuid | Kind::Jsonb) && !value.kind.is_array() {
            items.push(format!("found:{}.{}()", value.name, self.random.of(&["min", "max"])));
        } else {
            items.push(format!("found:{}.count()", value.name));
        }
        let filter = self.filter(number, "&");
        let order = if is_grouped { format!("&order={}", group.name) } else { String::new() };
        ("GET", format!("/t{number}?select={}{filter}{order}", items.join(",")), String::new())
    }

    /// An object with some columns.
    fn object(&mut self, number: usize, names: &[Column], with_id: bool) -> String {
        let mut members = Vec::new();
        if with_id {
            members.push(format!("\"id\":{}", 1 + self.random.below(12)));
        }
        if self.table(number).has_up && self.random.chance(2, 3) {
            members.push(format!("\"up\":{}", self.random.of(&["null", "1", "2", "3", "99"])));
        }
        for column in names {
            let value = if self.random.chance(1, 6) {
                "null".to_owned()
            } else if self.random.chance(1, 15) {
                serde_json::Value::from(self.random.of(column.kind.strangers())).to_string()
            } else {
                column.kind.json(self.random.of(column.kind.samples()))
            };
            members.push(format!("\"{}\":{value}", column.name));
        }
        format!("{{{}}}", members.join(","))
    }

    fn some_columns(&mut self, number: usize) -> Vec<Column> {
        let columns = self.table(number).columns.clone();
        columns.into_iter().filter(|column| column.not_null || self.random.chance(1, 2)).collect()
    }

    /// How a write is answered.
    fn answer(&mut self, number: usize) -> String {
        let mut preferences = vec![self.random.of(&[
            "return=representation",
            "return=representation",
            "return=minimal",
            "return=headers-only",
        ])];
        preferences.extend(self.random.chance(1, 5).then_some("count=exact"));
        preferences.extend(self.random.chance(1, 6).then_some("tx=rollback"));
        preferences.extend(self.random.chance(1, 6).then_some("missing=default"));
        let preferences = preferences.join(",");
        self.prefer(&preferences);
        match self.random.chance(1, 2) {
            true => {
                let select = self.select(number, 1);
                format!("select={select}{}", Self::order_inside(&select))
            }
            false => String::new(),
        }
    }

    fn insert(&mut self, number: usize) -> Written {
        let select = self.answer(number);
        let columns = self.some_columns(number);
        let body = match self.random.below(3) {
            0 => {
                let rows: Vec<String> = (0..2).map(|_| self.object(number, &columns, true)).collect();
                match keys(&rows[0]) == keys(&rows[1]) {
                    true => format!("[{}]", rows.join(",")),
                    false => rows[0].clone(),
                }
            }
            _ => {
                let with_id = !self.draws || self.random.chance(1, 2);
                self.object(number, &columns, with_id)
            }
        };
        ("POST", format!("/t{number}?{select}"), body)
    }

    fn upsert(&mut self, number: usize) -> Written {
        let select = self.answer(number);
        let resolution = self.random.of(&["resolution=merge-duplicates", "resolution=ignore-duplicates"]);
        self.prefer(resolution);
        let columns = self.table(number).columns.clone();
        let body = self.object(number, &columns, true);
        let unique = self.table(number).unique;
        let target = match unique {
            Some(unique) if self.random.chance(1, 3) => {
                format!("on_conflict={}&{select}", columns[unique].name)
            }
            _ => select,
        };
        ("POST", format!("/t{number}?{target}"), body)
    }

    fn update(&mut self, number: usize) -> Written {
        let select = self.answer(number);
        let column = self.column(number);
        let body = self.object(number, &[column], false);
        let filter = self.filter(number, "");
        ("PATCH", format!("/t{number}?{filter}&{select}"), body)
    }

    fn delete(&mut self, number: usize) -> Written {
        let select = self.answer(number);
        let filter = match self.random.chance(1, 2) {
            true => format!("id=eq.{}", 1 + self.random.below(10)),
            false => self.filter(number, ""),
        };
        ("DELETE", format!("/t{number}?{filter}&{select}"), String::new())
    }

    fn call(&mut self, number: usize) -> Written {
        match self.random.below(3) {
            0 => (
                "GET",
                format!("/rpc/count_t{number}?owned={}", self.random.of(&["true", "false", "x"])),
                String::new(),
            ),
            1 => {
                let body = format!("{{\"lowest\": {}}}", self.random.of(&["1", "3", "null", "\"x\""]));
                ("POST", format!("/rpc/of_t{number}?select=id,owner&order=id"), body)
            }
            _ => {
                let filter = self.filter(number, "&");
                ("GET", format!("/rpc/of_t{number}?lowest=1{filter}&order=id&limit=3"), String::new())
            }
        }
    }

    fn view(&mut self, number: usize) -> Written {
        let filter = self.random.of(&["", "&orphan=is.true", "&seen=not.is.null", "&id=lt.4"]);
        ("GET", format!("/v_t{number}?select=id,seen,orphan{filter}&order=id"), String::new())
    }
}

/// The name under which an item of a select is answered.
fn name_of(item: &str) -> &str {
    let name = item.split(':').next().unwrap_or(item);
    name.rsplit("->").next().unwrap_or(name).trim_start_matches('>')
}

/// The keys of an object, in their order.
fn keys(row: &str) -> Vec<String> {
    let row: serde_json::Value = serde_json::from_str(row).unwrap_or_default();
    row.as_object().map(|row| row.keys().cloned().collect()).unwrap_or_default()
}

/// A value as it stands in a query string.
fn encode(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~(),:*!{}".contains(&byte);
    let one = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(one).collect()
}
