//! The `select` parameter.

use mainstay_base::{Problem, Result};
use mainstay_query::{AggregateName, Embed, EmbedJoin, Field, Level, SelectItem};

use super::cursor::Cursor;
use super::name::{json_path, name};

/// How many items a list has room for before it grows.
const ITEMS_USUAL: usize = 8;
/// Deepest nesting that the parser follows; the planner has its own, smaller bound.
const DEPTH_MAX: usize = 64;

/// Most items of a list with those of its embeds: more than a table has columns. Each is a value in every row of the answer.
const ITEMS_MAX: usize = 2_000;
/// Most embeds of a list with those inside. Each is a query of its own.
const EMBEDS_MAX: usize = 100;

/// Reads a select list. An empty one selects nothing.
pub(crate) fn select(text: &str) -> Result<Vec<SelectItem>> {
    let mut cursor = Cursor::new(text, "select parameter");
    let items = items(&mut cursor, 0)?;
    if !cursor.at_end() {
        return Err(cursor.unexpected("\",\" or end of input"));
    }
    let too_many =
        |what: String| Problem::new("PGRST100", "the select parameter asks for too much").with_details(what);
    match size(&items) {
        (items, _) if items > ITEMS_MAX => Err(too_many(format!("{items} items, of {ITEMS_MAX} at most"))),
        (_, embeds) if embeds > EMBEDS_MAX => {
            Err(too_many(format!("{embeds} embeds, of {EMBEDS_MAX} at most")))
        }
        _ => Ok(items),
    }
}

/// How many items and how many embeds there are at all levels.
fn size(list: &[SelectItem]) -> (usize, usize) {
    list.iter().fold((list.len(), 0), |(items, embeds), item| match item {
        SelectItem::Embed(embed) => {
            let (inner_items, inner_embeds) = size(&embed.level.select);
            (items + inner_items, embeds + 1 + inner_embeds)
        }
        _ => (items, embeds),
    })
}

fn items(cursor: &mut Cursor<'_>, depth: usize) -> Result<Vec<SelectItem>> {
    if depth > DEPTH_MAX {
        return Err(cursor.problem("embeds are nested too deeply"));
    }
    blanks(cursor);
    if cursor.at_end() || cursor.peek() == Some(')') {
        return Ok(Vec::new());
    }
    let mut items = Vec::with_capacity(ITEMS_USUAL);
    loop {
        blanks(cursor);
        items.push(item(cursor, depth)?);
        blanks(cursor);
        if !cursor.eat(",") {
            return Ok(items);
        }
    }
}

fn blanks(cursor: &mut Cursor<'_>) {
    cursor.take_while(|next| next == ' ');
}

fn item(cursor: &mut Cursor<'_>, depth: usize) -> Result<SelectItem> {
    if cursor.eat("*") {
        return Ok(SelectItem::All);
    }
    if cursor.eat("...") {
        let relation = name(cursor)?;
        return embed(cursor, relation, None, true, depth);
    }
    let (alias, column) = named(cursor)?;
    let Some(column) = column else {
        cursor.expect("count()")?;
        let cast = cast(cursor)?;
        return Ok(SelectItem::CountRows { alias, cast });
    };
    let field = Field { column, path: json_path(cursor)? };
    if field.path.is_empty() && (cursor.rest().starts_with('(') || is_hint(cursor)) {
        return embed(cursor, field.column, alias, false, depth);
    }
    let cast_before = cast(cursor)?;
    let aggregate = aggregate(cursor)?;
    let aggregate_cast = if aggregate.is_some() { cast(cursor)? } else { None };
    Ok(SelectItem::Field { alias, field, cast: cast_before, aggregate, aggregate_cast })
}

fn is_hint(cursor: &Cursor<'_>) -> bool {
    cursor.rest().starts_with('!')
}

/// `alias:name` or `name`; there is no name where `count()` comes next. The `::` of a cast ends a name too.
fn named(cursor: &mut Cursor<'_>) -> Result<(Option<String>, Option<String>)> {
    let column = |cursor: &mut Cursor<'_>| match cursor.rest().starts_with("count()") {
        true => Ok(None),
        false => name(cursor).map(Some),
    };
    let first = column(cursor)?;
    if first.is_none() || !cursor.rest().starts_with(':') || cursor.rest().starts_with("::") {
        return Ok((None, first));
    }
    cursor.expect(":")?;
    Ok((first, column(cursor)?))
}

