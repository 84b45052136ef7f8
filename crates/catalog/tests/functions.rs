//! Functions and views inlined where they are used.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{TABLES, catalog, findings, show, show_select, table, view};
use mainstay_catalog::{Catalog, Function, Returns, TableKind, Volatility};

fn with(sql: &str) -> Catalog {
    catalog(&format!("{TABLES} {sql}"))
}

fn function<'c>(catalog: &'c Catalog, name: &str) -> &'c Function {
    catalog.find_functions("public", name).next().unwrap()
}

fn body(catalog: &Catalog, name: &str) -> String {
    show_select(catalog, function(catalog, name).inlined().unwrap())
}

#[test]
fn signatures_and_bodies() {
    let catalog = with(
        "create function add(a int, b int default 1) returns bigint language sql immutable strict
           as 'select a + $2';
         create function grown(min_age int) returns setof people language sql stable
           as $$ select * from people where age >= min_age order by id $$;
         create function titles() returns table (title text, n int) language sql stable security definer
           as $$ select f.title, 1 from films f $$;
         create function first_name() returns text language sql stable as $$ select name from people order by id $$;
         create function nothing() returns void language sql as $$ select 1 from people $$;
         create function oldest() returns people language sql stable as $$ select * from people order by age desc limit 5 $$;
         create function words(variadic w text[]) returns setof text language sql immutable as $$ select unnest from unnest(w) $$;
         create function me() returns uuid language sql stable return auth.uid();",
    );
    let add = function(&catalog, "add");
    assert_eq!(body(&catalog, "add"), "select Add(arg0, arg1)::bigint");
    assert!(add.strict && add.volatility == Volatility::Immutable);
    assert_eq!(add.arguments[1].default.as_ref().map(show).as_deref(), Some("1"));
    assert_eq!(
        body(&catalog, "grown"),
        "select t1.0, t1.1, t1.2, t1.3, t1.4, t1.5, t1.6, t1.7, t1.8, t1.9 from people t1 where (t1.2 >= arg0) \
         order by t1.0"
    );
    assert_eq!(function(&catalog, "grown").returns, Returns::SetOfTable(table(&catalog, "people").id));
    assert_eq!(body(&catalog, "titles"), "select t1.1, 1 from films t1!");
    // Only the first row is what a function without SETOF returns.
    assert_eq!(body(&catalog, "first_name"), "select t1.1 from people t1 order by t1.0 limit '1'::bigint");
    assert_eq!(body(&catalog, "nothing"), "select  from (select 1 from people t1) t2");
    assert!(body(&catalog, "oldest").ends_with("order by t1.2 desc limit '5'::bigint) t2 limit '1'::bigint"));
    assert!(function(&catalog, "words").arguments[0].variadic);
    assert_eq!(body(&catalog, "me"), "select Uid");
}

#[test]
fn values_are_inlined() {
    let catalog = with(
        "create function add(a int, b int default 1) returns int language sql immutable as 'select a + b';
         create function careful(a int) returns int language sql immutable strict as 'select a * a';
         create function boss_of(p int) returns text language sql stable
           as $$ select b.name from people e join people b on b.id = e.boss_id where e.id = p $$;
         create function twice(x double precision) returns double precision language sql as 'select x + x';
         create function count_of(m mood) returns bigint language sql stable as 'select count(*) from people where mood = m';
         create view v as select add(id) as a, add(b => id, a => 2) as b, careful(age) as c, boss_of(id) as d,
           twice(random()) as e, count_of('sad') as f from people;",
    );
    assert_eq!(
        view(&catalog, "v"),
        "select Add(t1.0, 1), Add(2, t1.0), case when t1.2 is null then null::integer else Multiply(t1.2, t1.2) end, \
         (select t3.1 from (people t2 join people t3 on (t3.0 = t2.9)) where (t2.0 = t1.0) limit '1'::bigint), \
         (select t5.0 from (select Random()) t4, lateral (select Add(t4.0, t4.0)) t5), \
         (select Count() from people t6 where (t6.3 = 'sad'::mood) group by ()) from people t1!"
    );
}

#[test]
fn rows_are_inlined_in_from() {
    let catalog = with(
        "create function by_mood(m mood) returns setof people language sql stable
           as 'select * from people where mood = m';
         create function numbers(n int) returns setof int language sql immutable as 'select * from generate_series(1, n)';
         create function pairs() returns table (a int, b text) language sql immutable as $$ values (1, 'x'), (2, 'y') $$;
         create view v as select p.name, n, q.b from by_mood('ok') p, numbers(p.id) n, pairs() as q (c);",
    );
    assert_eq!(
        view(&catalog, "v"),
        "select t2.1, t4.0, t6.1 from \
         (select t1.0, t1.1, t1.2, t1.3, t1.4, t1.5, t1.6, t1.7, t1.8, t1.9 from people t1 where (t1.3 = 'ok'::mood)) t2, \
         lateral (select t3.0 from series(1, t2.0, 1) t3) t4, (values (1, 'x'), (2, 'y')) t6"
    );
}

