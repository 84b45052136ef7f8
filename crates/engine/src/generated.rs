//! What a row that is refused would have looked like.

use mainstay_base::{SystemClock, SystemRandomness};
use mainstay_catalog::{ColumnDefault, Table};
use mainstay_expr::{Evaluator, NoTables, Scope, Session, SourceId, Value, eval};

/// Works out the generated columns of a row whose other columns are known, for those who tell of a row that never was. One that
/// cannot be worked out is NULL.
pub fn fill_generated(table: &Table, row: &mut [Value], session: &Session) {
    let inputs = eval::Inputs { slots: &[], arguments: &[], new: &[], session };
    let Ok(evaluator) = Evaluator::new(inputs, &NoTables, &SystemClock, &SystemRandomness) else { return };
    for (position, column) in table.columns.iter().enumerate() {
        if let ColumnDefault::Generated(expr) = &column.default {
            // They speak of columns that are not generated.
            row[position] = evaluator.eval(expr, &Scope::row(SourceId::ROW, row)).unwrap_or(Value::Null);
        }
    }
}
