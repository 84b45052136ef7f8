//! What a call of `pg_call` computes, as text: SQLite knows functions by name only, so the operation and its types travel in
//! the first argument.
//!
//! The text is a JSON array: the operation, the argument types, the result type. It stands in the text of indexes, checks
//! and generated columns too, so that its form must stay readable for ever.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use mainstay_base::{Problem, Result};
use mainstay_expr::{
    Aggregate, AggregateFunc, ColumnType, CompareOp, EnumType, Expr, ExprKind, FromItem, Func, Input, Item,
    MatchOp, Modifier, Quantifier, Select, SourceId, Type,
};
use serde_json::{Value as Json, json};

use crate::operation::Operation;
use crate::storage::Storage;

/// An operation with the types of its arguments and of its result.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Signature {
    pub(super) operation: Operation,
    pub(super) args: Vec<ColumnType>,
    pub(super) result: ColumnType,
}

/// The argument type that says how an argument is stored: a numeric's precision tells its scale.
pub(super) fn stored_as(ty: &Type, storage: &Storage) -> ColumnType {
    match storage {
        Storage::Scaled(scale) => {
            ColumnType { ty: Type::Numeric, modifier: Modifier::Precision(18.max(*scale), *scale) }
        }
        _ => ColumnType::from(ty.clone()),
    }
}

impl Signature {
    /// The text that [`Signature::parse`] reads.
    pub(super) fn to_text(&self) -> String {
        let args: Vec<Json> = self.args.iter().map(type_json).collect();
        json!([operation_json(&self.operation), args, type_json(&self.result)]).to_string()
    }

    /// Reads a signature's text.
    pub(super) fn parse(text: &str) -> Result<Self> {
        Self::read(text).ok_or_else(|| Problem::internal(format!("no signature of pg_call: {text}")))
    }

    fn read(text: &str) -> Option<Self> {
        let json: Json = serde_json::from_str(text).ok()?;
        let [operation, args, result] = json.as_array()?.as_slice() else { return None };
        Some(Self {
            operation: read_operation(operation)?,
            args: args.as_array()?.iter().map(read_type).collect::<Option<_>>()?,
            result: read_type(result)?,
        })
    }

    /// The operation as an expression whose arguments are the slots 0, 1 ….
    pub(super) fn to_expr(&self) -> Option<Expr> {
        let mut args = self
            .args
            .iter()
            .enumerate()
            .map(|(slot, ty)| Expr::new(ExprKind::Input(Input::Slot(slot as u32)), ty.ty.clone()));
        let mut next = || args.next().map(Box::new);
        let kind = match &self.operation {
            Operation::Call(func) => ExprKind::Call(*func, args.collect()),
            Operation::Cast => ExprKind::Cast(next()?, self.result.clone()),
            Operation::Match(op, escape) => {
                ExprKind::Match { op: *op, value: next()?, pattern: next()?, escape: *escape }
            }
            Operation::CompareArray(op, quantifier) => {
                ExprKind::CompareArray { op: *op, quantifier: *quantifier, value: next()?, array: next()? }
            }
            Operation::MatchArray(op, quantifier) => {
                ExprKind::MatchArray { op: *op, quantifier: *quantifier, value: next()?, array: next()? }
            }
            Operation::Extreme(greatest) => ExprKind::Extreme(*greatest, args.collect()),
            Operation::Array => ExprKind::Array(args.collect()),
            Operation::Aggregate(func, distinct) => {
                return aggregated(*func, *distinct, args.collect(), &self.result.ty);
            }
        };
        Some(Expr::new(kind, self.result.ty.clone()))
    }
}

/// The aggregates that are computed from all their values at once.
const COLLECTED: [AggregateFunc; 3] = [AggregateFunc::Sum, AggregateFunc::Avg, AggregateFunc::StringAgg];

/// `(SELECT aggregate(element, other arguments) FROM unnest(array) AS element)`
fn aggregated(func: AggregateFunc, distinct: bool, args: Vec<Expr>, ty: &Type) -> Option<Expr> {
    let source = SourceId(1);
    let mut args = args.into_iter();
    let array = args.next()?;
    let element = Expr::column(source, 0, array.ty.element()?.clone());
    let args = std::iter::once(element).chain(args).collect();
    let aggregate = Aggregate { func, args, distinct, filter: None, order_by: Vec::new() };
    let value = Expr::new(ExprKind::Aggregate(Box::new(aggregate)), ty.clone());
    let select = Select {
        from: vec![FromItem::Unnest { source, array }],
        grouped: true,
        items: vec![Item { expr: value, name: String::new() }],
        ..Select::default()
    };
    Some(Expr::new(ExprKind::Scalar(Box::new(select)), ty.clone()))
}

fn operation_json(operation: &Operation) -> Json {
    match operation {
        Operation::Call(func) => json!(["call", format!("{func:?}")]),
        Operation::Cast => json!(["cast"]),
        Operation::Match(op, escape) => json!(["match", match_name(*op), escape.map(String::from)]),
        Operation::CompareArray(op, quantifier) => {
            json!(["compare_array", compare_name(*op), quantifier_name(*quantifier)])
        }
        Operation::MatchArray(op, quantifier) => {
            json!(["match_array", match_name(*op), quantifier_name(*quantifier)])
        }
        Operation::Extreme(greatest) => json!(["extreme", greatest]),
        Operation::Array => json!(["array"]),
        Operation::Aggregate(func, distinct) => json!(["aggregate", format!("{func:?}"), distinct]),
    }
}

