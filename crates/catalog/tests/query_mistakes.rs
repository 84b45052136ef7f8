//! Queries that mean nothing: PostgreSQL's words, at the place where the mistake is (its column).

mod common;

use common::query_findings;

#[test]
fn mistakes_in_queries_have_their_place() {
    let cases: &[(&str, &[&str])] = &[
        ("select nam from people", &["8: column \"nam\" does not exist"]),
        ("select p.nam from people p", &["10: column p.nam does not exist"]),
        ("select q.name from people p", &["8: missing FROM-clause entry for table \"q\""]),
        ("select people.name from people p", &["8: missing FROM-clause entry for table \"people\""]),
        ("select id from people, films", &["8: column reference \"id\" is ambiguous"]),
        ("select * from peple", &["15: relation \"peple\" does not exist"]),
        ("select * from nowhere.people", &["15: schema \"nowhere\" does not exist"]),
        ("select *", &["8: SELECT * with no tables specified is not valid"]),
        ("select 1 from people, people", &["23: table name \"people\" specified more than once"]),
        // All mistakes of a query, not only the first.
        (
            "select nam, agee from people where titel = 1",
            &[
                "8: column \"nam\" does not exist",
                "13: column \"agee\" does not exist",
                "36: column \"titel\" does not exist",
            ],
        ),
        (
            "select id from people where age",
            &["29: argument of WHERE must be type boolean, not type integer"],
        ),
        (
            "select id from people where age and true",
            &["29: argument of AND must be type boolean, not type integer"],
        ),
        ("select age + true from people", &["12: operator does not exist: integer + boolean"]),
        ("select id from people where name = 1", &["34: operator does not exist: text = integer"]),
        ("select id from people where mood = 'glad'", &["36: invalid input value for enum mood: \"glad\""]),
        ("select id from people where id = 'x'", &["34: invalid input syntax for type integer: \"x\""]),
        ("select 5::uuid", &["8: cannot cast type integer to uuid"]),
        ("select lowr(name) from people", &["8: function lowr(text) does not exist"]),
        ("select lower(name, 2) from people", &["8: function lower(text, integer) does not exist"]),
        ("select age::intger from people", &["13: type \"intger\" does not exist"]),
        ("select case when true then 1 else 'x' end", &["35: invalid input syntax for type integer: \"x\""]),
        (
            "select case when true then 1 else true end",
            &["35: CASE types integer and boolean cannot be matched"],
        ),
        (
            "select coalesce(age, name) from people",
            &["22: COALESCE types integer and text cannot be matched"],
        ),
        ("select 1 union select true", &["23: UNION types integer and boolean cannot be matched"]),
        ("select 1 union select 1, 2", &["10: each UNION query must have the same number of columns"]),
        (
            "select name, count(*) from people",
            &[
                "8: column \"people.name\" must appear in the GROUP BY clause or be used in an aggregate function",
            ],
        ),
        (
            "select p.mood, p.name from people p group by mood",
            &["16: column \"p.name\" must appear in the GROUP BY clause or be used in an aggregate function"],
        ),
        (
            "select count(*), (select title from films where director_id = p.id) from people p",
            &["63: subquery uses ungrouped column \"p.id\" from outer query"],
        ),
        ("select id from people where count(*) > 1", &["29: aggregate functions are not allowed in WHERE"]),
        ("select sum(count(*)) from people", &["12: aggregate function calls cannot be nested"]),
        ("select mood from people group by 2", &["34: GROUP BY position 2 is not in select list"]),
        ("select mood from people order by 'x'", &["34: non-integer constant in ORDER BY"]),
        (
            "select distinct name from people order by age",
            &["43: for SELECT DISTINCT, ORDER BY expressions must appear in select list"],
        ),
        (
            "select distinct on (mood) name from people order by age",
            &["53: SELECT DISTINCT ON expressions must match initial ORDER BY expressions"],
        ),
        ("select id from people limit 'x'", &["29: invalid input syntax for type bigint: \"x\""]),
        (
            "select id from people limit true",
            &["29: argument of LIMIT must be type bigint, not type boolean"],
        ),
        ("select (select id, name from people)", &["9: subquery must return only one column"]),
        (
            "select id from people where id in (select id, id from films)",
            &["29: subquery has too many columns"],
        ),
        (
            "select id from people where (id, age) = (1, 2, 3)",
            &["29: unequal number of entries in row expressions"],
        ),
        (
            "select x.id from people p, (select p.id from films) x",
            &["36: missing FROM-clause entry for table \"p\""],
        ),
        (
            "select 1 from people a join films b using (nam)",
            &["44: column \"nam\" specified in USING clause does not exist in left table"],
        ),
        ("select array[1, 'a']", &["17: invalid input syntax for type integer: \"a\""]),
        ("select array[]", &["8: cannot determine type of empty array"]),
        (
            "select id from people where id = any (5)",
            &["39: op ANY/ALL (array) requires array on right side"],
        ),
        (
            "select lower(distinct name) from people",
            &["8: DISTINCT specified, but lower is not an aggregate function"],
        ),
        (
            "with a (x, y) as (select 1) select * from a",
            &["12: table \"a\" has 1 columns available but 2 columns specified"],
        ),
        (
            "with recursive a as (select 1 union select * from a) select * from a",
            &["51: recursive queries are not supported"],
        ),
        ("select nextval('s')", &["8: the function nextval is not supported"]),
        ("select name collate \"de_DE\" from people", &["21: the collation \"de_DE\" is not supported"]),
        ("select current_setting('work_mem')", &["24: unrecognized configuration parameter \"work_mem\""]),
        (
            "select people from people",
            &["8: \"people\" is a whole row here, and a row as a value is not supported"],
        ),
        (
            "select lower(unnest(tags)) from people",
            &["14: set-returning functions outside FROM are not supported"],
        ),
        ("values (1), (2, 3)", &["13: this row has 2 values, but the first has 1"]),
    ];
    let mut wrong = Vec::new();
    for (sql, expected) in cases {
        let found = query_findings(sql);
        if found != *expected {
            wrong.push(format!("{sql}\n  expected {expected:?}\n  found    {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
