//! Levels filled by hand, written as JSON and CSV.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use mainstay_engine::{Expect, Format, Levels, Output, Shape, ValueForm};
use mainstay_expr::Select;
use mainstay_plan::{Child, Field, Node, ResultKind};

/// A value of a test row.
#[derive(Clone, Copy)]
enum V {
    N,
    I(i64),
    T(&'static str),
}
use V::{I, N, T};

fn item(key: &str, item: u32) -> Field {
    Field::Item { key: key.into(), item }
}

fn leaf(fields: Vec<Field>) -> Node {
    Node { select: Select::default(), fields, children: Vec::new() }
}

fn child(node: Node, parent_item: u32, to_one: bool) -> Child {
    Child {
        node,
        parent_items: vec![parent_item],
        key: Vec::new(),
        key_items: vec![0],
        to_one,
        without_rows: None,
    }
}

/// Fills the levels from tables of rows, whose first value is their key below the root, and writes the answer.
fn answer(root: &Node, result: ResultKind, output: Output, tables: &[&[&[V]]]) -> String {
    let shape = Shape::new(root, result);
    let mut levels = Levels::new(&shape, output, 1 << 20);
    for (number, rows) in tables.iter().enumerate() {
        let (keys, mut writer) = levels.level(number);
        for row in *rows {
            match keys {
                None => writer.begin_root(),
                Some(keys) => match keys.find(&encoded(row[0])) {
                    Some(key) => writer.begin(key),
                    None => continue,
                },
            }
            for part in writer.parts() {
                write(&mut writer, part, row[part.item as usize]);
            }
            let branches = shape.levels()[number].children();
            let key = |n: usize, bytes: &mut Vec<u8>| {
                let value = row[branches[n].parent_items[0] as usize];
                bytes.extend(encoded(value));
                !matches!(value, N)
            };
            writer.end(key).unwrap();
        }
    }
    String::from_utf8(levels.finish().unwrap()).unwrap()
}

fn encoded(value: V) -> Vec<u8> {
    match value {
        N => Vec::new(),
        I(number) => number.to_le_bytes().to_vec(),
        T(text) => text.as_bytes().to_vec(),
    }
}

fn write(writer: &mut mainstay_engine::LevelWriter<'_>, part: &mainstay_engine::Part, value: V) {
    let text = match value {
        N => return writer.null(part),
        I(number) => number.to_string(),
        T(text) => text.to_owned(),
    };
    let result = writer.value(part, |bytes, form| {
        match (form, value) {
            (ValueForm::Json, T(_)) => bytes.extend(serde_json::to_vec(&text).unwrap()),
            _ => bytes.extend(text.as_bytes()),
        }
        Ok(())
    });
    result.unwrap();
}

fn json() -> Output {
    Output::default()
}

fn csv() -> Output {
    Output { format: Format::Csv, ..Output::default() }
}

/// Films with a director (to-one, embedded) and roles (to-many, embedded) that have an actor each (to-one, embedded).
fn films() -> Node {
    let actor = leaf(vec![item("name", 1)]);
    let roles = Node {
        select: Select::default(),
        fields: vec![item("part", 1), Field::Embed { key: "actor".into(), child: 0 }],
        children: vec![child(actor, 2, true)],
    };
    Node {
        select: Select::default(),
        fields: vec![
            item("id", 0),
            Field::Embed { key: "director".into(), child: 0 },
            item("title", 1),
            Field::Embed { key: "roles".into(), child: 1 },
        ],
        children: vec![child(leaf(vec![item("name", 1)]), 2, true), child(roles, 0, false)],
    }
}

const FILMS: &[&[V]] = &[&[I(1), T("Alien"), I(7)], &[I(2), T("a \"b\", c"), N], &[I(3), T(""), I(7)]];
const DIRECTORS: &[&[V]] = &[&[I(7), T("Scott")]];
const ROLES: &[&[V]] =
    &[&[I(3), T("x"), I(9)], &[I(1), T("Ripley"), I(8)], &[I(1), T("Ash"), N], &[I(5), T("no"), N]];
const ACTORS: &[&[V]] = &[&[I(8), T("Weaver")]];

#[test]
fn children_are_written_into_their_parents() {
    let body = answer(&films(), ResultKind::Rows, json(), &[FILMS, DIRECTORS, ROLES, ACTORS]);
    assert_eq!(
        body,
        concat!(
            r#"[{"id":1,"director":{"name":"Scott"},"title":"Alien","#,
            r#""roles":[{"part":"Ripley","actor":{"name":"Weaver"}},{"part":"Ash","actor":null}]},"#,
            r#"{"id":2,"director":null,"title":"a \"b\", c","roles":[]},"#,
            r#"{"id":3,"director":{"name":"Scott"},"title":"","roles":[{"part":"x","actor":null}]}]"#
        )
    );
}

#[test]
fn null_keys_go_when_they_are_not_wanted() {
    let output = Output { strip_nulls: true, single: true, ..json() };
    let body = answer(&films(), ResultKind::Rows, output, &[&FILMS[1..2], &[], &[], &[]]);
    assert_eq!(body, r#"{"id":2,"title":"a \"b\", c","roles":[]}"#);
}

#[test]
fn csv_has_a_header_and_quotes_what_needs_it() {
    let body = answer(&films(), ResultKind::Rows, csv(), &[FILMS, DIRECTORS, &ROLES[..1], &[]]);
    assert_eq!(
        body,
        concat!(
            "id,director,title,roles\n",
            "1,\"{\"\"name\"\":\"\"Scott\"\"}\",Alien,[]\n",
            "2,,\"a \"\"b\"\", c\",[]\n",
            "3,\"{\"\"name\"\":\"\"Scott\"\"}\",\"\",\"[{\"\"part\"\":\"\"x\"\",\"\"actor\"\":null}]\""
        )
    );
}

#[test]
fn spreads_lift_fields_into_the_row() {
    let mut root = films();
    root.fields[1] = Field::Spread { child: 0 };
    root.fields[3] = Field::Spread { child: 1 };
    let tables: &[&[&[V]]] = &[FILMS, DIRECTORS, ROLES, ACTORS];
    assert_eq!(
        answer(&root, ResultKind::Rows, json(), tables),
        concat!(
            r#"[{"id":1,"name":"Scott","title":"Alien","part":["Ripley","Ash"],"actor":[{"name":"Weaver"},null]},"#,
            r#"{"id":2,"name":null,"title":"a \"b\", c","part":[],"actor":[]},"#,
            r#"{"id":3,"name":"Scott","title":"","part":["x"],"actor":[null]}]"#
        )
    );
    assert_eq!(
        answer(&root, ResultKind::Rows, csv(), &[&FILMS[1..], DIRECTORS, ROLES, ACTORS]),
        concat!(
            "id,name,title,part,actor\n",
            "2,,\"a \"\"b\"\", c\",[],[]\n",
            "3,Scott,\"\",\"[\"\"x\"\"]\",[null]"
        )
    );
}

#[test]
fn a_spread_inside_a_spread_gives_arrays_of_arrays() {
    let inner = leaf(vec![item("n", 1)]);
    let middle = Node {
        select: Select::default(),
        fields: vec![Field::Spread { child: 0 }, item("m", 1)],
        children: vec![child(inner, 1, false)],
    };
    let root = Node {
        select: Select::default(),
        fields: vec![Field::Spread { child: 0 }],
        children: vec![child(middle, 0, false)],
    };
    let tables: &[&[&[V]]] =
        &[&[&[I(1)]], &[&[I(1), I(10)], &[I(1), I(20)]], &[&[I(10), I(100)], &[I(10), I(101)]]];
    assert_eq!(answer(&root, ResultKind::Rows, json(), tables), r#"[{"n":[[100,101],[]],"m":[10,20]}]"#);
}

#[test]
fn results_of_functions_are_bare() {
    let node = leaf(vec![item("f", 0)]);
    let (one, two): (&[&[V]], &[&[V]]) = (&[&[T("x")]], &[&[I(1)], &[N]]);
    assert_eq!(answer(&node, ResultKind::Value, json(), &[one]), r#""x""#);
    assert_eq!(answer(&node, ResultKind::Value, json(), &[&[]]), "null");
    assert_eq!(answer(&node, ResultKind::Values, json(), &[two]), "[1,null]");
    assert_eq!(answer(&node, ResultKind::Values, json(), &[&[]]), "[]");
    assert_eq!(answer(&node, ResultKind::Row, json(), &[two]), r#"{"f":1}"#);
    assert_eq!(answer(&node, ResultKind::Row, json(), &[&[]]), "null");
    assert_eq!(answer(&node, ResultKind::Nothing, json(), &[one]), "");
    assert_eq!(answer(&node, ResultKind::Values, csv(), &[two]), "f\n1\n");
    let nothing = leaf(Vec::new());
    assert_eq!(answer(&nothing, ResultKind::Rows, json(), &[two]), "[{},{}]");
}

#[test]
fn an_answer_above_the_limit_is_refused() {
    let node = leaf(vec![item("f", 0)]);
    let shape = Shape::new(&node, ResultKind::Rows);
    let mut levels = Levels::new(&shape, json(), 64);
    let (_, mut writer) = levels.level(0);
    let failed = (0..100).find_map(|_| {
        writer.begin_root();
        let part = &writer.parts()[0];
        writer.null(part);
        writer.end(|_, _| true).err()
    });
    assert_eq!(failed.unwrap().code(), "54000");
}

#[test]
fn expectations_fail_with_the_numbers() {
    let expect = Expect { single: true, max_affected: Some(2) };
    assert!(expect.check(1, 2).is_ok());
    let problem = expect.check(0, 0).unwrap_err();
    assert_eq!(
        (problem.code(), problem.details().unwrap().as_str().unwrap()),
        ("PGRST116", "The result contains 0 rows")
    );
    let problem = expect.check(1, 3).unwrap_err();
    assert_eq!(
        (problem.code(), problem.details().unwrap().as_str().unwrap()),
        ("PGRST124", "The query affects 3 rows")
    );
}
