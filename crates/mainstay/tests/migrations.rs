//! Schemas that change over rows: what is refused, in which words, and what the rows are afterwards.

mod common;

use common::{Done, Project};

/// A project whose database has a schema and rows, and then another schema.
fn changed(old: &str, rows: &str, new: &str) -> Project {
    let project = Project::new(old);
    project.succeed(&["schema", "apply"]);
    project.write("seed.sql", rows);
    project.succeed(&["db", "seed"]);
    project.write("schema/tables.sql", new);
    project
}

fn refused(old: &str, rows: &str, new: &str) -> Done {
    let project = changed(old, rows, new);
    let done = project.run(&["schema", "apply"]);
    assert_ne!(done.code, 0, "{new}\n{}", done.stdout);
    // The old shape is as it was.
    project.write("schema/tables.sql", old);
    assert_eq!(project.succeed(&["schema", "diff"]), "nothing would change\n");
    done
}

/// A table with a row for each of these values.
fn of_type(ty: &str) -> String {
    format!("create table t (id int primary key, v {ty});")
}

#[test]
fn what_loses_values_needs_leave() {
    for (from, value, to) in [
        ("int", "300000", "boolean"),
        ("text", "'abc'", "char(2)"),
        ("text", "'1.25'", "numeric(10,1)"),
        ("text", "'2020-01-01 10:00'", "date"),
        ("int", "5", "int generated always as (id + 1) stored"),
    ] {
        let rows = format!("insert into t values (1, {value});");
        let done = refused(&of_type(from), &rows, &of_type(to));
        assert_eq!(done.code, 4, "{from} to {to}: {}", done.stderr);
        assert!(
            done.stderr.contains("this change would lose data") && done.stderr.contains("t.v"),
            "{}",
            done.stderr
        );
    }
}

#[test]
fn rows_that_do_not_fit_are_told_in_the_words_of_postgresql() {
    let rows = "insert into t values (1, 'abc'), (2, 'abc'), (3, null);";
    for (to, parts) in [
        (
            "text unique",
            ["could not create unique index \"t_v_key\"", "Key (v) of table \"t\" is duplicated."],
        ),
        ("text not null", ["column \"v\" of relation \"t\" contains null values", "23502"]),
        ("varchar(2)", ["value too long for type character varying(2)", "In column \"v\" of table \"t\"."]),
        (
            "int",
            ["invalid input syntax for type integer: \"abc\"", "In a row of table \"t\": column v changes"],
        ),
        (
            "text check (v > 'b')",
            ["check constraint \"t_v_check\" of relation \"t\" is violated by some row", "23514"],
        ),
    ] {
        let done = refused(&of_type("text"), rows, &of_type(to));
        for part in parts {
            assert!(done.stderr.contains(part), "{to}: {part} in\n{}", done.stderr);
        }
        for internal in ["mainstay.building", "mainstay_type", "SQLite"] {
            assert!(!done.stderr.contains(internal), "{}", done.stderr);
        }
    }
    let twice = "create table t (id int primary key, v text, unique nulls not distinct (v));";
    let done = refused(&of_type("text"), "insert into t values (1, null), (2, null);", twice);
    assert!(done.stderr.contains("could not create unique index \"t_v_key\""), "{}", done.stderr);
}

#[test]
fn a_table_that_views_refer_to_changes_its_shape() {
    let view = "create table b (id int primary key, a_id int references a);\ncreate view v as select id, a_id from b;";
    let wide = format!("create table a (id int primary key, extra text);\n{view}");
    let narrow = format!("create table a (id int primary key);\n{view}");
    let rows = "insert into a values (1, 'x'); insert into b values (1, 1);";
    let project = changed(&wide, rows, &narrow);
    project.succeed(&["schema", "apply", "--allow-data-loss"]);
    assert_eq!(project.succeed(&["schema", "diff"]), "nothing would change\n");
}

#[test]
fn a_schema_that_is_sound_can_be_applied() {
    for schema in [
        "create table _mainstay_schema (id int primary key);",
        "create table _mainstay_sequence (name text primary key);",
        "create table sqlite_stat1 (id int primary key);",
        "create table \"s.t\" (id int primary key); create schema s; create table s.t (id int primary key);",
        "create table t (id int primary key, rowid int, \"a.b\" text not null);",
    ] {
        let project = Project::new(schema);
        project.succeed(&["schema", "apply"]);
        assert_eq!(project.succeed(&["schema", "diff"]), "nothing would change\n", "{schema}");
    }
}

#[test]
fn another_name_is_a_way_to_keep_the_values() {
    let rows = "insert into t values (1, 'kept');";
    let renamed = "create table t (id int primary key, w text);";
    let done = refused(&of_type("text"), rows, renamed);
    assert!(done.code == 4 && done.stderr.contains("'@renamed-from old'"), "{}", done.stderr);
    let done = refused(&of_type("text"), rows, "create table t (id int primary key);");
    assert!(done.code == 4 && !done.stderr.contains("@renamed-from"), "{}", done.stderr);
    let noted = format!("{renamed} comment on column t.w is '@renamed-from v';");
    let project = changed(&of_type("text"), rows, &noted);
    project.succeed(&["schema", "apply"]);
    let key = project.succeed(&["keys", "--json"]);
    let key = key.split("\"service_role_key\":\"").nth(1).unwrap().split('"').next().unwrap();
    let server = project.start(&["serve"]);
    assert_eq!(server.get_as(key, "/rest/v1/t?select=w").1, r#"[{"w":"kept"}]"#);
}

#[test]
fn a_server_over_another_shape_is_not_ready() {
    let project = Project::new(&of_type("text"));
    project.succeed(&["schema", "apply"]);
    let server = project.start(&["serve"]);
    assert_eq!(server.get("/ready"), (200, r#"{"status":"ready"}"#.to_owned()));
    project.write("schema/tables.sql", &format!("-- as before\n{}", of_type("text")));
    project.succeed(&["schema", "apply"]);
    assert_eq!(server.get("/ready").0, 200);
    project.write("schema/tables.sql", &of_type("varchar(9)"));
    project.succeed(&["schema", "apply"]);
    assert_eq!(server.get("/ready"), (503, r#"{"status":"outdated"}"#.to_owned()));
    assert_eq!(server.get("/health").0, 200);
}
