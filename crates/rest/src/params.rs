//! The query string, sorted by what its parameters are for.

use std::borrow::Cow;

use mainstay_base::{Problem, Result};
use mainstay_query::{Condition, Embed, Level, RawValue, SelectItem, ValuesBuilder};

use crate::grammar;

/// The parameters of a request in the order they were sent.
#[derive(Debug, Default)]
pub(crate) struct Params<'t> {
    pub select: Option<Cow<'t, str>>,
    pub columns: Option<Cow<'t, str>>,
    pub on_conflict: Option<Cow<'t, str>>,
    order: Vec<(Cow<'t, str>, Cow<'t, str>)>,
    limit: Vec<(Cow<'t, str>, Cow<'t, str>)>,
    offset: Vec<(Cow<'t, str>, Cow<'t, str>)>,
    logic: Vec<(Cow<'t, str>, Cow<'t, str>)>,
    /// Everything else: filters, and arguments of functions.
    pub filters: Vec<(Cow<'t, str>, Cow<'t, str>)>,
}

/// What a parameter's key makes of it.
#[derive(PartialEq, Eq)]
enum Kind {
    Select,
    Columns,
    OnConflict,
    Order,
    Limit,
    Offset,
    Logic,
    Filter,
}

impl<'t> Params<'t> {
    /// Reads a query string. A parameter without a value is ignored.
    pub fn read(query: &'t str) -> Self {
        let mut params = Self::default();
        for pair in query.split('&') {
            if !pair.contains('=') {
                continue;
            }
            let Some((key, value)) = form_urlencoded::parse(pair.as_bytes()).next() else { continue };
            match kind(&key) {
                Kind::Select => params.select = Some(value),
                Kind::Columns => params.columns = Some(value),
                Kind::OnConflict => params.on_conflict = Some(value),
                Kind::Order => params.order.push((key, value)),
                Kind::Limit => params.limit.push((key, value)),
                Kind::Offset => params.offset.push((key, value)),
                Kind::Logic => params.logic.push((key, value)),
                Kind::Filter => params.filters.push((key, value)),
            }
        }
        params
    }

    /// The level that `select` describes; all columns when it is absent.
    pub fn level(&self) -> Result<Level> {
        let select = match &self.select {
            Some(text) => grammar::select(text)?,
            None => vec![SelectItem::All],
        };
        Ok(Level { select, ..Level::default() })
    }

    /// Puts filters, groups, orders and the bounds of embeds where they belong. The root's own bounds are left: they are combined
    /// with the `Range` header.
    pub fn place(&self, level: &mut Level, values: &mut ValuesBuilder) -> Result<()> {
        for (key, value) in &self.filters {
            place_filter(level, key, value, values)?;
        }
        for (key, value) in &self.logic {
            let (path, word) = split_last(key);
            let (path, negated) = match path.strip_suffix("not") {
                Some(rest) if rest.is_empty() || rest.ends_with('.') => (rest.trim_end_matches('.'), true),
                _ => (path, false),
            };
            let condition = grammar::logic_tree(word, negated, value, values)?;
            level_at_path(level, path)?.filter.push(condition);
        }
        for (key, value) in &self.order {
            level_at_path(level, split_last(key).0)?.order = grammar::order(value)?;
        }
        for (key, value) in self.limit.iter().filter(|(key, _)| key != "limit") {
            if let Some(limit) = bound(value, "limit")? {
                level_at_path(level, split_last(key).0)?.limit = Some(values.limit(limit));
            }
        }
        for (key, value) in self.offset.iter().filter(|(key, _)| key != "offset") {
            if let Some(offset) = bound(value, "offset")? {
                let slot = values.push(RawValue::Text(offset.to_string()));
                level_at_path(level, split_last(key).0)?.offset = Some(slot);
            }
        }
        Ok(())
    }

    /// The root's own `limit`; text that is no integer is ignored.
    ///
    /// # Errors
    /// `PGRST103` for a negative one.
    pub fn limit(&self) -> Result<Option<u64>> {
        root_bound(&self.limit, "limit")
    }

    /// The root's own `offset`; a negative one is none.
    pub fn offset(&self) -> Result<Option<u64>> {
        root_bound(&self.offset, "offset")
    }
}

/// A filter parameter in its place.
pub(crate) fn place_filter(
    level: &mut Level,
    key: &str,
    value: &str,
    values: &mut ValuesBuilder,
) -> Result<()> {
    let filter = grammar::filter_value(value)?;
    let path = grammar::tree_path(key)?;
    let level = level_at(level, &path.embeds)?;
    let condition: Condition = filter.on(path.field, values);
    level.filter.push(condition);
    Ok(())
}

