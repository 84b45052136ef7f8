//! Reading the rows that a write touched.

use mainstay_base::Result;
use mainstay_catalog::{Caller, Command, Resource};
use mainstay_expr::{Expr, ExprKind, FromItem, Item, Select, TableSource, Tree, Type};
use mainstay_plan as plan;
use mainstay_plan::ResultKind;
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
        let (mut node, result) = match returning {
            Returning::Nothing => return Ok(None),
            Returning::Key => (key_node(written, from), ResultKind::Rows),
            Returning::Rows(level) => {
                // Conditions and bounds of the root chose the rows already, or do not apply to a write.
                let level = Level { filter: Vec::new(), limit: None, offset: None, ..level.clone() };
                let scope = self.scope(written.relation.clone(), &level, 0)?;
                let node = self.node(vec![from], Expr::truth(true), &scope, &level, true)?;
                let resource = Resource::Table(&written.named.schema, &written.named.name);
                self.answered(node, ResultKind::Rows, &level, resource)?
            }
        };
        self.require_shown(written, &node)?;
        self.secure_node(&mut node)?;
        Ok(Some(plan::Returning { node, result, source: written.source }))
    }

    /// Refuses unless the role may read what a written view shows: its own columns, whoever may read those behind them.
    fn require_shown(&self, written: &Written<'a>, node: &plan::Node) -> Result<()> {
        if !written.named.is_view() {
            return Ok(());
        }
        let mut shown = Vec::new();
        node.select.walk(|expr| {
            let column = (0..).zip(&written.relation.columns).find(|(_, column)| column.expr == *expr);
            shown.extend(column.map(|(position, _)| position));
        });
        self.require(written.named, Command::Select, &shown)?;
        self.require_calls(Caller::View(written.named.id))
    }
}

/// Shows the primary key as text, under the names that it has in what was written.
fn key_node(written: &Written<'_>, from: FromItem) -> plan::Node {
    let key = written.named.primary_key.as_ref().map_or(&[][..], |key| &key.columns);
    let items: Vec<_> = key
        .iter()
        .map(|position| {
            let text = ExprKind::Cast(Box::new(written.relation.expr(*position)), Type::Text.into());
            Item { expr: Expr::new(text, Type::Text), name: written.named.column(*position).name.clone() }
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
