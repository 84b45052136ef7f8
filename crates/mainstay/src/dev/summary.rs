//! What is told when the server is ready: where everything is, the keys, and a request to try.

use std::net::SocketAddr;

use crate::keys::Keys;
use crate::project::Project;
use crate::site::Site;

const BOLD: &str = "\u{1b}[1m";
const DIM: &str = "\u{1b}[2m";
const GREEN: &str = "\u{1b}[1;32m";
const PLAIN: &str = "\u{1b}[0m";

/// Prints it.
pub async fn print(project: &Project, site: &Site, keys: &Keys, address: SocketAddr) {
    let url = project.url(address);
    let rest = format!("{url}/rest/v1");
    let mut rows = vec![("API", rest.clone()), ("OpenAPI", format!("{rest}/"))];
    if project.public_folder().is_dir() {
        rows.push(("Front end", format!("{url}/")));
    }
    rows.push(("Database", project.settings.database.url.clone()));
    rows.push(("anon key", keys.anon_key.clone()));
    rows.push(("service_role key", keys.service_role_key.clone()));
    anstream::println!("\n  {GREEN}Mainstay{PLAIN} {BOLD}serves {}{PLAIN}\n", project.name());
    for (name, value) in rows {
        anstream::println!("  {DIM}{name:<17}{PLAIN}{value}");
    }
    anstream::println!("\n{}\n", example(&rest, site, keys).await);
}

/// A request that works when it is pasted.
async fn example(rest: &str, site: &Site, keys: &Keys) -> String {
    let request = |table: &str, key: &str| format!("  curl '{rest}/{table}?limit=3' -H 'apikey: {key}'");
    match site.readable_table().await {
        Some(table) => format!("  {DIM}Try it:{PLAIN}\n{}", request(&table, &keys.anon_key)),
        None => match site.first_table() {
            Some(table) => format!(
                "  {DIM}No table may be read without signing in: no policy allows it. With the key that may do all:{PLAIN}\n{}",
                request(&table, &keys.service_role_key)
            ),
            None => format!("  {DIM}There are no tables yet: write them into schema/*.sql{PLAIN}"),
        },
    }
}
