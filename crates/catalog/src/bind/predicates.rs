//! Comparisons of every form: rows, IN, BETWEEN, LIKE, ANY and ALL, IS DISTINCT FROM, EXISTS.

use mainstay_expr::resolve::{self, Build, common_type};
use mainstay_expr::{Expr, ExprKind, Quantifier, Type};
use mainstay_sql as sql;
use sql::{Diagnostic, Span};

use super::expr::not_if;
use super::inline::is_bare;
use super::{Bind, Binder, Bound, BoundQuery};

impl Binder<'_> {
    /// The forms that compare.
    pub(super) fn predicate(&mut self, expr: &sql::Expr) -> Bind<Expr> {
        let span = expr.span;
        match &expr.kind {
            sql::ExprKind::IsDistinct { left, right, negated } => {
                Ok(not_if(*negated, self.is_distinct(left, right, span)?))
            }
            sql::ExprKind::Between { operand, low, high, symmetric, negated } => {
                Ok(not_if(*negated, self.between(operand, low, high, *symmetric, span)?))
            }
            sql::ExprKind::InList { operand, list, negated } => {
                Ok(not_if(*negated, self.in_list(operand, list, span)?))
            }
            sql::ExprKind::InQuery { operand, query, negated } => {
                Ok(not_if(*negated, self.in_query(operand, query, span)?))
            }
            sql::ExprKind::Like { operand, pattern, escape, case_insensitive, negated } => {
                let matched = self.like(operand, pattern, escape.as_deref(), *case_insensitive, span)?;
                Ok(not_if(*negated, matched))
            }
            sql::ExprKind::Quantified { left, operator, quantifier, right } => {
                self.quantified(left, operator, *quantifier, right, span)
            }
            sql::ExprKind::Exists(query) => {
                self.subquery_allowed(query.span)?;
                let query = self.query(query)?;
                Ok(Expr::bool(ExprKind::Exists(Box::new(query.select))))
            }
            _ => Err(self.unsupported(span, "this expression is", "write it in another way")),
        }
    }

    fn is_distinct(&mut self, left: &sql::Expr, right: &sql::Expr, span: Span) -> Bind<Expr> {
        let equals = operator("=", span);
        let pairs = self.pairs(left, right, span)?;
        let fields = self.each(pairs, |binder, (left, right)| {
            let operands = binder.each([left, right], |binder, it| binder.expr(it))?;
            match binder.operate(&equals, operands, span)?.expr.kind {
                ExprKind::Compare(_, left, right) => Ok(Expr::bool(ExprKind::IsDistinct(left, right))),
                _ => Err(binder.error(
                    "wrong-type",
                    span,
                    "IS DISTINCT FROM requires = operator to yield boolean",
                )),
            }
        })?;
        Ok(Expr::any(fields))
    }

    /// The fields of two rows side by side; two values are rows of one field.
    fn pairs<'e>(
        &mut self,
        left: &'e sql::Expr,
        right: &'e sql::Expr,
        span: Span,
    ) -> Bind<Vec<(&'e sql::Expr, &'e sql::Expr)>> {
        match (&left.kind, &right.kind) {
            (sql::ExprKind::Row(left), sql::ExprKind::Row(right)) => {
                self.same_length(left.len(), right.len(), span)?;
                Ok(left.iter().zip(right).collect())
            }
            _ => Ok(vec![(left, right)]),
        }
    }

    fn same_length(&mut self, left: usize, right: usize, span: Span) -> Bind<()> {
        if left == right && left > 0 {
            return Ok(());
        }
        Err(self.error("wrong-arguments", span, "unequal number of entries in row expressions"))
    }

    /// `(a, b) < (c, d)`: field by field, from the left.
    pub(super) fn compare_rows(
        &mut self,
        left: &[sql::Expr],
        operator: &sql::Operator,
        right: &[sql::Expr],
        span: Span,
    ) -> Bind<Expr> {
        self.same_length(left.len(), right.len(), span)?;
        let mut compare = |symbol: &str, at: usize| {
            let operator = sql::Operator { text: symbol.to_owned(), span: operator.span };
            let operands = self.each([&left[at], &right[at]], |binder, it| binder.expr(it))?;
            Ok(self.operate(&operator, operands, span)?.expr)
        };
        let every = 0..left.len();
        match &*operator.text {
            "=" => Ok(Expr::all(every.map(|at| compare("=", at)).collect::<Bind<Vec<_>>>()?)),
            "<>" => Ok(Expr::any(every.map(|at| compare("<>", at)).collect::<Bind<Vec<_>>>()?)),
            symbol @ ("<" | "<=" | ">" | ">=") => {
                let last = left.len() - 1;
                let mut result = compare(symbol, last)?;
                for at in (0..last).rev() {
                    let equal = Expr::all([compare("=", at)?, result]);
                    result = Expr::any([compare(&symbol[..1], at)?, equal]);
                }
                Ok(result)
            }
            other => {
                let message =
                    format!("could not determine interpretation of row comparison operator {other}");
                Err(self.error("unknown-operator", operator.span, message))
            }
        }
    }

    fn between(
        &mut self,
        operand: &sql::Expr,
        low: &sql::Expr,
        high: &sql::Expr,
        symmetric: bool,
        span: Span,
    ) -> Bind<Expr> {
        let mut range = |low: &sql::Expr, high: &sql::Expr| {
            let sides = [(">=", low), ("<=", high)];
            let sides = self.each(sides, |binder, (symbol, bound)| {
                let operands = binder.each([operand, bound], |binder, it| binder.expr(it))?;
                Ok(binder.operate(&operator(symbol, span), operands, span)?.expr)
            })?;
            Ok(Expr::all(sides))
        };
        let forth = range(low, high)?;
        if !symmetric {
            return Ok(forth);
        }
        Ok(Expr::any([forth, range(high, low)?]))
    }

    fn in_list(&mut self, operand: &sql::Expr, list: &[sql::Expr], span: Span) -> Bind<Expr> {
        if let sql::ExprKind::Row(fields) = &operand.kind {
            let equals = operator("=", span);
            let rows = self.each(list, |binder, row| match &row.kind {
                sql::ExprKind::Row(values) => binder.compare_rows(fields, &equals, values, row.span),
                _ => Err(binder.error(
                    "wrong-arguments",
                    row.span,
                    "unequal number of entries in row expressions",
                )),
            })?;
            return Ok(Expr::any(rows));
        }
        let bounds = self.each(std::iter::once(operand).chain(list), |binder, it| binder.expr(it))?;
        let types: Vec<_> = bounds.iter().map(Bound::ty).collect();
        if let Ok(common) = common_type(&types)
            && common.is_comparable()
        {
            let (mut exprs, _) = self.cast_common(bounds, "IN")?;
            let value = Box::new(exprs.remove(0));
            return Ok(Expr::bool(ExprKind::InList(value, exprs)));
        }
        // No common type: the first value that cannot be compared says so.
        let mut bounds = bounds.into_iter();
        let value = bounds.next().expect("the operand comes first");
        let equals = operator("=", span);
        let compared = self.each(bounds, |binder, bound| {
            let at = bound.span;
            Ok(binder
                .operate(&sql::Operator { span: at, ..equals.clone() }, vec![value.clone(), bound], at)?
                .expr)
        })?;
        Ok(Expr::any(compared))
    }

    fn in_query(&mut self, operand: &sql::Expr, query: &sql::Query, span: Span) -> Bind<Expr> {
        self.subquery_allowed(query.span)?;
        let fields: Vec<&sql::Expr> = match &operand.kind {
            sql::ExprKind::Row(fields) => fields.iter().collect(),
            _ => vec![operand],
        };
        let fields = self.each(fields, |binder, field| binder.expr(field));
        let query = self.query(query);
        let (fields, mut query) = (fields?, query?);
        if query.outputs.len() != fields.len() {
            let word = if query.outputs.len() > fields.len() { "many" } else { "few" };
            return Err(self.error("wrong-arguments", span, format!("subquery has too {word} columns")));
        }
        let mut wanted = Vec::with_capacity(fields.len());
        let values = self.each(fields.into_iter().zip(query.types()), |binder, (field, output)| {
            let resolved = resolve::operator("=", Some(field.ty()), output);
            let resolved = resolved.map_err(|error| binder.unresolved(error, span))?;
            wanted.push(resolved.args[1].clone());
            binder.cast_to(field, &resolved.args[0])
        })?;
        self.cast_outputs(&mut query, &wanted)?;
        Ok(Expr::bool(ExprKind::InSelect(values, Box::new(query.select))))
    }

    fn like(
        &mut self,
        operand: &sql::Expr,
        pattern: &sql::Expr,
        escape: Option<&sql::Expr>,
        case_insensitive: bool,
        span: Span,
    ) -> Bind<Expr> {
        let symbol = operator(if case_insensitive { "~~*" } else { "~~" }, span);
        let operands = self.each([operand, pattern], |binder, it| binder.expr(it));
        let escape = escape.map(|escape| self.escape(escape)).transpose();
        let matched = self.operate(&symbol, operands?, span)?.expr;
        match (matched.kind, escape?) {
            (ExprKind::Match { op, value, pattern, .. }, Some(escape)) => {
                Ok(Expr::bool(ExprKind::Match { op, value, pattern, escape }))
            }
            (kind, _) => Ok(Expr::bool(kind)),
        }
    }

    fn escape(&mut self, escape: &sql::Expr) -> Bind<Option<char>> {
        let sql::ExprKind::Literal(sql::Literal::String(text)) = &escape.kind else {
            return Err(self.unsupported(
                escape.span,
                "a computed ESCAPE character is",
                "write it as a literal",
            ));
        };
        let mut characters = text.chars();
        match (characters.next(), characters.next()) {
            (character, None) => Ok(character),
            _ => {
                let diagnostic = Diagnostic::error("invalid-literal", escape.span, "invalid escape string");
                Err(self.fail(diagnostic.with_help("escape string must be empty or one character")))
            }
        }
    }

    fn quantified(
        &mut self,
        left: &sql::Expr,
        symbol: &sql::Operator,
        quantifier: sql::Quantifier,
        right: &sql::QuantifiedSet,
        span: Span,
    ) -> Bind<Expr> {
        match right {
            sql::QuantifiedSet::Query(query) => match (&*symbol.text, quantifier) {
                ("=", sql::Quantifier::Any) => self.in_query(left, query, span),
                ("<>", sql::Quantifier::All) => Ok(self.in_query(left, query, span)?.negate()),
                _ => {
                    let values = self.array_query(query, query.span);
                    let left = self.expr(left);
                    self.over_array(left?, symbol, quantifier, values?)
                }
            },
            sql::QuantifiedSet::Array(array) => {
                let operands = self.each([left, array], |binder, it| binder.expr(it))?;
                let [left, array]: [Bound; 2] = operands.try_into().expect("two were bound");
                self.over_array(left, symbol, quantifier, array)
            }
        }
    }

    fn over_array(
        &mut self,
        left: Bound,
        symbol: &sql::Operator,
        quantifier: sql::Quantifier,
        array: Bound,
    ) -> Bind<Expr> {
        let element = match array.ty() {
            None => None,
            Some(Type::Array(element)) => Some((*element).clone()),
            Some(_) => {
                let diagnostic = Diagnostic::error(
                    "wrong-type",
                    array.span,
                    "op ANY/ALL (array) requires array on right side",
                );
                return Err(self.fail(diagnostic.with_help("a list of values is written IN (…)")));
            }
        };
        let resolved = resolve::operator(&symbol.text, Some(left.ty()), element);
        let resolved = resolved.map_err(|error| self.unresolved(error, symbol.span))?;
        let value = Box::new(self.cast_to(left, &resolved.args[0])?);
        let array = Box::new(self.cast_to(array, &resolved.args[1].clone().array())?);
        let plain = match quantifier {
            sql::Quantifier::Any => Quantifier::Any,
            sql::Quantifier::All => Quantifier::All,
        };
        match resolved.build {
            Build::Compare(op) => {
                Ok(Expr::bool(ExprKind::CompareArray { op, quantifier: plain, value, array }))
            }
            Build::Match { op, negated } => {
                // No element matches, said of all, is NOT any; and the other way round.
                let quantifier = match (plain, negated) {
                    (Quantifier::Any, true) => Quantifier::All,
                    (Quantifier::All, true) => Quantifier::Any,
                    (plain, false) => plain,
                };
                Ok(not_if(negated, Expr::bool(ExprKind::MatchArray { op, quantifier, value, array })))
            }
            _ => Err(self.unsupported(
                symbol.span,
                "ANY and ALL with this operator are",
                "use a comparison or LIKE",
            )),
        }
    }

    /// `(SELECT …)` as a value.
    pub(super) fn scalar_query(&mut self, query: &sql::Query, span: Span) -> Bind<Bound> {
        self.subquery_allowed(span)?;
        let mut query = self.one_column(query, "subquery must return only one column")?;
        if is_bare(&query.select) {
            // `(SELECT auth.uid())` is how people tell PostgreSQL to compute it once; it is a constant here anyway.
            let item = query.select.items.remove(0);
            return Ok(Bound::typed(item.expr, span));
        }
        let ty = query.select.items[0].expr.ty.clone();
        Ok(Bound::typed(Expr::new(ExprKind::Scalar(Box::new(query.select)), ty), span))
    }

    /// `ARRAY(SELECT …)`
    pub(super) fn array_query(&mut self, query: &sql::Query, span: Span) -> Bind<Bound> {
        self.subquery_allowed(span)?;
        let query = self.one_column(query, "subquery must return only one column")?;
        let ty = query.select.items[0].expr.ty.clone().array();
        Ok(Bound::typed(Expr::new(ExprKind::ArrayOf(Box::new(query.select)), ty), span))
    }

    fn one_column(&mut self, query: &sql::Query, message: &str) -> Bind<BoundQuery> {
        let bound = self.query(query)?;
        if bound.outputs.len() != 1 {
            return Err(self.error("wrong-arguments", query.span, message));
        }
        Ok(bound)
    }

    /// Refuses a subquery in an expression that must depend on its row alone.
    pub(super) fn subquery_allowed(&mut self, span: Span) -> Bind<()> {
        let Some(place) = self.levels.first().and_then(|level| level.clause.forbids_subqueries()) else {
            return Ok(());
        };
        Err(self.error("subquery", span, format!("cannot use subquery in {place}")))
    }
}

fn operator(symbol: &str, span: Span) -> sql::Operator {
    sql::Operator { text: symbol.to_owned(), span }
}
