//! Which columns of tables a view shows unchanged, read out of the query that the server keeps for it.
//!
//! The server keeps queries as trees in a text form: nodes in braces, lists in parentheses, fields with a colon before their
//! names. Of the outermost query's target list every entry says the column it comes from (`resorigtbl`, `resorigcol`),
//! through subqueries and joins; an entry that is computed says none.

use super::described::Oid;

/// A column of a view that shows a column of another relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    /// The view's column, by its number.
    pub column: i16,
    /// The relation it comes from, a view perhaps.
    pub relation: Oid,
    /// Which of the query's sources that is, as far as that is said: a table may be there twice.
    pub source: u32,
    /// The number of the column there.
    pub original: i16,
}

/// What the view with this query shows.
pub fn shown(query: &str) -> Vec<Shown> {
    let mut found = Vec::new();
    let tokens: Vec<&str> = Tokens(query).collect();
    let Some(list) = target_list(&tokens) else { return found };
    for entry in entries(list) {
        let number = |name: &str| field(entry, name).and_then(|text| text.parse::<i64>().ok());
        let junk = field(entry, ":resjunk") == Some("true");
        let (Some(column), Some(relation), Some(original)) =
            (number(":resno"), number(":resorigtbl"), number(":resorigcol"))
        else {
            continue;
        };
        let (Ok(column), Ok(relation), Ok(original)) =
            (i16::try_from(column), Oid::try_from(relation), i16::try_from(original))
        else {
            continue;
        };
        if !junk && relation != 0 && original > 0 {
            found.push(Shown { column, relation, source: source_of(entry), original });
        }
    }
    found
}

/// The number of the source that a bare column names; 0 when it is said otherwise.
fn source_of(entry: &[&str]) -> u32 {
    match entry {
        [":expr", "{", "VAR", ":varno", number, ..] => number.parse().unwrap_or(0),
        _ => 0,
    }
}

/// The tokens inside of the first query's own target list.
fn target_list<'t, 'a>(tokens: &'t [&'a str]) -> Option<&'t [&'a str]> {
    let start = tokens.iter().position(|token| *token == "QUERY")?;
    let mut depth = 0;
    for (position, token) in tokens.iter().enumerate().skip(start) {
        match *token {
            "{" | "(" => depth += 1,
            "}" | ")" => depth -= 1,
            ":targetList" if depth == 0 => {
                let inside = tokens.get(position + 2..)?;
                return Some(&inside[..end(inside)]);
            }
            _ => {}
        }
    }
    None
}

/// The entries of a list of nodes, each without its braces and its name.
fn entries<'t, 'a>(list: &'t [&'a str]) -> Vec<&'t [&'a str]> {
    let mut found = Vec::new();
    let mut rest = list;
    while let [open, _, inside @ ..] = rest {
        if *open != "{" {
            break;
        }
        let end = end(inside);
        found.push(&inside[..end]);
        rest = inside.get(end + 1..).unwrap_or_default();
    }
    found
}

/// Where the node or list ends that these tokens are inside of.
fn end(tokens: &[&str]) -> usize {
    let mut depth = 0;
    for (position, token) in tokens.iter().enumerate() {
        match *token {
            "{" | "(" => depth += 1,
            "}" | ")" if depth == 0 => return position,
            "}" | ")" => depth -= 1,
            _ => {}
        }
    }
    tokens.len()
}

/// The value of a node's own field.
fn field<'a>(node: &[&'a str], name: &str) -> Option<&'a str> {
    let mut depth = 0;
    for (position, token) in node.iter().enumerate() {
        match *token {
            "{" | "(" => depth += 1,
            "}" | ")" => depth -= 1,
            token if depth == 0 && token == name => return node.get(position + 1).copied(),
            _ => {}
        }
    }
    None
}

/// Braces, parentheses and words. A backslash takes away the meaning of what follows it.
struct Tokens<'a>(&'a str);

impl<'a> Iterator for Tokens<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        self.0 = self.0.trim_start();
        let bytes = self.0.as_bytes();
        let length = match bytes.first()? {
            b'{' | b'}' | b'(' | b')' => 1,
            _ => {
                let mut at = 0;
                while at < bytes.len() {
                    match bytes[at] {
                        b'\\' => at += 2,
                        b'{' | b'}' | b'(' | b')' => break,
                        byte if byte.is_ascii_whitespace() => break,
                        _ => at += 1,
                    }
                }
                at.min(bytes.len())
            }
        };
        // What a backslash stands before may be of several bytes.
        let length = (length..=self.0.len()).find(|at| self.0.is_char_boundary(*at)).unwrap_or(self.0.len());
        let (token, rest) = self.0.split_at(length);
        self.0 = rest;
        Some(token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_the_outermost_list_are_found_with_their_sources() {
        let query = r"({QUERY :commandType 1 :cteList <> :rtable ({RTE :subquery {QUERY :targetList ({TARGETENTRY
            :expr {VAR :varno 9} :resno 7 :resname x :resorigtbl 5 :resorigcol 1 :resjunk false})}})
            :targetList ({TARGETENTRY :expr {VAR :varno 2 :varattno 1} :resno 1 :resname a\ \{b
            :ressortgroupref 0 :resorigtbl 16384 :resorigcol 3 :resjunk false} {TARGETENTRY :expr {CONST} :resno 2
            :resname b :resorigtbl 0 :resorigcol 0 :resjunk false} {TARGETENTRY :expr {VAR :varno 1} :resno 3
            :resname <> :resorigtbl 16384 :resorigcol 4 :resjunk true}) :groupClause <>})";
        assert_eq!(shown(query), [Shown { column: 1, relation: 16384, source: 2, original: 3 }]);
        assert_eq!(shown("nothing"), []);
    }
}
