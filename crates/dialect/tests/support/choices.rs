//! Random typed expressions over a table of many types, made out of bytes: whoever has a database compares it with the reference
//! evaluator.

use std::sync::Arc;

use mainstay_expr::{
    ColumnType, CompareOp, EnumType, Expr, ExprKind, Func, MatchOp, Modifier, Quantifier, SourceId,
    TimeContext, Truth, Type, Value, When, input,
};

pub const SCHEMA: &str = "
    create type mood as enum ('sad', 'ok', 'happy');
    create table t (
        b bool, i int, l bigint, n numeric(8, 2), w numeric(6, 3), d numeric, f float8,
        t text, v varchar(9), c char(3), day date, at timestamptz, m mood, a int[], j jsonb, id int not null
    );";

fn mood() -> Type {
    let labels = ["sad", "ok", "happy"].map(str::to_owned).into();
    Type::Enum(Arc::new(EnumType { schema: "public".to_owned(), name: "mood".to_owned(), labels }))
}

/// The columns' types in order.
pub fn columns() -> Vec<Type> {
    use Type::{Bool, Bpchar, Date, Float8, Int4, Int8, Jsonb, Numeric, Text, Timestamptz, Varchar};
    let ints = Int4.array();
    vec![
        Bool,
        Int4,
        Int8,
        Numeric,
        Numeric,
        Numeric,
        Float8,
        Text,
        Varchar,
        Bpchar,
        Date,
        Timestamptz,
        mood(),
        ints,
        Jsonb,
        Int4,
    ]
}

/// Texts of values of a type, few enough to meet one another.
fn samples(ty: &Type) -> &'static [&'static str] {
    match ty {
        Type::Bool => &["t", "f"],
        Type::Int4 => &["0", "1", "-1", "7", "2147483647"],
        Type::Int8 => &["0", "1", "-2", "9223372036854775807"],
        Type::Numeric => &["0", "1", "1.50", "1.5", "-0.05", "12.345", "7", "NaN", "99999999999999999999.5"],
        Type::Float8 => &["0", "1.5", "-2", "1e300", "0.1", "Infinity"],
        Type::Text | Type::Varchar => &["", "a", "ab", "AB", "a%", "b_ ", "é", "10"],
        Type::Bpchar => &["a", "ab", "abc", ""],
        Type::Date => &["2024-02-29", "1969-12-31", "0044-03-15 BC", "infinity"],
        Type::Timestamptz => {
            &["2024-02-29 12:00:00+00", "2024-02-29 12:00:00.000001+00", "1969-12-31 23:59:59+00"]
        }
        Type::Enum(_) => &["sad", "ok", "happy"],
        Type::Array(_) => &["{}", "{1}", "{1,NULL}", "{7,1,0}", "{NULL}"],
        Type::Jsonb => &["1", "1.0", "{\"a\": 1}", "{\"a\": {\"b\": [true]}}", "[1, \"a\"]", "\"a\"", "null"],
        _ => &[],
    }
}

/// Makes choices out of bytes, so that a shorter input is a simpler expression.
pub struct Choices<'b> {
    bytes: std::slice::Iter<'b, u8>,
    pub slots: Vec<Value>,
}

impl<'b> Choices<'b> {
    pub fn new(bytes: &'b [u8]) -> Self {
        Self { bytes: bytes.iter(), slots: Vec::new() }
    }

    pub fn pick(&mut self, below: usize) -> usize {
        self.bytes.next().map_or(0, |byte| usize::from(*byte) % below)
    }

