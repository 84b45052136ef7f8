COPY public.t (a, b) FROM stdin;
1	it's; \\ \t\N
\N	'
\.

select 1;
COPY u FROM STDIN WITH (FORMAT text);
\.
;
create trigger x before insert on t;
CREATE TRIGGER;
create trigger;
create materialized view v as select 1;
CREATE MATERIALIZED VIEW;
create materialized;
create table t (a int) partition by range (a);
PARTITION after the columns of a table;
create table t (like u);
LIKE in a table;
create temp table t (a int);
