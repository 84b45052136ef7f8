create index on t (((a -> 'b')));
CREATE INDEX ON t ((a -> 'b'));;
create or replace view v (a, b) with (security_invoker = on) as select 1, 2 from t where x;
CREATE OR REPLACE VIEW v (a, b) WITH (security_invoker = true) AS
SELECT 1, 2
FROM t
WHERE x;;
create view v with (security_invoker) as values (1);
CREATE VIEW v WITH (security_invoker = true) AS
VALUES (1);;
create or replace function s.f(a int, in b text default 'x', out c int, variadic d int[]) returns setof int language sql stable strict security definer set search_path = '', public parallel safe cost 10 as 'select ''x'', a';
CREATE OR REPLACE FUNCTION s.f(a int, b text DEFAULT 'x', OUT c int, VARIADIC d int[])
RETURNS SETOF int
LANGUAGE sql STABLE STRICT SECURITY DEFINER
SET search_path = '', 'public'
AS $$
SELECT 'x', a
$$;;
create function f(int, double precision, x character varying) returns table (a int, b text) language 'SQL' immutable as $body$ select 1, '$$' ; $body$;
CREATE FUNCTION f(int, double precision, x varchar)
RETURNS TABLE (a int, b text)
LANGUAGE sql IMMUTABLE
AS $body0$
SELECT 1, '$$'
$body0$;;
create function f() returns void language plpgsql as $$begin null; end$$;
CREATE FUNCTION f()
RETURNS void
LANGUAGE plpgsql
AS $$begin null; end$$;;
