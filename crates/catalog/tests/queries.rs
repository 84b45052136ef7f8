//! Queries become typed selects: names resolved, casts inserted, views and functions inlined.
//!
//! Columns show by number: people are id 0, name 1, age 2, mood 3, tags 4, extra 5, born 6, seen 7, score 8, boss_id 9;
//! films id 0, title 1, director_id 2, year 3, rating 4; roles film_id 0, person_id 1, part 2.

mod common;

use common::query;

#[track_caller]
fn becomes(cases: &[(&str, &str)]) {
    for (sql, expected) in cases {
        assert_eq!(query(sql), *expected, "of {sql}");
    }
}

#[test]
fn names_and_operators() {
    becomes(&[
        (
            "select id, name from people where age > 18 and mood = 'happy'",
            "select t1.0, t1.1 from people t1 where ((t1.2 > 18) and (t1.3 = 'happy'::mood))",
        ),
        ("select * from films", "select t1.0, t1.1, t1.2, t1.3, t1.4 from films t1"),
        (
            "select f.*, p.name from people p join films f on f.director_id = p.id",
            "select t2.0, t2.1, t2.2, t2.3, t2.4, t1.1 from (people t1 join films t2 on (t2.2 = t1.0))",
        ),
        (
            "select id + 1, -id, id / 2.5, name || '!' as n, age::text as a from people",
            "select Add(t1.0, 1), Negate(t1.0), Divide(t1.0::numeric, '2.5'::numeric), Concat(t1.1, '!'), t1.2::text \
             from people t1",
        ),
        (
            "select -1, -2147483648, 3000000000, 1e2, .5",
            "select -1, '-2147483648'::bigint, '3000000000'::bigint, \
             '100'::numeric, '0.5'::numeric",
        ),
        (
            "select seen + interval '1 day', extract(year from born), born > '2000-01-01', seen > born from people",
            "select TimeAdd(t1.7, '1 day'::interval), Extract('year', t1.6), (t1.6 > '2000-01-01'::date), \
             (t1.7 > t1.6::timestamp with time zone) from people t1",
        ),
        (
            "select 'a', null, id::numeric(5,2), part::varchar(3) from roles, films",
            "select 'a', null, t2.0::numeric(5,2), t1.2::character varying(3) from roles t1, films t2",
        ),
        (
            "select tags[1], array[1, 2.5], array[]::text[], array(select id from films), extra -> 'a' ->> 'b', extra['a'] \
             from people",
            "select Subscript(t1.4, 1), array['1'::numeric, '2.5'::numeric], array[], array(select t2.0 from films t2), \
             JsonGetKeyText(JsonGetKey(t1.5, 'a'), 'b'), JsonGetKey(t1.5, 'a') from people t1",
        ),
        ("select 'happy'::mood, array['sad']::mood[]", "select 'happy'::mood, array['sad'::mood]"),
        ("select people.name, public.people.id from people", "select t1.1, t1.0 from people t1"),
    ]);
}

