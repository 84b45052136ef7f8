//! Which columns an unresolved expression names; what constraints are called follows from it.

use mainstay_sql as sql;
use sql::ExprKind;

/// Adds the columns that an expression names, in the order of the text. Subqueries are not looked into: constraints have none.
pub(super) fn columns_of(expr: &sql::Expr, names: &mut Vec<String>) {
    let mut all = |list: &mut dyn Iterator<Item = &sql::Expr>| list.for_each(|it| columns_of(it, names));
    match &expr.kind {
        ExprKind::Column(reference) => names.push(reference.column.text.clone()),
        ExprKind::Unary { operand, .. }
        | ExprKind::Not(operand)
        | ExprKind::IsNull { operand, .. }
        | ExprKind::IsBool { operand, .. }
        | ExprKind::Cast { operand, .. }
        | ExprKind::Collate { operand, .. } => columns_of(operand, names),
        ExprKind::Binary { left, right, .. } | ExprKind::IsDistinct { left, right, .. } => {
            all(&mut [&**left, right].into_iter());
        }
        ExprKind::Between { operand, low, high, .. } => all(&mut [&**operand, low, high].into_iter()),
        ExprKind::InList { operand, list, .. } => all(&mut std::iter::once(&**operand).chain(list)),
        ExprKind::Like { operand, pattern, .. } => all(&mut [&**operand, pattern].into_iter()),
        ExprKind::Quantified { left, right: sql::QuantifiedSet::Array(array), .. } => {
            all(&mut [&**left, array].into_iter());
        }
        ExprKind::Subscript { operand, index } => all(&mut [&**operand, index].into_iter()),
        ExprKind::And(list) | ExprKind::Or(list) | ExprKind::Array(list) | ExprKind::Row(list) => {
            all(&mut list.iter())
        }
        ExprKind::Case { operand, branches, otherwise } => {
            let branches = branches.iter().flat_map(|branch| [&branch.when, &branch.then]);
            all(&mut operand.as_deref().into_iter().chain(branches).chain(otherwise.as_deref()));
        }
        ExprKind::Call(call) => {
            if let sql::CallArguments::List { arguments, .. } = &call.arguments {
                all(&mut arguments.iter().map(|argument| &argument.value));
            }
        }
        _ => {}
    }
}
