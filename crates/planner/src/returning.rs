//! Reading the rows that a write touched.

use mainstay_base::Result;
use mainstay_expr::{Expr, ExprKind, FromItem, Item, Select, TableSource, Type};
use mainstay_plan as plan;
use mainstay_query::{Level, Returning};

use crate::Planner;
use crate::write::Written;

impl<'a> Planner<'a> {
    /// The read that answers a write.
    pub(crate) fn returning(
        &mut self,
        written: &Written<'a>,
        returning: &Returning,
    ) -> Result<Option<plan::Returning>> {
        let from = FromItem::Table(TableSource {
            source: written.source,
            table: written.base.id,
            rights: written.rights,
            visible: None,
        });
        let node = match returning {
            Returning::Nothing => return Ok(None),
            Returning::Key => key_node(written, from),
            Returning::Rows(level) => {
                // Conditions and bounds of the root chose the rows already, or do not apply to a write.
                let level = Level { filter: Vec::new(), limit: None, offset: None, ..level.clone() };
                let scope = self.scope(written.relation.clone(), &level, 0)?;
                let mut node = self.node(vec![from], Expr::truth(true), &scope, &level, true)?;
                self.secure_node(&mut node)?;
                node
            }
        };
        Ok(Some(plan::Returning { node, source: written.source }))
    }
}

/// Shows the primary key as text. No SELECT right is needed: the caller has just written it.
fn key_node(written: &Written<'_>, from: FromItem) -> plan::Node {
    let base = written.base;
    let key = base.primary_key.as_ref().map_or(&[][..], |key| &key.columns);
    let items: Vec<_> = key
        .iter()
        .map(|column| {
            let declared = base.column(*column);
            let value = Expr::column(written.source, *column, declared.ty.ty.clone());
            let text = Expr::new(ExprKind::Cast(Box::new(value), Type::Text.into()), Type::Text);
            Item { expr: text, name: declared.name.clone() }
        })
        .collect();
    let fields = items
        .iter()
        .enumerate()
        .map(|(item, shown)| plan::Field::Item { key: shown.name.clone(), item: item as u32 })
        .collect();
    plan::Node {
        select: Select { from: vec![from], items, ..Select::default() },
        fields,
        children: Vec::new(),
    }
}