#[test]
fn rights_follow_their_owner() {
    let catalog = with(
        "create view owned as select id from people;
         create view mine with (security_invoker = true) as select o.id, p.name from owned o join people p using (id);
         create function seeing() returns bigint language sql stable security definer
           as 'select count(*) from mine where current_user = name';
         create function asking() returns bigint language sql stable as 'select count(*) from mine';",
    );
    let mine = "select t1.0, t3.1 from ((select t2.0 from people t2!) t1 join people t3 on (t1.0 = t3.0))";
    assert_eq!(view(&catalog, "mine"), mine);
    assert_eq!(body(&catalog, "seeing").matches('!').count(), 2);
    assert!(body(&catalog, "seeing").contains("'postgres'"));
    assert_eq!(body(&catalog, "asking").matches('!').count(), 1);
}

#[test]
fn functions_of_a_row_are_fields() {
    let catalog = with(
        "create function label(people) returns text language sql stable as $$ select $1.name || $1.id::text $$;
         create function films(person people) returns setof films language sql stable
           as $$ select * from films where director_id = person.id $$;
         create function double_label(p people) returns text language sql stable as $$ select p.label || p.label $$;
         create view v with (security_invoker = true) as
           select label(p) as a, p.label as b, (select count(*) from films(p)) as n from people p;",
    );
    let label = function(&catalog, "label");
    assert_eq!(label.row, Some(table(&catalog, "people").id));
    assert!(label.arguments.is_empty());
    assert_eq!(body(&catalog, "label"), "select Concat(row.1, row.0::text)");
    assert_eq!(
        body(&catalog, "films"),
        "select t1.0, t1.1, t1.2, t1.3, t1.4 from films t1 where (t1.2 = row.0)"
    );
    assert_eq!(
        view(&catalog, "v"),
        "select Concat(t1.1, t1.0::text), Concat(t1.1, t1.0::text), (select Count() from \
         (select t2.0, t2.1, t2.2, t2.3, t2.4 from films t2 where (t2.2 = t1.0)) t3 group by ()) from people t1"
    );
}

#[test]
fn views_have_typed_columns_and_keys() {
    let catalog = with(
        "create view titles as select f.id, f.title as name, f.director_id, p.name as director, score + 1 as more, score
           from films f left join people p on p.id = f.director_id;
         create view short (a, b) as select id, part from titles join roles on film_id = id;
         create view plain as select name, id as key, name || '!' as loud from people where age > 3 order by id;
         create view narrower as select key as k, loud from plain where name <> 'x';
         create view grouped as select mood, count(*) as n from people group by mood;
         create view united as select id from people union select person_id from roles;",
    );
    let titles = table(&catalog, "titles");
    let columns: Vec<_> =
        titles.columns.iter().map(|column| format!("{} {}", column.name, column.ty)).collect();
    assert_eq!(
        columns,
        [
            "id bigint",
            "name text",
            "director_id integer",
            "director text",
            "more numeric",
            "score numeric(8,2)"
        ]
    );
    assert_eq!(titles.primary_key.as_ref().map(|key| key.columns.clone()), Some(vec![0]));
    assert_eq!(titles.foreign_keys.len(), 1);
    assert_eq!(titles.foreign_keys[0].columns, [2]);
    let updatable = |name: &str| match &table(&catalog, name).kind {
        TableKind::View(view) => view.updatable.clone(),
        TableKind::Base | TableKind::Native(_) => None,
    };
    let people = table(&catalog, "people").id;
    assert_eq!(updatable("plain"), Some((people, vec![Some(1), Some(0), None])));
    assert_eq!(updatable("narrower"), Some((people, vec![Some(0), None])));
    assert_eq!(updatable("grouped"), None);
    assert_eq!(updatable("united"), None);
    assert_eq!(updatable("titles"), None);
    assert_eq!(table(&catalog, "short").columns[1].ty.to_string(), "character varying(20)");
    assert_eq!(table(&catalog, "grouped").columns[1].ty.to_string(), "bigint");
}

#[test]
fn what_grows_by_naming_is_bounded() {
    let mut sql =
        String::from("create function f0(a int) returns int language sql immutable as 'select a * a';\n");
    for n in 1..40 {
        let before = n - 1;
        sql += &format!(
            "create function f{n}(a int) returns int language sql immutable as 'select f{before}(a) + f{before}(a + 1)';\n"
        );
    }
    let found = findings(&sql);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0]
            .contains("this is too large once the views, functions and queries it names are put in place")
    );
}

