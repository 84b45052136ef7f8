create type mood as enum ('sad','ok','happy');
create table t (id int primary key, g text, n int, x numeric(10,2), f float8, d date, ts timestamptz, b boolean, m mood, tags text[], j jsonb, c char(4));
create table u (id int primary key, t_id int references t, v text, k bigint);
create table e (id int primary key, z int);
