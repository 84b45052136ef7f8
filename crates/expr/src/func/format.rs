//! `format` and quoting for SQL.

use std::iter::Peekable;
use std::str::Chars;

use mainstay_base::{Problem, Result};

use super::Call;
use crate::{Func, Value, output};

/// Words that are no identifiers without quotes.
const RESERVED: &[&str] = &[
    "all",
    "analyse",
    "analyze",
    "and",
    "any",
    "array",
    "as",
    "asc",
    "asymmetric",
    "authorization",
    "between",
    "bigint",
    "binary",
    "bit",
    "boolean",
    "both",
    "case",
    "cast",
    "char",
    "character",
    "check",
    "coalesce",
    "collate",
    "collation",
    "column",
    "concurrently",
    "constraint",
    "create",
    "cross",
    "current_catalog",
    "current_date",
    "current_role",
    "current_schema",
    "current_time",
    "current_timestamp",
    "current_user",
    "dec",
    "decimal",
    "default",
    "deferrable",
    "desc",
    "distinct",
    "do",
    "else",
    "end",
    "except",
    "exists",
    "extract",
    "false",
    "fetch",
    "float",
    "for",
    "foreign",
    "freeze",
    "from",
    "full",
    "grant",
    "greatest",
    "group",
    "grouping",
    "having",
    "ilike",
    "in",
    "initially",
    "inner",
    "inout",
    "int",
    "integer",
    "intersect",
    "interval",
    "into",
    "is",
    "isnull",
    "join",
    "lateral",
    "leading",
    "least",
    "left",
    "like",
    "limit",
    "localtime",
    "localtimestamp",
    "national",
    "natural",
    "nchar",
    "none",
    "normalize",
    "not",
    "notnull",
    "null",
    "nullif",
    "numeric",
    "offset",
    "on",
    "only",
    "or",
    "order",
    "out",
    "outer",
    "overlaps",
    "overlay",
    "placing",
    "position",
    "precision",
    "primary",
    "real",
    "references",
    "returning",
    "right",
    "row",
    "select",
    "session_user",
    "setof",
    "similar",
    "smallint",
    "some",
    "substring",
    "symmetric",
    "table",
    "tablesample",
    "then",
    "time",
    "timestamp",
    "to",
    "trailing",
    "treat",
    "trim",
    "true",
    "union",
    "unique",
    "user",
    "using",
    "values",
    "varchar",
    "variadic",
    "verbose",
    "when",
    "where",
    "window",
    "with",
    "xmlattributes",
    "xmlconcat",
    "xmlelement",
    "xmlexists",
    "xmlforest",
    "xmlnamespaces",
    "xmlparse",
    "xmlpi",
    "xmlroot",
    "xmlserialize",
    "xmltable",
];

pub(super) fn compute(call: &Call<'_>) -> Result<Value> {
    match (call.func, call.value(0)) {
        (_, Value::Null) => Ok(Value::Null),
        (Func::QuoteIdent, _) => Ok(Value::Text(quote_ident(call.text(0)?))),
        (Func::QuoteLiteral, _) => Ok(Value::Text(quote_literal(call.text(0)?))),
        _ => Ok(Value::Text(format(call, call.text(0)?)?)),
    }
}

