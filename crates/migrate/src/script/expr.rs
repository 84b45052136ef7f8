//! Expressions over one row as PostgreSQL text. Everything that is not a single word has parentheses.

use mainstay_catalog::Table;
use mainstay_expr::{
    CompareOp, Expr, ExprKind, Input, MatchOp, Quantifier, SessionValue, SourceId, Truth, Type, Value, Zone,
    output,
};
use mainstay_sql::{quote_literal, quote_name};

use super::type_name;

/// What the columns of a row are called.
pub(super) struct Names<'t>(Option<&'t Table>);

impl<'t> Names<'t> {
    pub fn of(table: &'t Table) -> Self {
        Self(Some(table))
    }
}

pub(super) fn is_column(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Column(_))
}

/// The text of an expression as it can stand in a check, an index, a default or a generated column.
pub(super) fn print(names: &Names<'_>, expr: &Expr) -> String {
    let one = |inner: &Expr| print(names, inner);
    let all = |terms: &[Expr], separator: &str| terms.iter().map(one).collect::<Vec<_>>().join(separator);
    match &expr.kind {
        ExprKind::Literal(value) => literal(value, &expr.ty),
        ExprKind::Column(column) => match names.0 {
            Some(table) if column.source == SourceId::ROW => quote_name(&table.column(column.column).name),
            _ => "value".to_owned(),
        },
        ExprKind::Input(Input::Session(value)) => session(value),
        ExprKind::Input(_) => "NULL".to_owned(),
        ExprKind::Compare(op, left, right) => format!("({} {} {})", one(left), compare(*op), one(right)),
        ExprKind::And(terms) if terms.is_empty() => "true".to_owned(),
        ExprKind::Or(terms) if terms.is_empty() => "false".to_owned(),
        ExprKind::And(terms) => format!("({})", all(terms, " AND ")),
        ExprKind::Or(terms) => format!("({})", all(terms, " OR ")),
        ExprKind::Not(inner) => format!("(NOT {})", one(inner)),
        ExprKind::IsNull(inner) => format!("({} IS NULL)", one(inner)),
        ExprKind::IsTruth(inner, truth) => {
            let truth = match truth {
                Truth::True => "TRUE",
                Truth::False => "FALSE",
                Truth::Unknown => "UNKNOWN",
            };
            format!("({} IS {truth})", one(inner))
        }
        ExprKind::IsDistinct(left, right) => format!("({} IS DISTINCT FROM {})", one(left), one(right)),
        ExprKind::Match { op, value, pattern, escape } => {
            let escape = match escape {
                Some('\0') => " ESCAPE ''".to_owned(),
                Some(escape) => format!(" ESCAPE {}", quote_literal(&escape.to_string())),
                None => String::new(),
            };
            format!("({} {} {}{escape})", one(value), matching(*op), one(pattern))
        }
        ExprKind::CompareArray { op, quantifier, value, array } => {
            format!("({} {} {} ({}))", one(value), compare(*op), quantified(*quantifier), one(array))
        }
        ExprKind::MatchArray { op, quantifier, value, array } => {
            format!("({} {} {} ({}))", one(value), matching(*op), quantified(*quantifier), one(array))
        }
        ExprKind::InList(value, list) => format!("({} IN ({}))", one(value), all(list, ", ")),
        ExprKind::Call(function, args) => {
            let name = function.name();
            let is_word = name.starts_with(|first: char| first.is_alphabetic());
            match args.as_slice() {
                [only] if !is_word => format!("({name} {})", one(only)),
                [left, right] if !is_word => format!("({} {name} {})", one(left), one(right)),
                _ => format!("{name}({})", all(args, ", ")),
            }
        }
        ExprKind::Cast(inner, target) => format!("({})::{}", one(inner), type_name(target)),
        ExprKind::Case(arms, otherwise) => {
            let mut text = String::from("CASE");
            for arm in arms {
                text += &format!(" WHEN {} THEN {}", one(&arm.condition), one(&arm.result));
            }
            if let Some(otherwise) = otherwise {
                text += &format!(" ELSE {}", one(otherwise));
            }
            text + " END"
        }
        ExprKind::Coalesce(terms) => format!("COALESCE({})", all(terms, ", ")),
        ExprKind::Extreme(true, terms) => format!("GREATEST({})", all(terms, ", ")),
        ExprKind::Extreme(false, terms) => format!("LEAST({})", all(terms, ", ")),
        ExprKind::Array(elements) => {
            format!("ARRAY[{}]::{}", all(elements, ", "), type_name(&expr.ty.clone().into()))
        }
        // PostgreSQL has no queries and aggregates in the places that are printed here
        ExprKind::Exists(_)
        | ExprKind::Scalar(_)
        | ExprKind::ArrayOf(_)
        | ExprKind::InSelect(..)
        | ExprKind::Native(_)
        | ExprKind::Aggregate(_) => "NULL /* a query */".to_owned(),
    }
}

fn literal(value: &Value, ty: &Type) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Bool(truth) => truth.to_string(),
        Value::Int(number) if *number >= 0 => number.to_string(),
        Value::Text(text) if *ty == Type::Text => quote_literal(text),
        value => {
            let text = output::to_field(ty, value, &Zone::Utc);
            format!("{}::{}", quote_literal(&text), type_name(&ty.clone().into()))
        }
    }
}

fn session(value: &SessionValue) -> String {
    match value {
        SessionValue::Now => "now()".to_owned(),
        SessionValue::Uid => "auth.uid()".to_owned(),
        SessionValue::Role => "auth.role()".to_owned(),
        SessionValue::Email => "auth.email()".to_owned(),
        SessionValue::Jwt => "auth.jwt()".to_owned(),
        SessionValue::CurrentUser => "current_user".to_owned(),
        SessionValue::Setting(name) => format!("current_setting({}, true)", quote_literal(name)),
    }
}

fn compare(op: CompareOp) -> &'static str {
    match op {
        CompareOp::Eq => "=",
        CompareOp::Ne => "<>",
        CompareOp::Lt => "<",
        CompareOp::Le => "<=",
        CompareOp::Gt => ">",
        CompareOp::Ge => ">=",
    }
}

fn matching(op: MatchOp) -> &'static str {
    match op {
        MatchOp::Like => "LIKE",
        MatchOp::ILike => "ILIKE",
        MatchOp::Regex => "~",
        MatchOp::IRegex => "~*",
    }
}

fn quantified(quantifier: Quantifier) -> &'static str {
    match quantifier {
        Quantifier::Any => "ANY",
        Quantifier::All => "ALL",
    }
}
