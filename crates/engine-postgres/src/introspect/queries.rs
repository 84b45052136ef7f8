//! The questions put to the system catalogs, each of which is answered for the whole database at once. Every row is one JSON
//! document, in the form of `described`.

/// Schemas that are not the system's.
pub const SCHEMAS: &str = "
SELECT json_build_object('name', n.nspname, 'comment', obj_description(n.oid, 'pg_namespace'))::text
FROM pg_namespace n
WHERE n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
ORDER BY n.nspname";

/// Types.
pub const TYPES: &str = "
WITH readers AS (
    SELECT c.castsource, c.casttarget, json_build_array(n.nspname, p.proname) AS name
    FROM pg_cast c JOIN pg_proc p ON p.oid = c.castfunc JOIN pg_namespace n ON n.oid = p.pronamespace
        JOIN pg_type d ON d.oid IN (c.castsource, c.casttarget) AND d.typtype = 'd'
    WHERE c.castcontext = 'i'
)
SELECT json_build_object(
    'oid', t.oid::int8, 'schema', n.nspname, 'name', t.typname, 'kind', t.typtype,
    'element', CASE WHEN t.typcategory = 'A' THEN t.typelem::int8 ELSE 0 END,
    'base', t.typbasetype::int8, 'modifier', t.typtypmod, 'relation', t.typrelid::int8,
    'labels', coalesce((SELECT json_agg(e.enumlabel ORDER BY e.enumsortorder)
        FROM pg_enum e WHERE e.enumtypid = t.oid), '[]'),
    'attributes', coalesce((SELECT json_agg(json_build_object(
            'name', a.attname, 'ty', a.atttypid::int8) ORDER BY a.attnum)
        FROM pg_attribute a WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0
            AND NOT a.attisdropped AND n.nspname NOT IN ('pg_catalog', 'information_schema')), '[]'),
    'is_row', coalesce((SELECT r.relkind <> 'c' FROM pg_class r WHERE r.oid = t.typrelid), false),
    'has_json', EXISTS (SELECT FROM pg_cast c
        WHERE c.castsource = t.oid AND c.casttarget = 'json'::regtype AND c.castmethod = 'f'),
    'to_json', (SELECT r.name FROM readers r WHERE r.castsource = t.oid AND r.casttarget = 'json'::regtype),
    'from_json', (SELECT r.name FROM readers r WHERE r.castsource = 'json'::regtype AND r.casttarget = t.oid),
    'from_text', (SELECT r.name FROM readers r WHERE r.castsource = 'text'::regtype AND r.casttarget = t.oid)
)::text
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
ORDER BY n.nspname, t.typname";

/// Tables and what shows rows like one. Partitions are parts of their tables.
pub const RELATIONS: &str = "
WITH r AS (
    SELECT c.oid, n.nspname, c.relname, c.relkind, c.relrowsecurity
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
        AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
), columns AS (
    SELECT a.attrelid, json_agg(json_build_object(
        'number', a.attnum, 'name', a.attname, 'ty', a.atttypid::int8, 'modifier', a.atttypmod,
        'dimensions', a.attndims, 'not_null', a.attnotnull OR coalesce(t.typnotnull, false),
        'default', pg_get_expr(d.adbin, d.adrelid), 'is_identity', a.attidentity <> '',
        'comment', col_description(a.attrelid, a.attnum)
    ) ORDER BY a.attnum) AS list
    FROM r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    LEFT JOIN pg_type t ON t.oid = a.atttypid AND t.typtype = 'd'
    GROUP BY a.attrelid
), keys AS (
    SELECT k.conrelid, json_agg(json_build_object(
        'name', k.conname, 'is_primary', k.contype = 'p', 'columns', k.conkey) ORDER BY k.conname) AS list
    FROM r JOIN pg_constraint k ON k.conrelid = r.oid AND k.contype IN ('p', 'u') GROUP BY k.conrelid
), foreign_keys AS (
    SELECT k.conrelid, json_agg(json_build_object(
        'name', k.conname, 'columns', k.conkey, 'target', k.confrelid::int8, 'target_columns', k.confkey,
        'on_delete', k.confdeltype, 'on_update', k.confupdtype,
        'is_deferrable', k.condeferrable, 'is_deferred', k.condeferred) ORDER BY k.conname) AS list
    FROM r JOIN pg_constraint k ON k.conrelid = r.oid AND k.contype = 'f' AND k.conparentid = 0
    GROUP BY k.conrelid
)
SELECT json_build_object(
    'oid', r.oid::int8, 'schema', r.nspname, 'name', r.relname, 'kind', r.relkind,
    'comment', obj_description(r.oid, 'pg_class'), 'row_security', r.relrowsecurity,
    'writable', CASE r.relkind WHEN 'm' THEN 0 ELSE pg_relation_is_updatable(r.oid, true) END,
    'columns', coalesce(columns.list, '[]'), 'keys', coalesce(keys.list, '[]'),
    'foreign_keys', coalesce(foreign_keys.list, '[]'),
    'query', (SELECT w.ev_action::text FROM pg_rewrite w
        WHERE w.ev_class = r.oid AND w.ev_type = '1' AND r.relkind IN ('v', 'm'))
)::text
FROM r LEFT JOIN columns ON columns.attrelid = r.oid LEFT JOIN keys ON keys.conrelid = r.oid
    LEFT JOIN foreign_keys ON foreign_keys.conrelid = r.oid
