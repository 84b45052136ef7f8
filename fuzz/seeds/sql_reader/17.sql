comment on constraint c on t is 'x';
COMMENT ON CONSTRAINT c ON t IS 'x';;
comment on policy "P" on t is 'x';
COMMENT ON POLICY "P" ON t IS 'x';;
COMMENT ON {kind} x IS 'y';;
insert into t values (1, 'a');
INSERT INTO t VALUES (1, 'a');;
insert into s.t (a, b) overriding system value values (1, default), (2, null) on conflict (a) do nothing;
INSERT INTO s.t (a, b) OVERRIDING SYSTEM VALUE VALUES
  (1, DEFAULT),
  (2, NULL) ON CONFLICT (a) DO NOTHING;;
insert into t (a) select a from u on conflict do nothing;
INSERT INTO t (a) SELECT a FROM u ON CONFLICT DO NOTHING;;
insert into t default values;