/// `::type`
fn cast(cursor: &mut Cursor<'_>) -> Result<Option<String>> {
    if !cursor.eat("::") {
        return Ok(None);
    }
    let is_type = |next: char| next.is_alphanumeric() || matches!(next, '_' | '$' | ' ' | '[' | ']');
    let ty = cursor.take_while(is_type).trim();
    if ty.is_empty() { Err(cursor.unexpected("a type's name")) } else { Ok(Some(ty.to_owned())) }
}

/// `.sum()` and its kin
fn aggregate(cursor: &mut Cursor<'_>) -> Result<Option<AggregateName>> {
    if !cursor.eat(".") {
        return Ok(None);
    }
    let known = [
        ("sum()", AggregateName::Sum),
        ("avg()", AggregateName::Avg),
        ("count()", AggregateName::Count),
        ("max()", AggregateName::Max),
        ("min()", AggregateName::Min),
    ];
    match known.iter().find(|(text, _)| cursor.rest().starts_with(text)) {
        Some((text, aggregate)) => {
            cursor.expect(text)?;
            Ok(Some(*aggregate))
        }
        None => Err(cursor.unexpected("\"sum()\", \"avg()\", \"count()\", \"max()\" or \"min()\"")),
    }
}

/// `!hint!inner(items)` after the relation's name.
fn embed(
    cursor: &mut Cursor<'_>,
    relation: String,
    alias: Option<String>,
    spread: bool,
    depth: usize,
) -> Result<SelectItem> {
    let mut hint = None;
    let mut join = EmbedJoin::Left;
    while cursor.eat("!") {
        match name(cursor)?.as_str() {
            "inner" => join = EmbedJoin::Inner,
            "left" => join = EmbedJoin::Left,
            other if hint.is_none() => hint = Some(other.to_owned()),
            _ => return Err(cursor.unexpected("\"(\"")),
        }
    }
    cursor.expect("(")?;
    let select = items(cursor, depth + 1)?;
    cursor.expect(")")?;
    let level = Level { select, ..Level::default() };
    Ok(SelectItem::Embed(Embed { relation, alias, hint, join, spread, level }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn embeds(items: &[SelectItem]) -> Vec<&Embed> {
        items
            .iter()
            .filter_map(|item| match item {
                SelectItem::Embed(embed) => Some(embed),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn k12_a_list_asks_for_so_much() {
        let list = |item: &str, number: usize| vec![item; number].join(",");
        assert!(select(&list("id", ITEMS_MAX)).is_ok());
        assert!(select(&list("a(id)", EMBEDS_MAX)).is_ok());
        for text in [
            list("id", ITEMS_MAX + 1),
            format!("a({})", list("id", ITEMS_MAX)),
            list("a(id)", EMBEDS_MAX + 1),
            format!("a({})", list("b()", EMBEDS_MAX)),
        ] {
            assert_eq!(select(&text).unwrap_err().code(), "PGRST100");
        }
    }

    #[test]
    fn fields_have_aliases_paths_casts_and_aggregates() {
        let items = select("*,n:data->>a::int,total:amount::numeric.sum()::int,count(),c:count()").unwrap();
        assert_eq!(items.len(), 5);
        let SelectItem::Field { alias, field, cast, aggregate, aggregate_cast } = &items[2] else { panic!() };
        assert_eq!(alias.as_deref(), Some("total"));
        assert_eq!(field.column, "amount");
        assert_eq!(cast.as_deref(), Some("numeric"));
        assert_eq!(*aggregate, Some(AggregateName::Sum));
        assert_eq!(aggregate_cast.as_deref(), Some("int"));
        assert_eq!(items[4], SelectItem::CountRows { alias: Some("c".into()), cast: None });
    }

    #[test]
    fn embeds_nest_with_hints_joins_and_spreads() {
        let items = select("id,d:directors!fk!inner(name,...country(code),films()),roles!left(*)").unwrap();
        let embeds = embeds(&items);
        assert_eq!(embeds[0].name(), "d");
        assert_eq!(embeds[0].hint.as_deref(), Some("fk"));
        assert_eq!(embeds[0].join, EmbedJoin::Inner);
        assert_eq!(embeds[0].level.select.len(), 3);
        assert_eq!(embeds[1].hint, None);
    }

    #[test]
    fn an_empty_list_selects_nothing() {
        assert_eq!(select("").unwrap(), []);
    }

    #[test]
    fn mistakes_are_refused() {
        let deep = "a(".repeat(100);
        for text in ["a,", ",a", "a(", "a(b", "a)", "a.foo()", "a::", "...a", "a!x", &deep] {
            assert_eq!(select(text).unwrap_err().code(), "PGRST100", "{text}");
        }
    }
}
