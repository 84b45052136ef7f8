//! What every database of ours holds beside the schema: the applied schema's text, the three roles, and the functions by which
//! policies ask who is there.

/// Creates what is missing of it, and leaves alone what is there. Roles belong to the whole cluster, so another may create them at
/// the same moment.
pub const HOUSEHOLD: &str = r#"
CREATE SCHEMA IF NOT EXISTS _mainstay;
CREATE TABLE IF NOT EXISTS _mainstay.schema (
    id integer PRIMARY KEY CHECK (id = 1), text text NOT NULL, applied_at timestamptz NOT NULL);
DO $do$
DECLARE wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['anon', 'authenticated', 'service_role'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN NOINHERIT', wanted);
                IF wanted = 'service_role' THEN ALTER ROLE service_role BYPASSRLS; END IF;
            EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
            END;
        END IF;
    END LOOP;
    CREATE SCHEMA IF NOT EXISTS auth;
    IF to_regprocedure('auth.jwt()') IS NULL THEN
        CREATE FUNCTION auth.jwt() RETURNS jsonb LANGUAGE sql STABLE AS
            $sql$ SELECT coalesce(nullif(current_setting('request.jwt.claims', true), ''), '{}')::jsonb $sql$;
    END IF;
    IF to_regprocedure('auth.uid()') IS NULL THEN
        CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE AS
            $sql$ SELECT nullif(auth.jwt() ->> 'sub', '')::uuid $sql$;
    END IF;
    IF to_regprocedure('auth.role()') IS NULL THEN
        CREATE FUNCTION auth.role() RETURNS text LANGUAGE sql STABLE AS
            $sql$ SELECT auth.jwt() ->> 'role' $sql$;
    END IF;
    IF to_regprocedure('auth.email()') IS NULL THEN
        CREATE FUNCTION auth.email() RETURNS text LANGUAGE sql STABLE AS
            $sql$ SELECT auth.jwt() ->> 'email' $sql$;
    END IF;
    GRANT USAGE ON SCHEMA auth TO anon, authenticated, service_role;
END $do$;
"#;

/// The schema text that was applied last.
pub const APPLIED: &str = "SELECT text FROM _mainstay.schema";

/// Stores the applied schema's text, `$1`.
pub const STORE: &str = "INSERT INTO _mainstay.schema (id, text, applied_at) VALUES (1, $1::text, now()) \
    ON CONFLICT (id) DO UPDATE SET text = excluded.text, applied_at = excluded.applied_at";
