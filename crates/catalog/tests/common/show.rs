//! Typed trees as text that is close to SQL: casts that were inserted show, sources are `t1`, `t2`, the row is `row`.

use mainstay_catalog::Catalog;
use mainstay_expr::output::to_text;
use mainstay_expr::{
    Expr, ExprKind, FromItem, Input, JoinKind, MatchOp, OrderBy, Quantifier, Rights, Select, SetOp, SourceId,
    Truth, Type, Value, Zone,
};

/// An expression as text. Columns of `row` and of tables go by number.
pub fn show(expr: &Expr) -> String {
    match &expr.kind {
        ExprKind::Literal(value) => literal(value, &expr.ty),
        ExprKind::Input(input) => match input {
            Input::Slot(n) => format!("slot{n}"),
            Input::Argument(n) => format!("arg{n}"),
            Input::New(n) => format!("new{n}"),
            Input::Session(value) => format!("{value:?}"),
        },
        ExprKind::Column(column) => format!("{}.{}", source(column.source), column.column),
        ExprKind::Compare(op, left, right) => format!("({} {} {})", show(left), op.symbol(), show(right)),
        ExprKind::And(terms) => format!("({})", list(terms, " and ")),
        ExprKind::Or(terms) => format!("({})", list(terms, " or ")),
        ExprKind::Not(inner) => format!("not {}", show(inner)),
        ExprKind::IsNull(inner) => format!("{} is null", show(inner)),
        ExprKind::IsTruth(inner, truth) => {
            let word = match truth {
                Truth::True => "true",
                Truth::False => "false",
                Truth::Unknown => "unknown",
            };
            format!("{} is {word}", show(inner))
        }
        ExprKind::IsDistinct(left, right) => format!("({} is distinct from {})", show(left), show(right)),
        ExprKind::Match { op, value, pattern, escape } => {
            let escape = match escape {
                Some('\\') => String::new(),
                Some(character) => format!(" escape {character}"),
                None => " escape none".to_owned(),
            };
            format!("({} {} {}{escape})", show(value), matching(*op), show(pattern))
        }
        ExprKind::CompareArray { op, quantifier, value, array } => {
            format!("({} {} {}({}))", show(value), op.symbol(), quantified(*quantifier), show(array))
        }
        ExprKind::MatchArray { op, quantifier, value, array } => {
            format!("({} {} {}({}))", show(value), matching(*op), quantified(*quantifier), show(array))
        }
        ExprKind::InList(value, values) => format!("({} in ({}))", show(value), list(values, ", ")),
        ExprKind::Call(func, args) => format!("{func:?}({})", list(args, ", ")),
        ExprKind::Cast(inner, to) => format!("{}::{to}", show(inner)),
        ExprKind::Case(whens, otherwise) => {
            let whens = whens
                .iter()
                .map(|when| format!("when {} then {}", show(&when.condition), show(&when.result)));
            let otherwise = otherwise.iter().map(|otherwise| format!("else {}", show(otherwise)));
            format!("case {} end", whens.chain(otherwise).collect::<Vec<_>>().join(" "))
        }
        ExprKind::Coalesce(terms) => format!("coalesce({})", list(terms, ", ")),
        ExprKind::Extreme(greatest, terms) => {
            format!("{}({})", if *greatest { "greatest" } else { "least" }, list(terms, ", "))
        }
        ExprKind::Array(elements) => format!("array[{}]", list(elements, ", ")),
        ExprKind::Exists(select) => format!("exists ({})", select_text(select)),
        ExprKind::Scalar(select) => format!("({})", select_text(select)),
        ExprKind::ArrayOf(select) => format!("array({})", select_text(select)),
        ExprKind::InSelect(values, select) => {
            format!("(({}) in ({}))", list(values, ", "), select_text(select))
        }
        ExprKind::Native(native) => format!("{:?}({})", native.op, list(&native.args, ", ")),
        ExprKind::Aggregate(aggregate) => {
            let distinct = if aggregate.distinct { "distinct " } else { "" };
            let order = order_text(&aggregate.order_by);
            let filter = aggregate.filter.iter().map(|filter| format!(" filter ({})", show(filter)));
            let filter: String = filter.collect();
            format!("{:?}({distinct}{}{order}){filter}", aggregate.func, list(&aggregate.args, ", "))
        }
    }
}

/// A select as text, tables by name.
pub fn show_select(catalog: &Catalog, select: &Select) -> String {
    let mut text = select_text(select);
    for table in catalog.tables.iter().rev() {
        text = text.replace(&format!("table{} ", table.id.0), &format!("{} ", table.name));
    }
    text
}

