//! Encrypted connections to MariaDB and MySQL.

use std::os::unix::fs::PermissionsExt;

use mainstay_engine::Engine;
use mainstay_engine_mysql::{MySql, Options};
use mainstay_testkit::outage::OwnServer;

use crate::Outcome;
use crate::certificates::{certify, only_these_lead_there};
use crate::world::{runtime, told};

/// Whether a database answers.
fn reach(url: &str) -> Outcome {
    let engine = MySql::open(Options::new(url)).map_err(told)?;
    runtime()?.block_on(async { engine.applied_schema().await.map(drop).map_err(told) })
}

pub fn a_server_must_prove_who_it_is() -> Outcome {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let own = folder.path();
    certify(own, "authority", "the authority", None)?;
    certify(own, "stranger", "a stranger", None)?;
    certify(own, "server", "localhost", Some("authority"))?;
    // The server runs as somebody else.
    for (name, mode) in [("", 0o755), ("server.key", 0o644)] {
        std::fs::set_permissions(own.join(name), std::fs::Permissions::from_mode(mode))
            .map_err(|error| error.to_string())?;
    }
    let place = own.display();
    let server = OwnServer::start_with(
        None,
        &[
            format!("--ssl-ca={place}/authority.pem"),
            format!("--ssl-cert={place}/server.pem"),
            format!("--ssl-key={place}/server.key"),
        ],
    )?;
    server.query(
        "CREATE USER walled@'%' IDENTIFIED BY 'secret' REQUIRE SSL; GRANT ALL ON own.* TO walled@'%'",
    )?;

    let walled = |host: &str, query: &str| {
        reach(&format!("mysql://walled:secret@{host}:{}/own?{query}", server.address().port()))
    };
    let authority = format!("sslrootcert={place}/authority.pem");
    let stranger = format!("ssl-ca={place}/stranger.pem");
    let may = [
        ("localhost", format!("sslmode=verify-full&{authority}")),
        ("127.0.0.1", format!("ssl-mode=VERIFY_IDENTITY&{authority}&sslhostname=localhost")),
        ("127.0.0.1", "sslmode=require".to_owned()),
    ];
    let may_not = [
        ("127.0.0.1", format!("sslmode=verify-full&{authority}"), "certificate"),
        ("localhost", format!("sslmode=verify-full&{stranger}"), "certificate"),
        ("localhost", format!("sslmode=verify-full&{authority}&sslhostname=elsewhere"), "certificate"),
        ("localhost", format!("sslmode=verify-ca&{authority}"), "sslhostname"),
        ("localhost", "sslmode=verify-full".to_owned(), "certificate"),
        ("localhost", "sslmode=disable".to_owned(), "denied"),
        // What stays on this machine is not encrypted unless it is asked for.
        ("localhost", String::new(), "denied"),
    ];
    only_these_lead_there(walled, &may, &may_not)
}