#[test]
fn mistakes_in_functions_and_views() {
    let cases: &[(&str, &[&str])] = &[
        (
            "create function f() returns trigger language plpgsql as $$ begin return 1; end $$;",
            &["1:46: error: functions in LANGUAGE plpgsql are not supported | \
               triggers are not supported: use a default, a CHECK or a policy"],
        ),
        (
            "create function f() returns int language sql as $$ select 1; select 2 $$;",
            &[
                "1:62: error: not supported in a function: several statements | write it as LANGUAGE sql with one SELECT",
            ],
        ),
        (
            "create function f() returns int language sql as $$ select 'a'::text $$;",
            &["1:59: error: return type mismatch in function declared to return integer: \
               column 1 is of type text instead of integer | cast it: (…)::integer"],
        ),
        (
            "create function f() returns int language sql as $$ select 1, 2 $$;",
            &["1:52: error: return type mismatch in function declared to return integer"],
        ),
        (
            "create function f() returns nothing language sql as $$ select 1 $$;",
            &["1:29: error: type \"nothing\" does not exist"],
        ),
        (
            "create function f(a int) returns int language sql as $$ select b $$;",
            &["1:64: error: column \"b\" does not exist"],
        ),
        (
            "create function f(a int) returns int language sql as $$ select f(a - 1) $$;",
            &["1:64: error: infinite recursion detected in the function \"f\": it refers to itself"],
        ),
        (
            "create function f() returns int language sql as 'select g()';
             create function g() returns int language sql as 'select f()';",
            &["2:70: error: infinite recursion detected in the function \"f\": it refers to itself"],
        ),
        (
            "create function f(a int) returns int language sql as 'select 1';
             create function f(b int) returns int language sql as 'select 2';",
            &["2:30: error: function \"f\" already exists with same argument types"],
        ),
        (
            "create function f(a int, a int) returns int language sql as 'select 1';",
            &["1:26: error: parameter name \"a\" used more than once"],
        ),
        (
            "create function f(a int default 1, b int) returns int language sql as 'select 1';",
            &["1:36: error: input parameters after one with a default value must also have defaults"],
        ),
        (
            "create function f(a int default 'x') returns int language sql as 'select 1';",
            &["1:33: error: invalid input syntax for type integer: \"x\""],
        ),
        (
            "create function f(out a int) returns int language sql as 'select 1';",
            &[
                "1:19: error: OUT arguments are not supported | write RETURNS TABLE (…), or RETURNS and a type",
            ],
        ),
        (
            "create function f(a int) returns int language sql as 'select a'; create view v as select f('x');",
            &["1:92: error: invalid input syntax for type integer: \"x\""],
        ),
        (
            "create function f(a int) returns int language sql as 'select a'; create view v as select f(1, 2);",
            &["1:90: error: function f(integer, integer) does not exist | there is f(a integer)"],
        ),
        (
            "create function fee(a int) returns int language sql as 'select a'; create view v as select fe(1);",
            &["1:92: error: function fe(integer) does not exist | did you mean \"fee\"?"],
        ),
        (
            "create function f(a int) returns int language sql as 'select $2';",
            &["1:62: error: there is no parameter $2"],
        ),
        (
            "create view v as select * from w; create view w as select * from v;",
            &["1:66: error: infinite recursion detected in the view \"v\": it refers to itself"],
        ),
        (
            "create view v as select 1 as a, 2 as a;",
            &[
                "1:33: error: column \"a\" specified more than once | give one of them another name: … AS other",
            ],
        ),
        (
            "create view v (a, b) as select 1;",
            &["1:19: error: table \"v\" has 1 columns available but 2 columns specified"],
        ),
        // What follows from a mistake is not reported too.
        (
            "create view v as select * from nothing; create view w as select a, b from v;",
            &["1:32: error: relation \"nothing\" does not exist"],
        ),
        (
            "create table t (a int); create function f(t, int) returns int language sql as 'select 1';",
            &["1:43: error: a row beside other arguments is not supported | \
               pass the row's key, or make the row the only argument"],
        ),
        (
            "create table t (a int); create function f(t) returns int language sql as 'select $1.b';",
            &["1:85: error: column \"b\" not found in data type t"],
        ),
        (
            "create function f() returns setof int language sql as 'select 1'; create view v as select f() + 1;",
            &["1:91: error: a function that returns rows as a value is not supported | \
               put it into FROM: (SELECT … FROM f(…))"],
        ),
    ];
    for (sql, expected) in cases {
        assert_eq!(findings(sql), *expected, "in {sql}");
    }
}