    pub fn of<'t, T>(&mut self, choices: &'t [T]) -> &'t T {
        &choices[self.pick(choices.len())]
    }

    fn value(&mut self, ty: &Type) -> Value {
        let samples = samples(ty);
        match self.pick(samples.len() + 1) {
            0 => Value::Null,
            at => {
                let modifier = if *ty == Type::Bpchar { Modifier::Length(3) } else { Modifier::None };
                let column = ColumnType { ty: ty.clone(), modifier };
                input::parse(&column, samples[at - 1], &TimeContext::default()).unwrap()
            }
        }
    }

    /// A row that fits the table.
    pub fn row(&mut self, id: i64) -> Vec<Value> {
        let mut row: Vec<Value> = columns().iter().map(|ty| self.value(ty)).collect();
        for (position, limit) in [(3, 2), (4, 3)] {
            let column = ColumnType { ty: Type::Numeric, modifier: Modifier::Precision(8, limit) };
            let samples = ["0", "1", "1.5", "-0.05", "12.345", "7"];
            if !row[position].is_null() {
                let text = *self.of(&samples);
                row[position] = input::parse(&column, text, &TimeContext::default()).unwrap();
            }
        }
        row[15] = Value::Int(id);
        row
    }

    /// A column, a constant or an input.
    fn leaf(&mut self, ty: &Type) -> Expr {
        let own: Vec<u32> =
            (0..).zip(columns()).filter(|(_, column)| column == ty).map(|(at, _)| at).collect();
        match self.pick(if own.is_empty() { 2 } else { 4 }) {
            0 => Expr::literal(self.value(ty), ty.clone()),
            1 => {
                let value = self.value(ty);
                self.slots.push(value);
                Expr::slot(self.slots.len() as u32 - 1, ty.clone())
            }
            _ => Expr::column(SourceId(1), *self.of(&own), ty.clone()),
        }
    }

    pub fn expr(&mut self, ty: &Type, depth: usize) -> Expr {
        if depth == 0 {
            return self.leaf(ty);
        }
        let depth = depth - 1;
        let choice = self.pick(8);
        let kind = match choice {
            0 => return self.leaf(ty),
            1 => ExprKind::Coalesce(self.list(ty, depth)),
            2 => {
                let arms = (0..=self.pick(2))
                    .map(|_| When { condition: self.expr(&Type::Bool, depth), result: self.expr(ty, depth) });
                let arms = arms.collect();
                let otherwise = (self.pick(2) == 0).then(|| Box::new(self.expr(ty, depth)));
                ExprKind::Case(arms, otherwise)
            }
            3 if *ty != Type::Jsonb => ExprKind::Extreme(self.pick(2) == 0, self.list(ty, depth)),
            _ => return self.own(ty, depth),
        };
        Expr::new(kind, ty.clone())
    }

    fn list(&mut self, ty: &Type, depth: usize) -> Vec<Expr> {
        (0..=self.pick(3)).map(|_| self.expr(ty, depth)).collect()
    }

    /// A form that yields this type and not any.
    fn own(&mut self, ty: &Type, depth: usize) -> Expr {
        let call = |func, args| ExprKind::Call(func, args);
        let cast = |expr: Expr| ExprKind::Cast(Box::new(expr), ColumnType::from(ty.clone()));
        let kind = match ty {
            Type::Bool => return self.condition(depth),
            Type::Int4 | Type::Int8 | Type::Numeric | Type::Float8 => match self.pick(5) {
                0 if *ty != Type::Float8 => {
                    call(Func::Modulo, vec![self.expr(ty, depth), self.expr(ty, depth)])
                }
                1 => call(Func::Add, vec![self.expr(ty, depth), self.expr(ty, depth)]),
                2 => call(Func::Multiply, vec![self.expr(ty, depth), self.expr(ty, depth)]),
                3 if *ty == Type::Numeric => {
                    let modifier = Modifier::Precision(10, self.pick(4) as u16);
                    let target = ColumnType { ty: ty.clone(), modifier };
                    ExprKind::Cast(Box::new(self.expr(ty, depth)), target)
                }
                3 if *ty == Type::Int4 => call(Func::Length, vec![self.expr(&Type::Text, depth)]),
                _ if *ty == Type::Int4 => cast(self.expr(&Type::Bool, depth)),
                _ => cast(self.expr(&Type::Int4, depth)),
            },
            Type::Text => match self.pick(4) {
                0 => call(Func::Concat, vec![self.expr(ty, depth), self.expr(ty, depth)]),
                1 => call(Func::Upper, vec![self.expr(ty, depth)]),
                2 => call(
                    Func::JsonGetKeyText,
                    vec![
                        self.expr(&Type::Jsonb, depth),
                        Expr::literal(Value::Text("a".to_owned()), Type::Text),
                    ],
                ),
                _ => {
                    let from = self.of(&columns()).clone();
                    cast(self.expr(&from, depth))
                }
            },
            Type::Jsonb => call(
                Func::JsonGetKey,
                vec![self.expr(ty, depth), Expr::literal(Value::Text("a".to_owned()), Type::Text)],
            ),
            Type::Array(element) => ExprKind::Array(self.list(element, depth)),
            _ => return self.leaf(ty),
        };
        Expr::new(kind, ty.clone())
    }

    pub fn condition(&mut self, depth: usize) -> Expr {
        const OPS: [CompareOp; 6] =
            [CompareOp::Eq, CompareOp::Ne, CompareOp::Lt, CompareOp::Le, CompareOp::Gt, CompareOp::Ge];
        let ty = self.of(&columns()).clone();
        Expr::bool(match self.pick(11) {
            0 => ExprKind::And((0..self.pick(4)).map(|_| self.expr(&Type::Bool, depth)).collect()),
            1 => ExprKind::Or((0..self.pick(4)).map(|_| self.expr(&Type::Bool, depth)).collect()),
            2 => ExprKind::Not(Box::new(self.expr(&Type::Bool, depth))),
            3 => ExprKind::IsNull(Box::new(self.expr(&ty, depth))),
            4 => {
                let truth = *self.of(&[Truth::True, Truth::False, Truth::Unknown]);
                ExprKind::IsTruth(Box::new(self.expr(&Type::Bool, depth)), truth)
            }
            5 => ExprKind::IsDistinct(Box::new(self.expr(&ty, depth)), Box::new(self.expr(&ty, depth))),
            6 => ExprKind::InList(Box::new(self.expr(&ty, depth)), self.list(&ty, depth)),
            7 => {
                let patterns = ["a%", "%b%", "_", "a\\%", "", "%", "A%b", "é%"];
                let pattern = match self.pick(patterns.len() + 1) {
                    0 => self.expr(&Type::Text, depth),
                    at => Expr::literal(Value::Text(patterns[at - 1].to_owned()), Type::Text),
                };
                let op = *self.of(&[MatchOp::Like, MatchOp::ILike]);
                ExprKind::Match {
                    op,
                    value: Box::new(self.expr(&Type::Text, depth)),
                    pattern: Box::new(pattern),
                    escape: None,
                }
            }
            8 => ExprKind::CompareArray {
                op: *self.of(&OPS),
                quantifier: *self.of(&[Quantifier::Any, Quantifier::All]),
                value: Box::new(self.expr(&Type::Int4, depth)),
                array: Box::new(self.expr(&Type::Int4.array(), depth)),
            },
            _ => ExprKind::Compare(
                *self.of(&OPS),
                Box::new(self.expr(&ty, depth)),
                Box::new(self.expr(&ty, depth)),
            ),
        })
    }
}
