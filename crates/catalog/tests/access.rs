//! Policies, grants and the mistakes in them.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{catalog, findings, show, table};
use mainstay_catalog::{Command, Policy, Table};
use mainstay_expr::Role;

const NOTES: &str = "
create table notes (id int primary key, owner uuid default auth.uid(), body text, shared boolean default false);
create table members (note_id int references notes, person uuid, primary key (note_id, person));
create function is_member(note int) returns boolean language sql stable security definer
  as $$ select exists (select 1 from members where note_id = note and person = auth.uid()) $$;
alter table notes enable row level security;
alter table members enable row level security;
create policy own_members on members using (person = auth.uid());
";

fn policy<'t>(table: &'t Table, name: &str) -> &'t Policy {
    table.policies.iter().find(|policy| policy.name == name).unwrap()
}

#[test]
fn policies_speak_of_the_row() {
    let catalog = catalog(&format!(
        "{NOTES}
         create policy own on notes using (owner = auth.uid()) with check (owner = auth.uid() and not shared);
         create policy \"shared ones\" on notes as restrictive for select to anon, authenticated
           using (shared or notes.owner is not null);
         create policy joined on notes for update to authenticated using (exists (select 1 from members where note_id = id));
         create policy seen on notes for select to public using (is_member(id));
         create policy write on notes for insert with check (auth.jwt() ->> 'role' = 'admin');"
    ));
    let notes = table(&catalog, "notes");
    let own = policy(notes, "own");
    assert!(own.permissive && own.command.is_none() && own.roles.is_empty());
    assert_eq!(own.using.as_ref().map(show).as_deref(), Some("(row.1 = Uid)"));
    assert_eq!(own.with_check.as_ref().map(show).as_deref(), Some("((row.1 = Uid) and not row.3)"));
    let shared = policy(notes, "shared ones");
    assert_eq!((shared.permissive, shared.command), (false, Some(Command::Select)));
    assert_eq!(shared.roles, [Role::new("anon"), Role::new("authenticated")]);
    // The definer's tables are marked with !: the policies of members do not apply to them.
    assert_eq!(
        policy(notes, "seen").using.as_ref().map(show).as_deref(),
        Some("exists (select 1 from table1 t1! where ((t1.0 = row.0) and (t1.1 = Uid)))")
    );
    assert_eq!(
        policy(notes, "joined").using.as_ref().map(show).as_deref(),
        Some("exists (select 1 from table1 t1 where (t1.0 = row.0))")
    );
    assert_eq!(
        policy(notes, "write").with_check.as_ref().map(show).as_deref(),
        Some("(JsonGetKeyText(Jwt, 'role') = 'admin')")
    );
}

#[test]
fn policies_that_lead_back_to_themselves_are_found() {
    let cases = [
        // A table whose policy reads the table itself.
        (
            "create policy p on notes for select using (exists (select 1 from notes n where n.id = notes.id));",
            Some("infinite recursion detected in policy for relation \"notes\""),
        ),
        // Two tables that read each other.
        (
            "create policy p on notes for select using (exists (select 1 from members where note_id = id));
             create policy q on members for select using (exists (select 1 from notes n where n.id = note_id));",
            Some("infinite recursion detected in policy for relation \"notes\""),
        ),
        // Through a view that reads with the asker's rights.
        (
            "create view mine with (security_invoker = true) as select * from notes;
             create policy p on notes for select using (exists (select 1 from mine));",
            Some("infinite recursion detected in policy for relation \"notes\""),
        ),
        // The owner's rights end the chain: views without security_invoker, SECURITY DEFINER functions.
        (
            "create view every as select * from notes;
             create policy p on notes for select using (exists (select 1 from every));
             create policy q on notes for update using (is_member(id));",
            None,
        ),
        // For roles that do not meet there is no chain.
        (
            "create policy p on notes for select to anon using (exists (select 1 from members where note_id = id));
             create policy q on members for select to authenticated using (exists (select 1 from notes where id = note_id));",
            None,
        ),
        // A write policy may read the table, when the table's own SELECT policies read none.
        (
            "create policy p on notes for insert with check ((select count(*) from notes) < 10);
             create policy q on notes for select using (owner = auth.uid());",
            None,
        ),
    ];
    for (sql, expected) in cases {
        let found = findings(&format!("{} {sql}", NOTES.replace('\n', " ")));
        let errors: Vec<&String> = found.iter().filter(|it| it.contains("error")).collect();
        match expected {
            None => assert!(errors.is_empty(), "{errors:?} in {sql}"),
            Some(message) => {
                assert_eq!(errors.len(), 1, "{errors:?} in {sql}");
                assert!(errors[0].contains(message), "{errors:?} in {sql}");
            }
        }
    }
}

