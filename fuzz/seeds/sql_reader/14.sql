create function f(a int) returns int return a + 1;
CREATE FUNCTION f(a int)
RETURNS int
LANGUAGE sql
AS $$
SELECT a + 1
$$;;
create function f() returns int begin atomic select case when true then 1 end; end; select 2;
CREATE FUNCTION f()
RETURNS int
LANGUAGE sql
AS $$
SELECT CASE WHEN TRUE THEN 1 END
$$;

SELECT 2;;
create function f() returns int language sql as $$ insert into t values (1); select 1 $$;
CREATE FUNCTION f()
RETURNS int
LANGUAGE sql
AS $$ insert into t values (1); select 1 $$;;
create function f() returns text language sql as $x$ select lower(namme) $x$;
create function f() returns text language sql as 'select ''a'' || lower(namme)';
create function f() returns text language sql begin atomic select lower(namme); end;
text: "namme", quoted: false, span: @0:{at}..{};
create policy "own rows" on s.t as restrictive for update to authenticated, current_user using (auth.uid() = owner) with check (true);
CREATE POLICY "own rows" ON s.t AS RESTRICTIVE FOR UPDATE TO authenticated, current_user
  USING (auth.uid() = owner)
  WITH CHECK (TRUE);;
