//! Encrypted connections to PostgreSQL.

use mainstay_testkit::database::instance::Instance;

use crate::Outcome;
use crate::certificates::{certify, only_these_lead_there, refused};
use crate::world::reach;

/// Who may come how. The password ties itself to the certificate (SCRAM with channel binding).
const WHO: &str = "local all all trust\n\
    hostssl all walled 127.0.0.1/32 scram-sha-256\n\
    hostssl all shown 127.0.0.1/32 cert\n";
const ROLES: &str = "CREATE ROLE walled LOGIN PASSWORD 'secret'; CREATE ROLE shown LOGIN;";

pub fn a_server_must_prove_who_it_is() -> Outcome {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let own = folder.path();
    certify(own, "authority", "the authority", None)?;
    certify(own, "stranger", "a stranger", None)?;
    certify(own, "server", "localhost", Some("authority"))?;
    certify(own, "shown", "shown", Some("authority"))?;
    let mut instance = Instance::create()?;
    for name in ["server.key", "server.pem", "authority.pem"] {
        let text = std::fs::read_to_string(own.join(name)).map_err(|error| error.to_string())?;
        instance.write(name, &text)?;
    }
    instance.write("pg_hba.conf", WHO)?;
    instance.start(&[
        "ssl=on",
        "ssl_cert_file=server.pem",
        "ssl_key_file=server.key",
        "ssl_ca_file=authority.pem",
    ])?;
    instance.query("postgres", ROLES)?;

    let (port, place) = (instance.port(), own.display());
    let walled =
        |host: &str, query: &str| reach(&format!("postgres://walled:secret@{host}:{port}/postgres?{query}"));
    let (authority, stranger) =
        (format!("sslrootcert={place}/authority.pem"), format!("sslrootcert={place}/stranger.pem"));
    let may = [
        ("localhost", format!("sslmode=verify-full&channel_binding=require&{authority}")),
        ("127.0.0.1", format!("sslmode=verify-ca&{authority}")),
        ("127.0.0.1", "sslmode=require".to_owned()),
        ("127.0.0.1", "sslmode=prefer".to_owned()),
        // here the server asks for it
        ("127.0.0.1", String::new()),
    ];
    let may_not = [
        ("127.0.0.1", format!("sslmode=verify-full&{authority}"), "not valid for name"),
        ("localhost", format!("sslmode=verify-full&{stranger}"), "certificate"),
        ("localhost", format!("sslmode=verify-ca&{stranger}"), "certificate"),
        ("localhost", format!("sslmode=require&{stranger}"), "certificate"),
        ("localhost", "sslmode=verify-full".to_owned(), "certificate"),
        ("localhost", "sslmode=disable".to_owned(), "pg_hba.conf"),
    ];
    only_these_lead_there(walled, &may, &may_not)?;
    let shown = |query: &str| {
        reach(&format!("postgres://shown@localhost:{port}/postgres?sslmode=verify-full&{authority}&{query}"))
    };
    shown(&format!("sslcert={place}/shown.pem&sslkey={place}/shown.key"))?;
    refused(shown(""), "certificate")
}

pub fn a_server_that_does_not_encrypt_is_refused() -> Outcome {
    let mut instance = Instance::create()?;
    instance.start(&[])?;
    let url = |query: &str| format!("{}/postgres?{query}", instance.url());
    for query in ["sslmode=require", "sslmode=verify-full"] {
        refused(reach(&url(query)), "TLS")?;
    }
    for query in ["", "sslmode=disable", "sslmode=allow", "sslmode=prefer"] {
        reach(&url(query)).map_err(|error| format!("{query}: {error}"))?;
    }
    Ok(())
}