fn quote_ident(name: &str) -> String {
    let plain = name.starts_with(|first: char| first.is_ascii_lowercase() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        && RESERVED.binary_search(&name).is_err();
    if plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

fn quote_literal(text: &str) -> String {
    let doubled = text.replace('\'', "''");
    if doubled.contains('\\') {
        format!("E'{}'", doubled.replace('\\', "\\\\"))
    } else {
        format!("'{doubled}'")
    }
}

/// One `%` of a format.
#[derive(Default)]
struct Directive {
    position: Option<usize>,
    left: bool,
    width: Option<Width>,
}

enum Width {
    Fixed(i64),
    /// `*`: from the next argument, or the n-th.
    Argument(Option<usize>),
}

fn format(call: &Call<'_>, pattern: &str) -> Result<String> {
    let mut out = String::new();
    let mut next = 1;
    let mut characters = pattern.chars().peekable();
    while let Some(character) = characters.next() {
        if character != '%' {
            out.push(character);
            continue;
        }
        if characters.next_if_eq(&'%').is_some() {
            out.push('%');
            continue;
        }
        let directive = read(&mut characters)?;
        let kind = characters.next().ok_or_else(unterminated)?;
        let (left, width) = padding(call, &directive, &mut next)?;
        let position = directive.position.unwrap_or(next);
        next = position + 1;
        if position >= call.values.len() {
            return Err(Problem::new("22023", "too few arguments for format()"));
        }
        let text = argument(call, kind, position)?;
        let missing = width.saturating_sub(text.chars().count());
        if !left {
            out.extend(std::iter::repeat_n(' ', missing));
        }
        out.push_str(&text);
        if left {
            out.extend(std::iter::repeat_n(' ', missing));
        }
    }
    Ok(out)
}

fn unterminated() -> Problem {
    Problem::new("22023", "unterminated format() type specifier").with_hint("For a single \"%\" use \"%%\".")
}

fn number(characters: &mut Peekable<Chars<'_>>) -> Option<i64> {
    let mut number = None;
    while let Some(digit) = characters.peek().and_then(|character| character.to_digit(10)) {
        characters.next();
        number = Some((number.unwrap_or(0i64) * 10 + i64::from(digit)).min(1_000_000));
    }
    number
}

fn read(characters: &mut Peekable<Chars<'_>>) -> Result<Directive> {
    let mut directive = Directive::default();
    let mut width = number(characters);
    if let Some(position) = width
        && characters.next_if_eq(&'$').is_some()
    {
        if position == 0 {
            let message = "format specifies argument 0, but arguments are numbered from 1";
            return Err(Problem::new("22023", message));
        }
        directive.position = Some(position as usize);
        width = None;
    }
    if width.is_none() {
        directive.left = characters.next_if_eq(&'-').is_some();
        if characters.next_if_eq(&'*').is_some() {
            let position = number(characters);
            if position.is_some() && characters.next_if_eq(&'$').is_none() {
                return Err(Problem::new("22023", "width argument position must be ended by \"$\""));
            }
            directive.width = Some(Width::Argument(position.map(|position| position as usize)));
            return Ok(directive);
        }
        width = number(characters);
    }
    directive.width = width.map(Width::Fixed);
    Ok(directive)
}

/// Whether to fill on the right, and to how many characters.
fn padding(call: &Call<'_>, directive: &Directive, next: &mut usize) -> Result<(bool, usize)> {
    let width = match &directive.width {
        None => 0,
        Some(Width::Fixed(width)) => *width,
        Some(Width::Argument(position)) => {
            let position = position.unwrap_or(*next);
            *next = position + 1;
            match call.values.get(position) {
                Some(Value::Int(width)) => (*width).clamp(-1_000_000, 1_000_000),
                Some(Value::Null) => 0,
                Some(_) => return Err(call.misfit(position)),
                None => return Err(Problem::new("22023", "too few arguments for format()")),
            }
        }
    };
    Ok((directive.left || width < 0, width.unsigned_abs() as usize))
}

fn argument(call: &Call<'_>, kind: char, position: usize) -> Result<String> {
    let value = call.value(position);
    let text = || output::to_field(call.ty(position), value, &call.env.time.zone);
    match kind {
        's' => Ok(text()),
        'I' if value.is_null() => {
            Err(Problem::new("22004", "null values cannot be formatted as an SQL identifier"))
        }
        'I' => Ok(quote_ident(&text())),
        'L' if value.is_null() => Ok("NULL".to_owned()),
        'L' => Ok(quote_literal(&text())),
        _ => Err(Problem::new("22023", format!("unrecognized format() type specifier \"{kind}\""))
            .with_hint("For a single \"%\" use \"%%\".")),
    }
}
