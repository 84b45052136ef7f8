//! Functions.

use super::{Printer, quote_literal};
use crate::tree::{
    ArgumentMode, CreateFunction, FunctionArgument, FunctionBody, FunctionReturns, FunctionSignature,
    Volatility,
};

impl Printer {
    pub fn create_function(&mut self, function: &CreateFunction) {
        self.push(if function.or_replace { "CREATE OR REPLACE FUNCTION " } else { "CREATE FUNCTION " });
        self.qualified_function(&function.name);
        self.push("(");
        self.list(&function.arguments, Self::function_argument);
        self.push(")\n");
        self.function_returns(&function.returns);
        self.push("LANGUAGE ");
        self.name(&function.language);
        self.push(match function.volatility {
            Volatility::Immutable => " IMMUTABLE",
            Volatility::Stable => " STABLE",
            Volatility::Volatile => "",
        });
        self.push(if function.strict { " STRICT" } else { "" });
        self.push(if function.security_definer { " SECURITY DEFINER" } else { "" });
        for setting in &function.settings {
            self.push("\n");
            self.setting(&setting.name, &setting.values);
        }
        self.push("\nAS ");
        self.function_body(&function.body);
    }

    fn function_body(&mut self, body: &FunctionBody) {
        let text = match body {
            FunctionBody::Query(query) => {
                let mut inner = Printer::default();
                inner.query_on_lines(query);
                format!("\n{}\n", inner.text)
            }
            FunctionBody::Other { text, .. } | FunctionBody::Text { text, .. } => text.clone(),
        };
        let tag = dollar_tag(&text);
        self.push(&format!("{tag}{text}{tag}"));
    }

    fn function_argument(&mut self, argument: &FunctionArgument) {
        self.push(match argument.mode {
            ArgumentMode::In => "",
            ArgumentMode::Out => "OUT ",
            ArgumentMode::InOut => "INOUT ",
            ArgumentMode::Variadic => "VARIADIC ",
        });
        if let Some(name) = &argument.name {
            self.name(name);
            self.push(" ");
        }
        self.type_name(&argument.type_name);
        if let Some(default) = &argument.default {
            self.push(" DEFAULT ");
            self.expr(default);
        }
    }

    fn function_returns(&mut self, returns: &FunctionReturns) {
        match returns {
            FunctionReturns::Arguments => return,
            FunctionReturns::Void(_) => self.push("RETURNS void"),
            FunctionReturns::Type(type_name) => {
                self.push("RETURNS ");
                self.type_name(type_name);
            }
            FunctionReturns::SetOf(type_name) => {
                self.push("RETURNS SETOF ");
                self.type_name(type_name);
            }
            FunctionReturns::Table(columns) => {
                self.push("RETURNS TABLE (");
                self.list(columns, Self::column_spec);
                self.push(")");
            }
        }
        self.push("\n");
    }

    /// `SET name = values`
    pub fn setting(&mut self, name: &str, values: &[String]) {
        let parts: Vec<_> = name.split('.').map(super::quote_name).collect();
        self.push(&format!("SET {} ", parts.join(".")));
        if values.is_empty() {
            return self.push("TO DEFAULT");
        }
        self.push("= ");
        self.list(values, |printer, value| printer.push(&quote_literal(value)));
    }

    pub fn function_signature(&mut self, signature: &FunctionSignature) {
        self.qualified_function(&signature.name);
        if let Some(arguments) = &signature.arguments {
            self.push("(");
            self.list(arguments, Self::type_name);
            self.push(")");
        }
    }
}

/// A dollar quote that does not occur in the text, not even together with the dollar that may end it.
fn dollar_tag(text: &str) -> String {
    let plain = "$$".to_string();
    if !text.contains("$$") && !text.ends_with('$') {
        return plain;
    }
    let tags = (0..).map(|number| format!("$body{number}$"));
    tags.into_iter().find(|tag| !text.contains(tag.trim_end_matches('$'))).unwrap_or(plain)
}
