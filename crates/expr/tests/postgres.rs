//! The tables in `postgres/`, whose expected values a real PostgreSQL gave (`postgres/record.py`).

use std::sync::Arc;

use mainstay_base::{FixedClock, FixedRandomness, Problem};
use mainstay_expr::func::{self, Env};
use mainstay_expr::resolve::{self, Build};
use mainstay_expr::{
    ColumnType, EnumType, Expr, ExprKind, Modifier, NoTables, Role, Scope, Session, TimeContext, Type, Value,
    input, output,
};

struct Case {
    line: usize,
    fields: Vec<String>,
    expected: String,
}

fn cases(table: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for (line, text) in
        table.lines().enumerate().filter(|(_, text)| !text.is_empty() && !text.starts_with('#'))
    {
        if text.starts_with("= ") || text.starts_with("! ") {
            cases.last_mut().expect("an expectation follows a case").expected = text.to_owned();
        } else {
            let fields = text.split('\t').map(str::to_owned).collect();
            cases.push(Case { line: line + 1, fields, expected: String::new() });
        }
    }
    cases
}

fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        out.push(match character {
            '\\' => match characters.next() {
                Some('t') => '\t',
                Some('n') => '\n',
                Some(other) => other,
                None => '\\',
            },
            other => other,
        });
    }
    out
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\n', "\\n")
}

fn mood() -> Type {
    let labels = ["sad", "ok", "happy"].map(str::to_owned).into();
    Type::Enum(Arc::new(EnumType { schema: "public".into(), name: "mood".into(), labels }))
}

fn column_type(name: &str) -> ColumnType {
    if let Some(element) = name.strip_suffix("[]") {
        let ColumnType { ty, modifier } = column_type(element);
        return ColumnType { ty: ty.array(), modifier };
    }
    let (base, modifier) = match name.split_once('(') {
        None => (name, None),
        Some((base, rest)) => (base, Some(rest.trim_end_matches(')'))),
    };
    let ty = if base == "mood" { mood() } else { Type::named(base).unwrap_or_else(|| panic!("type {base}")) };
    let numbers: Vec<u16> = modifier
        .map_or(Vec::new(), |text| text.split(',').map(|number| number.parse().expect("a number")).collect());
    let modifier = match (&ty, numbers.as_slice()) {
        (_, []) => Modifier::None,
        (Type::Numeric, [precision, scale]) => Modifier::Precision(*precision, *scale),
        (ty, [length]) if ty.is_text() => Modifier::Length(u32::from(*length)),
        (_, [digits, ..]) => Modifier::Seconds(*digits as u8),
    };
    ColumnType { ty, modifier }
}

fn session() -> Session {
    Session {
        role: Role::new(Role::ANON),
        claims: Arc::new(serde_json::json!({"role": "anon"})),
        request: Default::default(),
        now_us: 1_704_164_645_000_000,
        timezone: None,
    }
}

fn show(ty: &Type, result: Result<Value, Problem>) -> String {
    let zone = mainstay_expr::Zone::Utc;
    match result {
        Ok(Value::Null) => format!("= {ty}\tNULL\tnull"),
        Ok(value) => escape(&format!(
            "= {ty}\t{}\t{}",
            output::to_text(ty, &value, &zone),
            output::to_json(ty, &value, &zone)
        )),
        Err(problem) => {
            let details = problem.details().and_then(|details| details.as_str()).unwrap_or_default();
            let hint = problem.hint().unwrap_or_default();
            escape(&format!("! {}\t{}\t{details}\t{hint}", problem.code(), problem.message()))
        }
    }
}

