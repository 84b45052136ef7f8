//! Scalar expressions, form by form.

use mainstay_expr::resolve::{self, Build, Resolved};
use mainstay_expr::{ColumnType, Expr, ExprKind, SessionValue, Truth, Type, When};
use mainstay_sql as sql;
use sql::{Diagnostic, Span};

use super::{Bind, Binder, Bound};

impl Binder<'_> {
    /// Binds an expression; a literal may keep its type open.
    pub fn expr(&mut self, expr: &sql::Expr) -> Bind<Bound> {
        let span = expr.span;
        match &expr.kind {
            sql::ExprKind::Literal(literal) => self.literal(literal, span),
            sql::ExprKind::Column(reference) => self.column(reference, span),
            sql::ExprKind::Parameter(number) => self.parameter(*number, span),
            sql::ExprKind::SqlValue(value, precision) => self.sql_value(*value, *precision, span),
            sql::ExprKind::Unary { operator, operand } => self.unary(operator, operand, span),
            sql::ExprKind::Binary { left, operator, right } => self.binary(left, operator, right, span),
            sql::ExprKind::Call(call) => self.call(call),
            sql::ExprKind::Cast { operand, type_name } => self.written_cast(operand, type_name, span),
            sql::ExprKind::Case { operand, branches, otherwise } => {
                self.case(operand.as_deref(), branches, otherwise.as_deref(), span)
            }
            sql::ExprKind::Array(elements) => self.array(elements, None, span),
            sql::ExprKind::ArrayQuery(query) => self.array_query(query, span),
            sql::ExprKind::Subquery(query) => self.scalar_query(query, span),
            sql::ExprKind::Subscript { operand, index } => self.subscript(operand, index, span),
            sql::ExprKind::Collate { operand, collation } => self.collate(operand, collation),
            sql::ExprKind::Row(_) => Err(self.unsupported(
                span,
                "a row as a value is",
                "rows can be compared: (a, b) = (c, d), (a, b) IN (…)",
            )),
            sql::ExprKind::Default => {
                Err(self.error("misplaced-default", span, "DEFAULT is not allowed in this context"))
            }
            _ => Ok(Bound::typed(self.truth(expr)?, span)),
        }
    }

    fn literal(&mut self, literal: &sql::Literal, span: Span) -> Bind<Bound> {
        Ok(match literal {
            sql::Literal::Null => Bound::null(span),
            sql::Literal::Bool(value) => Bound::typed(Expr::truth(*value), span),
            sql::Literal::String(text) => Bound::text(text, span),
            sql::Literal::Number(text) => return self.number(text, false, span),
            sql::Literal::Bits(_) | sql::Literal::HexBits(_) => {
                return Err(self.unsupported(span, "bit strings are", "bytes are written '\\x1f'::bytea"));
            }
        })
    }

    fn sql_value(&mut self, value: sql::SqlValue, precision: Option<u32>, span: Span) -> Bind<Bound> {
        let now = || Expr::new(session(SessionValue::Now), Type::Timestamptz);
        let seconds = |ty: Type| ColumnType {
            ty,
            modifier: precision.map_or_else(Default::default, |digits| {
                mainstay_expr::Modifier::Seconds(digits.min(6) as u8)
            }),
        };
        let expr = match value {
            sql::SqlValue::CurrentTimestamp if precision.is_none() => now(),
            sql::SqlValue::CurrentTimestamp => cast(now(), seconds(Type::Timestamptz)),
            sql::SqlValue::CurrentDate => cast(now(), Type::Date.into()),
            sql::SqlValue::LocalTime => cast(now(), seconds(Type::Time)),
            sql::SqlValue::LocalTimestamp => cast(now(), seconds(Type::Timestamp)),
            sql::SqlValue::CurrentUser | sql::SqlValue::SessionUser => {
                Expr::new(session(SessionValue::CurrentUser), Type::Text)
            }
            sql::SqlValue::CurrentTime => {
                return Err(self.unsupported(span, "time with time zone is", "use LOCALTIME"));
            }
            sql::SqlValue::CurrentSchema | sql::SqlValue::CurrentCatalog => {
                return Err(self.unsupported(
                    span,
                    "the name of the schema or database is",
                    "write it as a literal",
                ));
            }
        };
        Ok(Bound::typed(expr, span))
    }

    fn unary(&mut self, operator: &sql::Operator, operand: &sql::Expr, span: Span) -> Bind<Bound> {
        if let (sql::ExprKind::Literal(sql::Literal::Number(text)), "-") = (&operand.kind, &*operator.text) {
            return self.number(text, true, span);
        }
        let bound = self.expr(operand)?;
        let resolved = resolve::operator(&operator.text, None, bound.ty());
        self.build(resolved, vec![bound], operator.span, span)
    }

    fn binary(
        &mut self,
        left: &sql::Expr,
        operator: &sql::Operator,
        right: &sql::Expr,
        span: Span,
    ) -> Bind<Bound> {
        if let (sql::ExprKind::Row(left), sql::ExprKind::Row(right)) = (&left.kind, &right.kind) {
            return Ok(Bound::typed(self.compare_rows(left, operator, right, span)?, span));
        }
        let operands = self.each([left, right], |binder, operand| binder.expr(operand))?;
        self.operate(operator, operands, span)
    }

    /// Applies an infix operator to bound operands.
    pub(super) fn operate(
        &mut self,
        operator: &sql::Operator,
        operands: Vec<Bound>,
        span: Span,
    ) -> Bind<Bound> {
        let resolved = resolve::operator(&operator.text, Some(operands[0].ty()), operands[1].ty());
        self.build(resolved, operands, operator.span, span)
    }

    /// Builds what a call or an operator was resolved to.
    pub(super) fn build(
        &mut self,
        resolved: Result<Resolved, resolve::ResolveError>,
        args: Vec<Bound>,
        at: Span,
        span: Span,
    ) -> Bind<Bound> {
        let resolved = resolved.map_err(|error| self.unresolved(error, at))?;
        let pairs = args.into_iter().zip(&resolved.args);
        let mut args = self.each(pairs, |binder, (arg, ty)| binder.cast_to(arg, ty))?;
        let kind = match resolved.build {
            Build::Call(func) => ExprKind::Call(func, args),
            Build::Session(value) => session(value),
            Build::Cast => ExprKind::Cast(Box::new(args.remove(0)), resolved.result.clone().into()),
            Build::Compare(op) => {
                let right = args.remove(1);
                ExprKind::Compare(op, Box::new(args.remove(0)), Box::new(right))
            }
            Build::Match { op, negated } => {
                let pattern = Box::new(args.remove(1));
                let matched =
                    ExprKind::Match { op, value: Box::new(args.remove(0)), pattern, escape: Some('\\') };
                if negated { ExprKind::Not(Box::new(Expr::bool(matched))) } else { matched }
            }
            Build::Series | Build::Unnest => {
                let what = "set-returning functions outside FROM are";
                return Err(self.unsupported(span, what, "put it into FROM: SELECT … FROM unnest(…) AS x"));
            }
        };
        Ok(Bound::typed(Expr::new(kind, resolved.result), span))
    }

    /// Reports a call or an operator that means nothing.
    pub(super) fn unresolved(&mut self, error: resolve::ResolveError, at: Span) -> super::Reported {
        let code = match error.code {
            "42883" if error.message.starts_with("operator") => "unknown-operator",
            "42883" => "unknown-function",
            "42725" => "ambiguous-call",
            _ => "wrong-type",
        };
        let help = match error.similar.first() {
            Some(similar) => Some(format!("did you mean \"{similar}\"?")),
            None => error.hint.map(str::to_owned),
        };
        self.fail(Diagnostic::error(code, at, error.message).with_help_if(help))
    }

    fn written_cast(&mut self, operand: &sql::Expr, type_name: &sql::TypeName, span: Span) -> Bind<Bound> {
        let ty = self.cast_type(type_name);
        if let (sql::ExprKind::Array(elements), Ok(ty)) = (&operand.kind, &ty)
            && ty.ty.element().is_some()
        {
            return self.array(elements, Some(ty), span);
        }
        let bound = self.expr(operand);
        let (bound, ty) = (bound?, ty?);
        let bound = Bound { span, ..bound };
        Ok(Bound::typed(self.cast_explicit(bound, &ty)?, span))
    }

    fn array(&mut self, elements: &[sql::Expr], wanted: Option<&ColumnType>, span: Span) -> Bind<Bound> {
        if let Some(inner) = elements.iter().find(|element| matches!(element.kind, sql::ExprKind::Array(_))) {
            return Err(self.unsupported(inner.span, "arrays of several dimensions are", "use jsonb"));
        }
        let bounds = self.each(elements, |binder, element| binder.expr(element))?;
        if let Some(ColumnType { ty: Type::Array(element), modifier }) = wanted {
            let to = ColumnType { ty: (**element).clone(), modifier: *modifier };
            let elements = self.each(bounds, |binder, bound| binder.cast_explicit(bound, &to))?;
            return Ok(Bound::typed(
                Expr::new(ExprKind::Array(elements), Type::Array(element.clone())),
                span,
            ));
        }
        if bounds.is_empty() {
            let diagnostic = Diagnostic::error("wrong-type", span, "cannot determine type of empty array");
            return Err(self.fail(diagnostic.with_help("cast it to the wanted type: ARRAY[]::text[]")));
        }
        let (elements, ty) = self.cast_common(bounds, "ARRAY")?;
        if ty.element().is_some() {
            return Err(self.unsupported(span, "arrays of several dimensions are", "use jsonb"));
        }
        Ok(Bound::typed(Expr::new(ExprKind::Array(elements), ty.array()), span))
    }

    fn case(
        &mut self,
        operand: Option<&sql::Expr>,
        branches: &[sql::CaseBranch],
        otherwise: Option<&sql::Expr>,
        span: Span,
    ) -> Bind<Bound> {
        let conditions = self.each(branches, |binder, branch| match operand {
            None => binder.condition(&branch.when, "CASE/WHEN"),
            Some(operand) => {
                let equals = sql::Operator { text: "=".to_owned(), span: branch.when.span };
                let operands = binder.each([operand, &branch.when], |binder, it| binder.expr(it))?;
                Ok(binder.operate(&equals, operands, branch.when.span)?.expr)
            }
        });
        let results = branches.iter().map(|branch| &branch.then).chain(otherwise);
        let results = self.each(results, |binder, result| binder.expr(result));
        let (conditions, results) = (conditions?, results?);
        let (mut results, ty) = self.cast_common(results, "CASE")?;
        let otherwise = otherwise.and_then(|_| results.pop()).map(Box::new);
        let whens = conditions.into_iter().zip(results).map(|(condition, result)| When { condition, result });
        Ok(Bound::typed(Expr::new(ExprKind::Case(whens.collect(), otherwise), ty), span))
    }

    fn subscript(&mut self, operand: &sql::Expr, index: &sql::Expr, span: Span) -> Bind<Bound> {
        let operands = self.each([operand, index], |binder, it| binder.expr(it))?;
        let name = match &operands[0].expr.ty {
            Type::Jsonb => "->",
            Type::Array(_) => "[]",
            ty => {
                let message = format!("cannot subscript type {ty} because it does not support subscripting");
                return Err(self.error("wrong-type", operands[0].span, message));
            }
        };
        let operator = sql::Operator { text: name.to_owned(), span };
        self.operate(&operator, operands, span)
    }

    fn collate(&mut self, operand: &sql::Expr, collation: &sql::QualifiedName) -> Bind<Bound> {
        let bound = self.expr(operand)?;
        self.known_collation(collation)?;
        Ok(bound)
    }

    /// Accepts the collations that compare bytewise, as everything does.
    pub fn known_collation(&mut self, collation: &sql::QualifiedName) -> Bind<()> {
        if matches!(&*collation.name.text, "C" | "POSIX" | "default" | "ucs_basic" | "C.UTF-8" | "C.utf8") {
            return Ok(());
        }
        let what = format!("the collation \"{}\" is", collation.name.text);
        Err(self.unsupported(
            collation.span,
            &what,
            "text is compared bytewise: use COLLATE \"C\" or leave it out",
        ))
    }

    /// The forms whose value is a truth value.
    fn truth(&mut self, expr: &sql::Expr) -> Bind<Expr> {
        match &expr.kind {
            sql::ExprKind::And(terms) => {
                let terms = self.each(terms, |binder, term| binder.condition(term, "AND"))?;
                Ok(Expr::bool(ExprKind::And(terms)))
            }
            sql::ExprKind::Or(terms) => {
                let terms = self.each(terms, |binder, term| binder.condition(term, "OR"))?;
                Ok(Expr::bool(ExprKind::Or(terms)))
            }
            sql::ExprKind::Not(operand) => Ok(self.condition(operand, "NOT")?.negate()),
            sql::ExprKind::IsNull { operand, negated } => self.is_null(operand, *negated),
            sql::ExprKind::IsBool { operand, value, negated } => {
                let (truth, word) = match value {
                    Some(true) => (Truth::True, "IS TRUE"),
                    Some(false) => (Truth::False, "IS FALSE"),
                    None => (Truth::Unknown, "IS UNKNOWN"),
                };
                let operand = self.condition(operand, word)?;
                Ok(not_if(*negated, Expr::bool(ExprKind::IsTruth(Box::new(operand), truth))))
            }
            _ => self.predicate(expr),
        }
    }

    fn is_null(&mut self, operand: &sql::Expr, negated: bool) -> Bind<Expr> {
        let fields: Vec<&sql::Expr> = match &operand.kind {
            sql::ExprKind::Row(fields) => fields.iter().collect(),
            _ => vec![operand],
        };
        // A row is NULL when all its fields are, and NOT NULL when none is.
        let tests = self.each(fields, |binder, field| {
            let value = binder.value(field)?;
            Ok(not_if(negated, Expr::bool(ExprKind::IsNull(Box::new(value)))))
        })?;
        Ok(Expr::all(tests))
    }
}

/// A value of the session.
pub(super) fn session(value: SessionValue) -> ExprKind {
    ExprKind::Input(mainstay_expr::Input::Session(value))
}

/// A cast of a value of known type.
pub(super) fn cast(expr: Expr, to: ColumnType) -> Expr {
    let ty = to.ty.clone();
    Expr::new(ExprKind::Cast(Box::new(expr), to), ty)
}

/// The condition, or its opposite.
pub(super) fn not_if(negated: bool, expr: Expr) -> Expr {
    if negated { expr.negate() } else { expr }
}