#[test]
fn conditions() {
    becomes(&[
        (
            "select id from people where age in (1, 2.5) or name not in ('a', 'b')",
            "select t1.0 from people t1 where ((t1.2::numeric in ('1'::numeric, '2.5'::numeric)) or not (t1.1 in ('a', 'b')))",
        ),
        (
            "select id from people where id in (select person_id from roles)",
            "select t1.0 from people t1 where ((t1.0) in (select t2.1 from roles t2))",
        ),
        (
            "select id from people where (id, age) in (select person_id, film_id from roles)",
            "select t1.0 from people t1 where ((t1.0, t1.2::bigint) in (select t2.1, t2.0 from roles t2))",
        ),
        (
            "select id from people where (id, age) in ((1, 2), (3, 4))",
            "select t1.0 from people t1 where (((t1.0 = 1) and (t1.2 = 2)) or ((t1.0 = 3) and (t1.2 = 4)))",
        ),
        (
            "select id from people where (id, age) = (1, 2) or (id, age) <= (1, 2)",
            "select t1.0 from people t1 where (((t1.0 = 1) and (t1.2 = 2)) or ((t1.0 < 1) or ((t1.0 = 1) and (t1.2 <= 2))))",
        ),
        (
            "select id from people where age between 1 and 5 and score not between symmetric 2 and 1",
            "select t1.0 from people t1 where (((t1.2 >= 1) and (t1.2 <= 5)) and \
             not (((t1.8 >= '2'::numeric) and (t1.8 <= '1'::numeric)) or ((t1.8 >= '1'::numeric) and (t1.8 <= '2'::numeric))))",
        ),
        (
            "select id from people where name like 'a%' or name not ilike '%b' escape '!' or name like 'x' escape ''",
            "select t1.0 from people t1 where ((t1.1 like 'a%') or not (t1.1 ilike '%b' escape !) or \
             (t1.1 like 'x' escape none))",
        ),
        (
            "select id from people where name like any (array['a%']) and id = any ('{1,2}') and id <> all (array[1,2])",
            "select t1.0 from people t1 where ((t1.1 like any(array['a%'])) and (t1.0 = any('{1,2}'::integer[])) and \
             (t1.0 <> all(array[1, 2])))",
        ),
        (
            "select id from people where name !~~ all (array['a%', 'b%']) and name ~ '^a' and name !~* 'b'",
            "select t1.0 from people t1 where (not (t1.1 like any(array['a%', 'b%'])) and (t1.1 ~ '^a') and not (t1.1 ~* 'b'))",
        ),
        (
            "select id from people where score > all (select rating from films) and id <> all (select film_id from roles)",
            "select t1.0 from people t1 where ((t1.8::double precision > all(array(select t2.4 from films t2)::double \
             precision[])) and not ((t1.0::bigint) in (select t3.0 from roles t3)))",
        ),
        (
            "select id from people where mood is distinct from 'sad' and (age > 3) is not true and (id, age) is not null",
            "select t1.0 from people t1 where ((t1.3 is distinct from 'sad'::mood) and not (t1.2 > 3) is true and \
             (not t1.0 is null and not t1.2 is null))",
        ),
        (
            "select case when age > 18 then 'adult' else 'child' end, case mood when 'sad' then 1 when 'ok' then 2.5 end \
             from people",
            "select case when (t1.2 > 18) then 'adult' else 'child' end, case when (t1.3 = 'sad'::mood) then '1'::numeric \
             when (t1.3 = 'ok'::mood) then '2.5'::numeric end from people t1",
        ),
        (
            "select coalesce(age, 0), nullif(name, ''), greatest(age, 1.5), least(id, 2) from people",
            "select coalesce(t1.2, 0), case when (t1.1 = '') then null else t1.1 end, greatest(t1.2::numeric, '1.5'::numeric), \
             least(t1.0, 2) from people t1",
        ),
    ]);
}

#[test]
fn grouping() {
    becomes(&[
        (
            "select count(*), sum(age), string_agg(name, ',' order by id desc), array_agg(distinct mood), \
             count(*) filter (where age > 3) from people",
            "select Count(), Sum(t1.2), StringAgg(t1.1, ',' order by t1.0 desc), ArrayAgg(distinct t1.3), \
             Count() filter ((t1.2 > 3)) from people t1 group by ()",
        ),
        (
            "select mood, count(*) as n from people group by mood having count(*) > 2 order by n desc, 1 nulls first",
            "select t1.3, Count() from people t1 group by (t1.3) having (Count() > '2'::bigint) \
             order by Count() desc, t1.3 nulls moved",
        ),
        // What depends on the primary key is grouped by too.
        (
            "select p.id, p.name, count(f.id) from people p left join films f on f.director_id = p.id group by p.id",
            "select t1.0, t1.1, Count(t2.0) from (people t1 left join films t2 on (t2.2 = t1.0)) group by (t1.0, t1.1)",
        ),
        (
            "select age / 10 as decade, count(*) from people group by decade order by age / 10 limit 5 offset 2",
            "select Divide(t1.2, 10), Count() from people t1 group by (Divide(t1.2, 10)) order by Divide(t1.2, 10) \
             limit '5'::bigint offset '2'::bigint",
        ),
        (
            "select distinct mood from people order by mood",
            "select distinct t1.3 from people t1 order by t1.3",
        ),
        (
            "select distinct on (mood) mood, name from people order by mood, age desc nulls last",
            "select distinct on (t1.3) t1.3, t1.1 from people t1 order by t1.3, t1.2 desc nulls moved",
        ),
    ]);
}

