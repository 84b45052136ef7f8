//! The programs that talk to MariaDB and to MySQL alike: they come with MariaDB.

use std::io::Write;
use std::process::{Command, Stdio};

use super::Server;

/// Makes a database and runs statements in it.
pub(super) fn create(server: &Server, name: &str, fill: Option<&str>) -> Result<(), String> {
    let create = format!("CREATE DATABASE {name} CHARACTER SET utf8mb4;");
    let fill = fill.map_or_else(String::new, |fill| format!("USE {name};\n{fill}"));
    feed(server, "", &format!("{create}\n{fill}")).map(drop)
}

/// Statements that make another database the same. Rows go from one to the other as they are: as text, numbers would be rounded.
pub(super) fn copied(server: &Server, name: &str) -> Result<String, String> {
    let mut command = Command::new("mariadb-dump");
    connect(&mut command, server);
    command.args(["--skip-comments", "--skip-add-drop-table", "--skip-add-locks", "--no-data", name]);
    let tables = told(command.output(), "mariadb-dump", name)?;
    let rows = format!(
        "SET SESSION group_concat_max_len = 1000000; \
         SELECT concat('INSERT INTO `', table_name, '` (', columns, ') SELECT ', columns, ' FROM `{name}`.`', \
         table_name, '`;') FROM (SELECT table_name, group_concat(concat('`', column_name, '`')) AS columns \
         FROM information_schema.columns WHERE table_schema = '{name}' AND coalesce(generation_expression, '') = '' \
         GROUP BY table_name) AS tables"
    );
    Ok(format!("SET SESSION foreign_key_checks = 0;\n{tables}\n{}", feed(server, "", &rows)?))
}

/// Runs statements in a database.
pub(super) fn query(server: &Server, database: &str, sql: &str) -> Result<String, String> {
    feed(server, database, sql).map(|said| said.trim_end().replace('\t', "|"))
}

fn feed(server: &Server, database: &str, sql: &str) -> Result<String, String> {
    let mut command = client(server, database);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let text = |error: std::io::Error| format!("mariadb: {error}");
    let mut client = command.spawn().map_err(text)?;
    let input = client.stdin.take();
    // The client reads everything before it answers at any length.
    let written = input.ok_or("no input").map(|mut input| input.write_all(sql.as_bytes()));
    let done = told(client.wait_with_output(), "mariadb", sql);
    match written? {
        Err(error) if done.is_ok() => Err(text(error)),
        _ => done,
    }
}

/// The program that runs statements in a database, or in none.
pub(super) fn client(server: &Server, database: &str) -> Command {
    let mut command = Command::new("mariadb");
    connect(&mut command, server);
    command.args(["--batch", "--skip-column-names", "--binary-mode", database]);
    command
}

fn told(done: std::io::Result<std::process::Output>, program: &str, about: &str) -> Result<String, String> {
    let done = done.map_err(|error| format!("{program}: {error}"))?;
    match done.status.success() {
        true => Ok(String::from_utf8_lossy(&done.stdout).into_owned()),
        false => Err(format!("{about}: {}", String::from_utf8_lossy(&done.stderr))),
    }
}

/// Names a server to one of its programs, which take no URL.
fn connect(command: &mut Command, server: &Server) {
    command.arg("--no-defaults").arg("--default-character-set=utf8mb4");
    let place = server.url.split_once("://").map_or("", |(_, place)| place);
    let (who, place) = place.rsplit_once('@').unwrap_or(("root", place));
    let (user, password) = who.split_once(':').unwrap_or((who, ""));
    let (host, port) = place.rsplit_once(':').unwrap_or((place, "3306"));
    command.env("MYSQL_PWD", decoded(password));
    command.args(["--protocol=tcp", "--host", host, "--port", port, "--user", &decoded(user)]);
}

/// A part of a URL without its percent signs.
fn decoded(part: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = part.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        let byte = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(|_| *first == b'%');
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::decoded;

    #[test]
    fn percent_signs_are_undone() {
        assert_eq!(decoded("it%20is%3A%25%"), "it is:%%");
    }
}
