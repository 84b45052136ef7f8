alter sequence s owner to me;
ALTER SEQUENCE s OWNER TO me;;
alter function s.f(int) owner to me;
ALTER FUNCTION s.f(int) OWNER TO me;;
drop table if exists a, b cascade;
DROP TABLE IF EXISTS a, b CASCADE;;
drop policy if exists p on t;
DROP POLICY IF EXISTS p ON t;;
drop function f(int);
DROP FUNCTION f(int);;
\connect shop
\echo hello;
select 1;
\connect shop

\echo hello

SELECT 1;;