/// Whether a parameter of that name is a filter of a table, or an argument of a function.
pub(crate) fn is_free(key: &str) -> bool {
    kind(key) == Kind::Filter
}

/// The name of the parameter that filters by a column.
pub(crate) fn filter_key(column: &str) -> Cow<'_, str> {
    grammar::written(column, |word| !is_free(word))
}

fn kind(key: &str) -> Kind {
    match key {
        "select" => Kind::Select,
        "columns" => Kind::Columns,
        "on_conflict" => Kind::OnConflict,
        _ => match split_last(key).1 {
            "order" => Kind::Order,
            "limit" => Kind::Limit,
            "offset" => Kind::Offset,
            "and" | "or" => Kind::Logic,
            _ => Kind::Filter,
        },
    }
}

/// The path before the last dot, and the word after it.
fn split_last(key: &str) -> (&str, &str) {
    key.rsplit_once('.').unwrap_or(("", key))
}

fn root_bound(bounds: &[(Cow<'_, str>, Cow<'_, str>)], name: &str) -> Result<Option<u64>> {
    match bounds.iter().find(|(key, _)| key == name) {
        Some((_, value)) => bound(value, name),
        None => Ok(None),
    }
}

fn bound(value: &str, name: &str) -> Result<Option<u64>> {
    match value.trim().parse::<i64>() {
        Err(_) => Ok(None),
        Ok(number) if number >= 0 => Ok(Some(number.unsigned_abs())),
        Ok(_) if name == "offset" => Ok(None),
        Ok(_) => Err(Problem::new("PGRST103", "Requested range not satisfiable")
            .with_details("Limit should be greater than or equal to zero.")),
    }
}

fn level_at_path<'l>(level: &'l mut Level, path: &str) -> Result<&'l mut Level> {
    if path.is_empty() {
        return Ok(level);
    }
    let path = grammar::tree_path(path)?;
    let mut embeds = path.embeds;
    embeds.push(path.field.column);
    level_at(level, &embeds)
}

/// The level of an embed, by the names that lead to it: aliases, or relations as long as that is clear.
fn level_at<'l>(level: &'l mut Level, names: &[String]) -> Result<&'l mut Level> {
    let mut level = level;
    for name in names {
        let position = position(&level.select, |embed| embed.name() == name)
            .or_else(|| position(&level.select, |embed| embed.relation == *name));
        level = match position.map(|position| &mut level.select[position]) {
            Some(SelectItem::Embed(embed)) => &mut embed.level,
            _ => {
                return Err(Problem::new(
                    "PGRST108",
                    format!("'{name}' is not an embedded resource in this request"),
                )
                .with_hint(format!("Verify that '{name}' is included in the 'select' query parameter.")));
            }
        };
    }
    Ok(level)
}

fn position(select: &[SelectItem], test: impl Fn(&Embed) -> bool) -> Option<usize> {
    select.iter().position(|item| matches!(item, SelectItem::Embed(embed) if test(embed)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(query: &str) -> Result<Level> {
        let params = Params::read(query);
        let mut level = params.level()?;
        params.place(&mut level, &mut ValuesBuilder::default())?;
        Ok(level)
    }

    #[test]
    fn parameters_find_their_level() {
        let level = level(
            "select=id,r:roles(name,actors(*))&id=gt.1&r.name=eq.x&r.actors.or=(a.eq.1,b.eq.2)&r.not.and=(a.eq.1)\
             &r.order=name.desc&r.limit=2&r.actors.offset=1&ignored",
        )
        .unwrap();
        assert_eq!(level.filter.len(), 1);
        let SelectItem::Embed(roles) = &level.select[1] else { panic!() };
        assert_eq!(roles.level.filter.len(), 2);
        assert!(matches!(roles.level.filter[1], Condition::Not(_)));
        assert!(roles.level.order[0].descending);
        assert!(roles.level.limit.is_some());
        let SelectItem::Embed(actors) = &roles.level.select[1] else { panic!() };
        assert!(actors.level.offset.is_some());
        assert!(matches!(actors.level.filter[0], Condition::Or(_)));
    }

    #[test]
    fn an_embed_that_was_not_asked_for_cannot_be_filtered() {
        let problem = level("select=id&roles.name=eq.x").unwrap_err();
        assert_eq!(problem.code(), "PGRST108");
        assert_eq!(problem.message(), "'roles' is not an embedded resource in this request");
    }

    #[test]
    fn bounds_that_are_no_integers_are_ignored() {
        assert_eq!(Params::read("limit=a").limit().unwrap(), None);
        assert_eq!(Params::read("limit=3").limit().unwrap(), Some(3));
        assert_eq!(Params::read("offset=-3").offset().unwrap(), None);
        assert_eq!(Params::read("limit=-3").limit().unwrap_err().code(), "PGRST103");
    }
}