#[test]
fn grants_narrow_to_commands_and_columns() {
    let sql = format!(
        "{NOTES} create policy p on notes using (true); create view v as select id from notes;
         create schema other; create table other.t (id int);
         grant select (id, body), insert on notes to anon;
         grant select on notes to authenticated;
         grant update (body) on notes to authenticated;
         revoke update (body) on notes from authenticated;
         revoke delete on members from public;
         grant all on v to anon; revoke insert, update, delete, truncate on v from anon;
         grant truncate on other.t to anon;
         revoke all on all tables in schema other from anon;
         create table later (id int);
         grant all on schema public to anon; grant usage on all sequences in schema public to anon;
         grant select on notes to postgres;
         revoke execute on function is_member(int) from public;
         grant execute on function is_member to authenticated;"
    );
    let catalog = catalog(&sql);
    let notes = table(&catalog, "notes");
    let (anon, authenticated, service) =
        (Role::new(Role::ANON), Role::new(Role::AUTHENTICATED), Role::new(Role::SERVICE));
    assert!(notes.grants.allows_column(&anon, Command::Select, 0));
    assert!(!notes.grants.allows_column(&anon, Command::Select, 1));
    assert!(notes.grants.allows(&anon, Command::Insert) && !notes.grants.allows(&anon, Command::Update));
    assert!(notes.grants.allows_column(&authenticated, Command::Select, 3));
    assert!(!notes.grants.allows(&authenticated, Command::Update));
    assert!(notes.grants.allows(&service, Command::Delete));
    let members = table(&catalog, "members");
    for role in [&anon, &authenticated] {
        assert!(
            members.grants.allows(role, Command::Update) && !members.grants.allows(role, Command::Delete)
        );
    }
    assert!(members.grants.allows(&service, Command::Delete));
    let view = table(&catalog, "v");
    assert!(view.grants.allows(&anon, Command::Select) && !view.grants.allows(&anon, Command::Insert));
    assert!(!catalog.find_table("other", "t").unwrap().grants.allows(&anon, Command::Select));
    assert!(table(&catalog, "later").grants.allows(&anon, Command::Select));
    let function = catalog.find_functions("public", "is_member").next().unwrap();
    let execute: Vec<&str> = function.execute.iter().flatten().map(String::as_str).collect();
    assert_eq!(execute, ["authenticated", "service_role"]);
}

