//! Random expressions and queries, written with every parenthesis, keep their tree when they are printed with only the
//! parentheses they need and read again.

mod common;

use common::shape;
use mainstay_sql::{print_expression, print_query, read_expression, read_query};

/// A small generator of numbers (xorshift), so that every run tests the same texts.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }

    fn pick<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }

    fn number(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.pick(&["a", "b", "c", "1", "2.5", "t.a", "$1", "coalesce(a, 1)"]).to_string();
        }
        let below = depth - 1;
        match self.below(9) {
            0..=3 => {
                let operator = self.pick(&["+", "-", "*", "/", "%", "^", "&", "|", "#", "<<", ">>"]);
                format!("(({}) {operator} ({}))", self.number(below), self.number(below))
            }
            4 => format!("(- ({}))", self.number(below)),
            5 => format!("(@ ({}))", self.number(below)),
            6 => format!(
                "(({})::{})",
                self.number(below),
                self.pick(&["int", "bigint", "numeric(10, 2)", "double precision"])
            ),
            7 => format!(
                "(CASE WHEN ({}) THEN ({}) ELSE ({}) END)",
                self.truth(below),
                self.number(below),
                self.number(below)
            ),
            _ => format!("length({})", self.text(below)),
        }
    }

    fn text(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.pick(&["s", "u", "'it''s'", "t.s", "NULL::text", "lower(s)"]).to_string();
        }
        let below = depth - 1;
        match self.below(6) {
            0..=2 => format!("(({}) || ({}))", self.text(below), self.text(below)),
            3 => format!("(({})::text)", self.number(below)),
            4 => format!("(({}) COLLATE \"C\")", self.text(below)),
            _ => format!("(({}) -> ({}))", self.text(below), self.text(below)),
        }
    }

    fn truth(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.pick(&["p", "q", "true", "(a < b)", "(s = u)"]).to_string();
        }
        let below = depth - 1;
        let not = self.pick(&["", "NOT "]);
        match self.below(14) {
            0 => format!("(({}) AND ({}))", self.truth(below), self.truth(below)),
            1 => format!("(({}) OR ({}))", self.truth(below), self.truth(below)),
            2 => format!("(({}) AND ({}) AND ({}))", self.truth(below), self.truth(below), self.truth(below)),
            3 => format!("(NOT ({}))", self.truth(below)),
            4 => format!("(({}) IS {not}NULL)", self.number(below)),
            5 => format!("(({}) IS {not}{})", self.truth(below), self.pick(&["TRUE", "FALSE", "UNKNOWN"])),
            6 => format!("(({}) IS {not}DISTINCT FROM ({}))", self.number(below), self.number(below)),
            7 => format!(
                "(({}) {not}BETWEEN ({}) AND ({}))",
                self.number(below),
                self.number(below),
                self.number(below)
            ),
            8 => format!(
                "(({}) {not}IN (({}), ({})))",
                self.number(below),
                self.number(below),
                self.number(below)
            ),
            9 => format!(
                "(({}) {not}{} ({}))",
                self.text(below),
                self.pick(&["LIKE", "ILIKE"]),
                self.text(below)
            ),
            10 => format!(
                "(({}) = ANY (ARRAY[({}), ({})]))",
                self.number(below),
                self.number(below),
                self.number(below)
            ),
            11 => format!(
                "(({}) {} ({}))",
                self.text(below),
                self.pick(&["~", "!~*", "<", "="]),
                self.text(below)
            ),
            12 => format!("(EXISTS ({}))", self.query(below)),
            _ => {
                let operator = self.pick(&["=", "<>", "<", ">", "<=", ">="]);
                format!("(({}) {operator} ({}))", self.number(below), self.number(below))
            }
        }
    }

    fn query(&mut self, depth: usize) -> String {
        let below = depth.saturating_sub(1);
        let mut text = match self.below(if depth == 0 { 3 } else { 6 }) {
            0..=2 => format!("SELECT ({}) AS x, s FROM t WHERE ({})", self.number(below), self.truth(below)),
            3 => format!("WITH w AS ({}) SELECT * FROM w", self.query(below)),
            4 => format!(
                "SELECT x.a FROM t AS x {} JOIN ({}) AS y ON ({})",
                self.pick(&["INNER", "LEFT", "FULL"]),
                self.query(below),
                self.truth(below)
            ),
            _ => {
                let operator = self.pick(&["UNION", "UNION ALL", "INTERSECT", "EXCEPT"]);
                format!("({}) {operator} ({})", self.query(below), self.query(below))
            }
        };
        if self.below(3) == 0 {
            text.push_str(" ORDER BY 1 DESC NULLS LAST LIMIT 5");
        }
        text
    }
}

#[test]
fn expressions_keep_their_tree() {
    let mut random = Random(0x5eed);
    for round in 0..4000 {
        let text = if round % 2 == 0 { random.truth(round % 5) } else { random.number(round % 5) };
        let tree = read_expression(&text).unwrap_or_else(|it| panic!("{text}\n{it:?}"));
        let printed = print_expression(&tree);
        let again = read_expression(&printed).unwrap_or_else(|it| panic!("{text}\n{printed}\n{it:?}"));
        assert_eq!(shape(&again), shape(&tree), "{text}\n{printed}");
    }
}

#[test]
fn queries_keep_their_tree() {
    let mut random = Random(0xfeed);
    for round in 0..1000 {
        let text = random.query(round % 5);
        let tree = read_query(&text).unwrap_or_else(|it| panic!("{text}\n{it:?}"));
        let printed = print_query(&tree);
        let again = read_query(&printed).unwrap_or_else(|it| panic!("{text}\n{printed}\n{it:?}"));
        assert_eq!(shape(&again), shape(&tree), "{text}\n{printed}");
    }
}
