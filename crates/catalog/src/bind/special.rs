//! Calls with rules of their own: COALESCE and its kin, settings, functions called by argument name.

use mainstay_expr::{Expr, ExprKind, SessionValue, Type, Value, When, resolve};
use mainstay_sql as sql;
use sql::Diagnostic;

use super::expr::session;
use super::{Bind, Binder, Bound};

impl Binder<'_> {
    /// Binds a call of one of these functions; `None` for any other.
    pub(super) fn special_call(&mut self, call: &sql::FunctionCall) -> Bind<Option<Bound>> {
        let bound = match &*call.name.name.text {
            "coalesce" => {
                let (values, ty) = self.common_arguments(call, "COALESCE")?;
                Expr::new(ExprKind::Coalesce(values), ty)
            }
            "greatest" => self.extreme(call, true, "GREATEST")?,
            "least" => self.extreme(call, false, "LEAST")?,
            "nullif" => self.nullif(call)?,
            "current_setting" => self.current_setting(call)?,
            "make_interval" if has_names(call) => self.make_interval(call)?,
            _ => return Ok(None),
        };
        Ok(Some(Bound::typed(bound, call.span)))
    }

    fn common_arguments(&mut self, call: &sql::FunctionCall, word: &str) -> Bind<(Vec<Expr>, Type)> {
        let arguments = self.plain_arguments(call)?;
        if arguments.is_empty() {
            return Err(self.error("wrong-arguments", call.span, format!("{word} needs an argument")));
        }
        self.cast_common(arguments, word)
    }

    fn extreme(&mut self, call: &sql::FunctionCall, greatest: bool, word: &str) -> Bind<Expr> {
        let (values, ty) = self.common_arguments(call, word)?;
        if !ty.is_comparable() {
            let message = format!("could not identify a comparison function for type {ty}");
            return Err(self.error("wrong-type", call.span, message));
        }
        Ok(Expr::new(ExprKind::Extreme(greatest, values), ty))
    }

    /// `NULLIF(a, b)`: NULL when the two are equal, else the first.
    fn nullif(&mut self, call: &sql::FunctionCall) -> Bind<Expr> {
        let operands = self.plain_arguments(call)?;
        if operands.len() != 2 {
            return Err(self.error("wrong-arguments", call.span, "NULLIF takes two arguments"));
        }
        // The first is bound twice, so that subqueries in it keep numbers of their own.
        let value = self.plain_arguments(call)?.swap_remove(0);
        let equals = sql::Operator { text: "=".to_owned(), span: call.span };
        let condition = self.operate(&equals, operands, call.span)?.expr;
        let value = match &condition.kind {
            // A literal takes the type it was compared as.
            ExprKind::Compare(_, left, _) if value.unknown => {
                let ty = left.ty.clone();
                self.cast_to(value, &ty)?
            }
            _ => value.expr,
        };
        let ty = value.ty.clone();
        let result = Expr::literal(Value::Null, ty.clone());
        Ok(Expr::new(ExprKind::Case(vec![When { condition, result }], Some(Box::new(value))), ty))
    }

    fn current_setting(&mut self, call: &sql::FunctionCall) -> Bind<Expr> {
        let sql::CallArguments::List { arguments, .. } = &call.arguments else {
            return Err(self.error("wrong-arguments", call.span, "current_setting needs a setting's name"));
        };
        let name = match arguments.as_slice() {
            [name] | [name, _] => &name.value,
            _ => {
                return Err(self.error(
                    "wrong-arguments",
                    call.span,
                    "current_setting takes a name and missing_ok",
                ));
            }
        };
        let sql::ExprKind::Literal(sql::Literal::String(setting)) = &name.kind else {
            return Err(self.unsupported(name.span, "a computed setting name is", "write it as a literal"));
        };
        if let Some(missing_ok) = arguments.get(1) {
            self.condition(&missing_ok.value, "current_setting")?;
        }
        if !setting.starts_with("request.") && !matches!(&**setting, "role" | "timezone" | "TimeZone") {
            let message = format!("unrecognized configuration parameter \"{setting}\"");
            let help = "there are request.jwt.claims, request.method, request.path, request.headers, role and timezone";
            return Err(self.fail(Diagnostic::error("unknown-setting", name.span, message).with_help(help)));
        }
        Ok(Expr::new(session(SessionValue::Setting(setting.clone())), Type::Text))
    }

    /// `make_interval(days => 7)`
    fn make_interval(&mut self, call: &sql::FunctionCall) -> Bind<Expr> {
        const NAMES: [&str; 7] = ["years", "months", "weeks", "days", "hours", "mins", "secs"];
        let sql::CallArguments::List { arguments, .. } = &call.arguments else {
            return Ok(Expr::truth(true));
        };
        let mut values: Vec<Option<Bound>> = vec![None; NAMES.len()];
        for (at, argument) in arguments.iter().enumerate() {
            let position = match &argument.name {
                None => Some(at),
                Some(name) => NAMES.iter().position(|own| *own == name.text),
            };
            let Some(slot) = position.and_then(|position| values.get_mut(position)) else {
                let message = "make_interval has years, months, weeks, days, hours, mins and secs";
                return Err(self.error("wrong-arguments", argument.value.span, message));
            };
            *slot = Some(self.expr(&argument.value)?);
        }
        let zero = || Bound::typed(Expr::literal(Value::Int(0), Type::Int4), call.span);
        let values: Vec<Bound> = values.into_iter().map(|value| value.unwrap_or_else(zero)).collect();
        let types: Vec<_> = values.iter().map(Bound::ty).collect();
        let resolved = resolve::function("make_interval", &types);
        Ok(self.build(resolved, values, call.name.span, call.span)?.expr)
    }
}

fn has_names(call: &sql::FunctionCall) -> bool {
    match &call.arguments {
        sql::CallArguments::Star => false,
        sql::CallArguments::List { arguments, .. } => {
            arguments.iter().any(|argument| argument.name.is_some())
        }
    }
}