fn select_text(select: &Select) -> String {
    let mut text = String::from("select ");
    if select.distinct {
        text += "distinct ";
    }
    if !select.distinct_on.is_empty() {
        text += &format!("distinct on ({}) ", list(&select.distinct_on, ", "));
    }
    text += &select.items.iter().map(|item| show(&item.expr)).collect::<Vec<_>>().join(", ");
    if !select.from.is_empty() {
        text += &format!(" from {}", select.from.iter().map(from_text).collect::<Vec<_>>().join(", "));
    }
    if let Some(filter) = &select.filter {
        text += &format!(" where {}", show(filter));
    }
    if select.grouped {
        text += &format!(" group by ({})", list(&select.group_by, ", "));
    }
    if let Some(having) = &select.having {
        text += &format!(" having {}", show(having));
    }
    for (op, next) in &select.set_ops {
        let word = match op {
            SetOp::Union => "union",
            SetOp::UnionAll => "union all",
            SetOp::Intersect => "intersect",
            SetOp::Except => "except",
        };
        text += &format!(" {word} {}", select_text(next));
    }
    text += &order_text(&select.order_by);
    if let Some(limit) = &select.limit {
        text += &format!(" limit {}", show(limit));
    }
    if let Some(offset) = &select.offset {
        text += &format!(" offset {}", show(offset));
    }
    text
}

fn from_text(item: &FromItem) -> String {
    match item {
        FromItem::Table(table) => {
            let rights = if table.rights == Rights::Definer { "!" } else { "" };
            format!("table{} {}{rights}", table.table.0, source(table.source))
        }
        FromItem::Select { source: own, select, lateral } => {
            format!("{}({}) {}", if *lateral { "lateral " } else { "" }, select_text(select), source(*own))
        }
        FromItem::Values { source: own, rows } => {
            let rows = rows.iter().map(|row| format!("({})", list(row, ", "))).collect::<Vec<_>>();
            format!("(values {}) {}", rows.join(", "), source(*own))
        }
        FromItem::Unnest { source: own, array } => format!("unnest({}) {}", show(array), source(*own)),
        FromItem::Series { source: own, start, stop, step } => {
            format!("series({}, {}, {}) {}", show(start), show(stop), show(step), source(*own))
        }
        FromItem::Function { source: own, call } => {
            format!("{}({}) {}", call.name, list(&call.args, ", "), source(*own))
        }
        FromItem::Join { kind, left, right, on } => {
            let word = match kind {
                JoinKind::Inner => "join",
                JoinKind::Left => "left join",
                JoinKind::Right => "right join",
                JoinKind::Full => "full join",
            };
            format!("({} {word} {} on {})", from_text(left), from_text(right), show(on))
        }
    }
}

fn order_text(terms: &[OrderBy]) -> String {
    if terms.is_empty() {
        return String::new();
    }
    let term = |term: &OrderBy| {
        let direction = if term.descending { " desc" } else { "" };
        let nulls = if term.nulls_first == term.descending { "" } else { " nulls moved" };
        format!("{}{direction}{nulls}", show(&term.expr))
    };
    format!(" order by {}", terms.iter().map(term).collect::<Vec<_>>().join(", "))
}

fn literal(value: &Value, ty: &Type) -> String {
    match (value, ty) {
        (Value::Null, Type::Text) => "null".to_owned(),
        (Value::Null, ty) => format!("null::{ty}"),
        (Value::Bool(value), _) => value.to_string(),
        (Value::Int(value), Type::Int4) => value.to_string(),
        (Value::Text(text), Type::Text) => format!("'{text}'"),
        (value, ty) => format!("'{}'::{ty}", to_text(ty, value, &Zone::Utc)),
    }
}

fn source(source: SourceId) -> String {
    if source == SourceId::ROW { "row".to_owned() } else { format!("t{}", source.0) }
}

fn list(terms: &[Expr], separator: &str) -> String {
    terms.iter().map(show).collect::<Vec<_>>().join(separator)
}

fn matching(op: MatchOp) -> &'static str {
    match op {
        MatchOp::Like => "like",
        MatchOp::ILike => "ilike",
        MatchOp::Regex => "~",
        MatchOp::IRegex => "~*",
    }
}

fn quantified(quantifier: Quantifier) -> &'static str {
    match quantifier {
        Quantifier::Any => "any",
        Quantifier::All => "all",
    }
}