fn check(name: &str, table: &str, answer: impl Fn(&Case) -> String) {
    let wrong: Vec<String> = cases(table)
        .iter()
        .filter_map(|case| {
            let got = answer(case);
            (got != case.expected).then(|| {
                format!(
                    "{name}:{} {:?}\n  expected {}\n  got      {got}",
                    case.line, case.fields, case.expected
                )
            })
        })
        .collect();
    assert!(wrong.is_empty(), "{} cases differ from PostgreSQL:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn texts_are_read_and_written_as_postgresql_does() {
    check("input.txt", include_str!("postgres/input.txt"), |case| {
        let ty = column_type(&case.fields[0]);
        show(&ty.ty, input::parse(&ty, &unescape(&case.fields[1]), &TimeContext::default()))
    });
}

#[test]
fn json_values_are_read_as_postgresql_does() {
    check("json.txt", include_str!("postgres/json.txt"), |case| {
        let ty = column_type(&case.fields[0]);
        let value = input::from_json(&ty, &unescape(&case.fields[1]), &TimeContext::default());
        show(
            &ty.ty,
            value.map_err(|problem| match problem.message() {
                "expected JSON array" => problem.with_hint("See the value of key \"v\"."),
                _ => problem,
            }),
        )
    });
}

/// An argument's type, if it has one, and its text, if it is not NULL.
fn argument(field: &str) -> (Option<Type>, Option<String>) {
    let (ty, text) = match field.split_once(':') {
        Some((ty, text)) => (ty, Some(unescape(text))),
        None => (field, None),
    };
    ((ty != "unknown").then(|| column_type(ty).ty), text)
}

fn call(name: &str, arguments: &[(Option<Type>, Option<String>)]) -> (Type, Result<Value, Problem>) {
    let types: Vec<Option<Type>> = arguments.iter().map(|(ty, _)| ty.clone()).collect();
    let resolved = match (name.starts_with(|first: char| first.is_ascii_alphabetic()), types.as_slice()) {
        (true, _) => resolve::function(name, &types),
        (false, [operand]) => resolve::operator(name, None, operand.clone()),
        (false, [left, right]) => resolve::operator(name, Some(left.clone()), right.clone()),
        _ => panic!("{name} has too many operands"),
    };
    let resolved = match resolved {
        Ok(resolved) => resolved,
        Err(error) => return (Type::Void, Err(error.into())),
    };
    let context = TimeContext { now_us: session().now_us, ..TimeContext::default() };
    let values = arguments.iter().zip(&resolved.args).map(|((ty, text), wanted)| {
        let Some(text) = text else { return Ok(Value::Null) };
        let own = ty.clone().unwrap_or_else(|| wanted.clone());
        let value = input::parse_plain(&own, text, &context)?;
        mainstay_expr::cast::cast(&own, &value, &ColumnType::from(wanted.clone()), &context)
    });
    let values = match values.collect::<Result<Vec<_>, Problem>>() {
        Ok(values) => values,
        Err(problem) => return (Type::Void, Err(problem)),
    };
    let env = Env { time: &context, clock: &FixedClock(0), random: &FixedRandomness::new(1) };
    let result = match resolved.build {
        Build::Call(func) => func::call(func, &resolved.args, &resolved.result, &values, &env),
        build => evaluate(build, &resolved.args, values),
    };
    (resolved.result, result)
}

/// The forms of expression that are no function.
fn evaluate(build: Build, types: &[Type], values: Vec<Value>) -> Result<Value, Problem> {
    let mut operands = values.into_iter().zip(types).map(|(value, ty)| Expr::literal(value, ty.clone()));
    let mut operand = || operands.next().expect("two operands");
    let (left, right) = (operand(), operand());
    let expr = match build {
        Build::Compare(op) => Expr::compare(op, left, right),
        Build::Match { op, negated } => {
            let kind = ExprKind::Match { op, value: Box::new(left), pattern: Box::new(right), escape: None };
            if negated { Expr::bool(kind).negate() } else { Expr::bool(kind) }
        }
        other => panic!("{other:?} cannot be evaluated here"),
    };
    let session = session();
    let inputs = mainstay_expr::Inputs { slots: &[], arguments: &[], new: &[], session: &session };
    let random = FixedRandomness::new(1);
    mainstay_expr::Evaluator::new(inputs, &NoTables, &FixedClock(0), &random)?.eval(&expr, &Scope::empty())
}

#[test]
fn functions_and_operators_give_what_postgresql_gives() {
    check("calls.txt", include_str!("postgres/calls.txt"), |case| {
        let arguments: Vec<_> = case.fields[1..].iter().map(|field| argument(field)).collect();
        let (ty, result) = call(&case.fields[0], &arguments);
        show(&ty, result)
    });
}