#[test]
fn set_operations_and_values() {
    becomes(&[
        (
            "select id, name as n from people union select id, title from films order by n limit 3",
            "select t1.0::bigint, t1.1 from people t1 union select t2.0, t2.1 from films t2 order by t1.1 limit '3'::bigint",
        ),
        (
            "select 1 as a union all select 2.5 union all select null",
            "select '1'::numeric union all select '2.5'::numeric union all select null::numeric",
        ),
        (
            "select id from people except select person_id from roles intersect select 3",
            "select t1.0 from people t1 except select t3.0 from (select t2.1 from roles t2 intersect select 3) t3",
        ),
        (
            "(select id from people order by id limit 1) union all select 2",
            "select t2.0 from (select t1.0 from people t1 order by t1.0 limit '1'::bigint) t2 union all select 2",
        ),
        // A term of ORDER BY is known by the item it equals: items that are equal are told apart by a derived table.
        (
            "select id, id as other from people union select 1, 2 order by other",
            "select t2.0, t2.1 from (select t1.0, t1.0 from people t1 union select 1, 2) t2 order by t2.1",
        ),
        // Casts go around what speaks of the items.
        (
            "select distinct id from people union all select 2.5",
            "select t2.0::numeric from (select distinct t1.0 from people t1) t2 union all select '2.5'::numeric",
        ),
        (
            "select n from (values (1, 'a'), (2, null)) as v (n, t)",
            "select t2.0 from (values (1, 'a'), (2, null)) t2",
        ),
        (
            "values (1), (2.5) order by 1",
            "select t1.0 from (values ('1'::numeric), ('2.5'::numeric)) t1 order by t1.0",
        ),
        (
            "select 'sad' union all select mood from people",
            "select 'sad'::mood union all select t1.3 from people t1",
        ),
    ]);
}

#[test]
fn sources() {
    becomes(&[
        (
            "with grown as (select id, name from people where age > 18), names (who) as (select name from grown) \
             select who, (select count(*) from grown) from names",
            "select t6.0, (select Count() from (select t7.0, t7.1 from people t7 where (t7.2 > 18)) t8 group by ()) \
             from (select t4.1 from (select t5.0, t5.1 from people t5 where (t5.2 > 18)) t4) t6",
        ),
        (
            "select p.name, x.n from people p, lateral (select count(*) as n from films f where f.director_id = p.id) x",
            "select t1.1, t3.0 from people t1, lateral (select Count() from films t2 where (t2.2 = t1.0) group by ()) t3",
        ),
        (
            "select t.tag, n from people, unnest(tags) as t (tag), generate_series(1, id) as n",
            "select t2.0, t3.0 from people t1, unnest(t1.4) t2, series(1, t1.0, 1) t3",
        ),
        // A set in the select list is one more source.
        (
            "select id, unnest(tags) from people where id in (select generate_series(1, 3))",
            "select t1.0, t3.0 from people t1, unnest(t1.4) t3 where ((t1.0) in (select t2.0 from series(1, 3, 1) t2))",
        ),
        // The side that needs no cast stands for both.
        (
            "select id, a.name, b.title from people a join films b using (id)",
            "select t2.0, t1.1, t2.1 from (people t1 join films t2 on (t1.0::bigint = t2.0))",
        ),
        (
            "select id from people a full join films b using (id)",
            "select coalesce(t1.0::bigint, t2.0) from (people t1 full join films t2 on (t1.0::bigint = t2.0))",
        ),
        (
            "select title from films f where exists (select 1 from roles where film_id = f.id and part = title)",
            "select t1.1 from films t1 where exists (select 1 from roles t2 where ((t2.0 = t1.0) and (t2.2::text = t1.1)))",
        ),
    ]);
}

#[test]
fn a_subquery_of_one_expression_is_that_expression() {
    becomes(&[
        (
            "select 1 from people where name = (select auth.email())",
            "select 1 from people t1 where (t1.1 = Email)",
        ),
        ("select (select count(*))", "select (select Count() group by ())"),
    ]);
}

#[test]
fn the_session() {
    becomes(&[(
        "select now(), current_date, auth.uid(), auth.jwt() ->> 'email', \
         current_setting('request.jwt.claims', true)::jsonb ->> 'sub', current_user, auth.role() = 'anon'",
        "select Now, Now::date, Uid, JsonGetKeyText(Jwt, 'email'), \
         JsonGetKeyText(Setting(\"request.jwt.claims\")::jsonb, 'sub'), CurrentUser, (Role = 'anon')",
    )]);
}