ORDER BY r.nspname, r.relname";

/// Functions that a request can call: of the schemas `$1`, and not for triggers.
pub const FUNCTIONS: &str = "
SELECT json_build_object(
    'schema', n.nspname, 'name', p.proname, 'comment', obj_description(p.oid, 'pg_proc'),
    'volatility', p.provolatile, 'is_strict', p.proisstrict, 'is_definer', p.prosecdef,
    'is_set', p.proretset, 'rows', p.prorows, 'returns', p.prorettype::int8,
    'defaults', p.pronargdefaults, 'settings', coalesce(to_json(p.proconfig), '[]'),
    'arguments', coalesce((SELECT json_agg(json_build_object(
            'name', nullif(p.proargnames[a.place], ''), 'mode', coalesce(p.proargmodes[a.place], 'i'),
            'ty', a.ty::int8) ORDER BY a.place)
        FROM unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) WITH ORDINALITY AS a(ty, place)), '[]'),
    'callers', coalesce((SELECT json_agg(r.rolname) FROM pg_roles r
        WHERE r.rolname NOT LIKE 'pg\\_%' AND pg_has_role(r.oid, 'MEMBER')
            AND has_function_privilege(r.oid, p.oid, 'EXECUTE')), '[]')
)::text
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE p.prokind = 'f' AND n.nspname = ANY ($1::text[])
    AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype, 'internal'::regtype)
ORDER BY n.nspname, p.proname, p.oid";

/// What each role that requests may run as is allowed to do.
pub const PRIVILEGES: &str = "
WITH allowed AS (
    SELECT c.oid, r.oid AS role, r.rolname, v.verb, has_table_privilege(r.oid, c.oid, v.verb) AS is_whole,
        v.verb <> 'DELETE' AND has_any_column_privilege(
            r.oid, c.oid, CASE v.verb WHEN 'DELETE' THEN 'SELECT' ELSE v.verb END) AS is_part
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        CROSS JOIN pg_roles r CROSS JOIN (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE')) AS v(verb)
    WHERE n.nspname = ANY ($1::text[]) AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
        AND r.rolname NOT LIKE 'pg\\_%' AND pg_has_role(r.oid, 'MEMBER')
)
SELECT json_build_object('relation', oid::int8, 'role', rolname, 'verb', verb,
    'columns', CASE WHEN NOT is_whole THEN (
        SELECT json_agg(a.attnum) FROM pg_attribute a
        WHERE a.attrelid = oid AND a.attnum > 0 AND NOT a.attisdropped
            AND has_column_privilege(role, oid, a.attnum, verb)) END
)::text
FROM allowed WHERE is_whole OR is_part";

/// Roles that requests may run as.
pub const ROLES: &str = "
SELECT to_json(r.rolname)::text FROM pg_roles r
WHERE r.rolname NOT LIKE 'pg\\_%' AND pg_has_role(r.oid, 'MEMBER') ORDER BY r.rolname";

/// Functions of the schemas `$1` that make a document: their results are domains named like media types. PostGIS makes GeoJSON of
/// any rows.
pub const MEDIA_HANDLERS: &str = "
SELECT json_build_object('media_type', lower(d.typname), 'base', d.typbasetype::int8, 'schema', n.nspname,
    'name', p.proname, 'kind', p.prokind,
    'argument', CASE p.prokind WHEN 'a' THEN p.proargtypes[0]::int8 ELSE 0 END)::text
FROM pg_type d JOIN pg_proc p ON p.prorettype = d.oid JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE d.typtype = 'd' AND (d.typname ~ '^[A-Za-z0-9.-]+/[A-Za-z0-9.+-]+$' OR d.typname = '*/*')
    AND n.nspname = ANY ($1::text[])
    AND (p.prokind = 'f' AND NOT p.proretset OR p.prokind = 'a' AND p.pronargs = 1)
UNION ALL
SELECT json_build_object('media_type', 'application/geo+json', 'base', 'json'::regtype::oid::int8,
    'schema', n.nspname, 'name', p.proname, 'kind', 'g', 'argument', 0)::text
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE p.proname = 'st_asgeojson' AND p.proargtypes[0] = 'record'::regtype
ORDER BY 1";
