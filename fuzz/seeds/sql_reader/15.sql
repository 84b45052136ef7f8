create policy p on t for all to public using (true);
CREATE POLICY p ON t TO public
  USING (TRUE);;
grant select on t to anon;
GRANT SELECT ON TABLE t TO anon;;
grant select (a, b), update (a) on table s.t, u to anon, authenticated with grant option;
GRANT SELECT (a, b), UPDATE (a) ON TABLE s.t, u TO anon, authenticated WITH GRANT OPTION;;
grant all privileges on all tables in schema public to me;
GRANT ALL ON ALL TABLES IN SCHEMA public TO me;;
grant usage on schema a, b to me;
GRANT USAGE ON SCHEMA a, b TO me;;
grant usage, select on sequence s to me;
GRANT USAGE, SELECT ON SEQUENCE s TO me;;