fn read_operation(json: &Json) -> Option<Operation> {
    let word = |at: usize| json.get(at).and_then(Json::as_str);
    Some(match word(0)? {
        "call" => Operation::Call(read_func(word(1)?)?),
        "cast" => Operation::Cast,
        "match" => Operation::Match(read_match(word(1)?)?, word(2).and_then(|text| text.chars().next())),
        "compare_array" => Operation::CompareArray(read_compare(word(1)?)?, read_quantifier(word(2)?)?),
        "match_array" => Operation::MatchArray(read_match(word(1)?)?, read_quantifier(word(2)?)?),
        "extreme" => Operation::Extreme(json.get(1)?.as_bool()?),
        "array" => Operation::Array,
        "aggregate" => {
            let func = COLLECTED.into_iter().find(|func| Some(format!("{func:?}").as_str()) == word(1))?;
            Operation::Aggregate(func, json.get(2)?.as_bool()?)
        }
        _ => return None,
    })
}

fn read_func(name: &str) -> Option<Func> {
    static FUNCS: LazyLock<HashMap<String, Func>> =
        LazyLock::new(|| Func::all().map(|func| (format!("{func:?}"), func)).collect());
    FUNCS.get(name).copied()
}

const COMPARES: [(CompareOp, &str); 6] = [
    (CompareOp::Eq, "="),
    (CompareOp::Ne, "<>"),
    (CompareOp::Lt, "<"),
    (CompareOp::Le, "<="),
    (CompareOp::Gt, ">"),
    (CompareOp::Ge, ">="),
];

const MATCHES: [(MatchOp, &str); 4] =
    [(MatchOp::Like, "like"), (MatchOp::ILike, "ilike"), (MatchOp::Regex, "~"), (MatchOp::IRegex, "~*")];

const QUANTIFIERS: [(Quantifier, &str); 2] = [(Quantifier::Any, "any"), (Quantifier::All, "all")];

fn name_of<T: PartialEq + Copy>(names: &[(T, &'static str)], value: T) -> &'static str {
    names.iter().find(|(known, _)| *known == value).map_or("", |(_, name)| name)
}

fn named<T: Copy>(names: &[(T, &'static str)], name: &str) -> Option<T> {
    names.iter().find(|(_, known)| *known == name).map(|(value, _)| *value)
}

pub(super) fn compare_name(op: CompareOp) -> &'static str {
    name_of(&COMPARES, op)
}

fn read_compare(name: &str) -> Option<CompareOp> {
    named(&COMPARES, name)
}

fn match_name(op: MatchOp) -> &'static str {
    name_of(&MATCHES, op)
}

fn read_match(name: &str) -> Option<MatchOp> {
    named(&MATCHES, name)
}

fn quantifier_name(quantifier: Quantifier) -> &'static str {
    name_of(&QUANTIFIERS, quantifier)
}

fn read_quantifier(name: &str) -> Option<Quantifier> {
    named(&QUANTIFIERS, name)
}

const TYPES: [(Type, &str); 20] = [
    (Type::Bool, "bool"),
    (Type::Int2, "int2"),
    (Type::Int4, "int4"),
    (Type::Int8, "int8"),
    (Type::Float4, "float4"),
    (Type::Float8, "float8"),
    (Type::Numeric, "numeric"),
    (Type::Text, "text"),
    (Type::Varchar, "varchar"),
    (Type::Bpchar, "bpchar"),
    (Type::Uuid, "uuid"),
    (Type::Date, "date"),
    (Type::Time, "time"),
    (Type::Timestamp, "timestamp"),
    (Type::Timestamptz, "timestamptz"),
    (Type::Interval, "interval"),
    (Type::Json, "json"),
    (Type::Jsonb, "jsonb"),
    (Type::Bytea, "bytea"),
    (Type::Void, "void"),
];

/// A type alone is its name; a modifier, an enum and an array make it an object.
fn type_json(ty: &ColumnType) -> Json {
    let name = match &ty.ty {
        Type::Enum(declared) => json!({"enum": [declared.schema, declared.name, declared.labels]}),
        Type::Array(element) => json!({"array": type_json(&ColumnType::from((**element).clone()))}),
        plain => TYPES.iter().find(|(known, _)| known == plain).map_or(Json::Null, |(_, name)| json!(name)),
    };
    match ty.modifier {
        Modifier::None => name,
        Modifier::Length(length) => json!({"type": name, "length": length}),
        Modifier::Precision(precision, scale) => json!({"type": name, "precision": [precision, scale]}),
        Modifier::Seconds(digits) => json!({"type": name, "seconds": digits}),
    }
}

fn read_type(json: &Json) -> Option<ColumnType> {
    if let Some(inner) = json.get("type") {
        let number = |json: &Json| json.as_u64().and_then(|number| u16::try_from(number).ok());
        let modifier = if let Some(length) = json.get("length") {
            Modifier::Length(u32::try_from(length.as_u64()?).ok()?)
        } else if let Some(precision) = json.get("precision") {
            Modifier::Precision(number(precision.get(0)?)?, number(precision.get(1)?)?)
        } else {
            Modifier::Seconds(u8::try_from(json.get("seconds")?.as_u64()?).ok()?)
        };
        return Some(ColumnType { ty: read_type(inner)?.ty, modifier });
    }
    let ty = if let Some(name) = json.as_str() {
        TYPES.iter().find(|(_, known)| *known == name)?.0.clone()
    } else if let Some(element) = json.get("array") {
        read_type(element)?.ty.array()
    } else {
        let parts = json.get("enum")?;
        let text = |json: &Json| json.as_str().map(str::to_owned);
        Type::Enum(Arc::new(EnumType {
            schema: text(parts.get(0)?)?,
            name: text(parts.get(1)?)?,
            labels: parts.get(2)?.as_array()?.iter().map(text).collect::<Option<_>>()?,
        }))
    };
    Some(ColumnType::from(ty))
}