#[test]
fn mistakes_in_policies_and_grants() {
    let cases: &[(&str, &[&str])] = &[
        (
            "create policy p on nots using (true);",
            &["1:20: error: relation \"nots\" does not exist | did you mean \"notes\"?"],
        ),
        (
            "create policy own on notes using (ownr = auth.uid());",
            &["1:35: error: column \"ownr\" does not exist | did you mean \"owner\"?"],
        ),
        (
            "create policy own on notes using (id);",
            &["1:35: error: argument of USING must be type boolean, not type integer"],
        ),
        (
            "create policy own on notes using (owner = 'me');",
            &["1:43: error: invalid input syntax for type uuid: \"me\""],
        ),
        (
            "create policy own on notes for insert using (true);",
            &[
                "1:46: error: only WITH CHECK expression allowed for INSERT | there is no row before an INSERT: write WITH CHECK (…)",
            ],
        ),
        (
            "create policy own on notes for select using (true) with check (true);",
            &[
                "1:64: error: WITH CHECK cannot be applied to SELECT or DELETE | these commands only have USING (…)",
            ],
        ),
        (
            "create policy own on notes to anonymous using (true);",
            &[
                "1:31: error: role \"anonymous\" does not exist | the roles are anon, authenticated, service_role and public",
            ],
        ),
        (
            "create policy own on notes to authentcated using (true);",
            &["1:31: error: role \"authentcated\" does not exist | did you mean \"authenticated\"?"],
        ),
        (
            "create policy own on notes using (auth.user() = owner);",
            &[
                "1:35: error: function auth.user() does not exist | there are auth.uid(), auth.role(), auth.email() and auth.jwt()",
            ],
        ),
        (
            "create policy own on notes using (new.owner = owner);",
            &[
                "1:35: error: missing FROM-clause entry for table \"new\" | the row has no such name here: name its columns directly",
            ],
        ),
        (
            "create policy own on notes using (count(*) > 1);",
            &["1:35: error: aggregate functions are not allowed in policy expressions"],
        ),
        (
            "create policy own on notes using (true); create policy own on notes using (true);",
            &["1:56: error: policy \"own\" for table \"notes\" already exists"],
        ),
        (
            "create policy own on notes;",
            &["1:15: warning: the policy \"own\" lets no row through | say which rows: USING (…)"],
        ),
        (
            "create table t (a int); create policy p on t using (true); create policy own on notes using (true);",
            &[
                "1:39: warning: row-level security is not enabled on \"t\": its policies do nothing | alter table t enable row level security;",
            ],
        ),
        (
            "",
            &["2:14: note: \"notes\" has row-level security and no policy: only service_role sees its rows"],
        ),
        (
            "create policy own on notes using (true); grant select on nots to anon;",
            &["1:58: error: relation \"nots\" does not exist | did you mean \"notes\"?"],
        ),
        (
            "create policy own on notes using (true); grant select (bdy) on notes to anon;",
            &["1:56: error: column \"bdy\" of relation \"notes\" does not exist | did you mean \"body\"?"],
        ),
        (
            "create policy own on notes using (true); grant select on notes to nobody;",
            &[
                "1:67: error: role \"nobody\" does not exist | the roles are anon, authenticated, service_role and public",
            ],
        ),
        (
            "create policy own on notes using (true); grant execute on notes to anon;",
            &["1:48: error: invalid privilege type EXECUTE for table"],
        ),
        (
            "create policy own on notes using (true); grant delete (id) on notes to anon;",
            &["1:56: error: invalid privilege type DELETE for column"],
        ),
        (
            "create policy own on notes using (true); grant execute on function nothing() to anon;",
            &["1:68: error: function \"nothing\" does not exist"],
        ),
        (
            "create policy own on notes using (true); grant execute on function is_member(text) to anon;",
            &["1:68: error: function \"is_member\" does not exist with these arguments"],
        ),
        (
            "create policy own on notes using (true); grant select on all tables in schema shp to anon;",
            &["1:79: error: schema \"shp\" does not exist"],
        ),
        (
            "create policy own on notes using (true); revoke select (id) on notes from anon;",
            &[
                "1:42: warning: this takes nothing away: anon may use the whole table | revoke the whole privilege first, then grant the columns that are left",
            ],
        ),
        (
            "alter table notes force row level security; create policy own on notes using (true);",
            &[
                "1:13: error: FORCE ROW LEVEL SECURITY is not supported | ENABLE is enough: policies apply to every role but service_role, and not inside views and functions with their owner's rights",
            ],
        ),
    ];
    let mut wrong = Vec::new();
    for (sql, expected) in cases {
        let found = findings(&format!("{sql}{NOTES}"));
        if found != *expected {
            wrong.push(format!("{sql}\n  expected {expected:?}\n  found    {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
