//! Certificates that are made on the spot, and what a server is refused for that has the wrong one.

use std::path::Path;

use mainstay_testkit::database::instance::run;

use crate::Outcome;

/// Makes a key and a certificate for a name that an authority signs; one signs itself when there is none.
pub fn certify(folder: &Path, name: &str, common: &str, authority: Option<&str>) -> Outcome {
    let file = |extension: &str| format!("{}/{name}.{extension}", folder.display());
    let (key, request, certificate) = (file("key"), file("csr"), file("pem"));
    let subject = format!("/CN={common}");
    let openssl = |words: &[&str]| {
        let words: Vec<String> = ["openssl"].iter().chain(words).map(|word| (*word).to_owned()).collect();
        run(&words)
    };
    let new = ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", &key];
    let of = ["-subj", &subject];
    match authority {
        None => openssl(&[&new[..], &of, &["-x509", "-days", "2", "-out", &certificate]].concat()),
        Some(authority) => {
            openssl(&[&new[..], &of, &["-out", &request]].concat())?;
            let names = file("ext");
            std::fs::write(&names, format!("subjectAltName=DNS:{common}"))
                .map_err(|error| error.to_string())?;
            let (by, by_key) = (
                format!("{}/{authority}.pem", folder.display()),
                format!("{}/{authority}.key", folder.display()),
            );
            let sign = ["x509", "-req", "-in", &request, "-CA", &by, "-CAkey", &by_key, "-CAcreateserial"];
            openssl(&[&sign[..], &["-days", "2", "-extfile", &names, "-out", &certificate]].concat())
        }
    }
}

/// That a server was not reached, and why.
pub fn refused(outcome: Outcome, why: &str) -> Outcome {
    match outcome {
        Err(said) if said.contains(why) => Ok(()),
        Err(said) => Err(format!("it should speak of {why}: {said}")),
        Ok(()) => Err("it was reached".to_owned()),
    }
}

/// That a server is reached by these hosts and parameters of the URL, and not by those, for the reason beside them.
pub fn only_these_lead_there(
    reach: impl Fn(&str, &str) -> Outcome,
    may: &[(&str, String)],
    may_not: &[(&str, String, &str)],
) -> Outcome {
    let about = |host: &str, query: &str, outcome: Outcome| {
        outcome.map_err(|error| format!("{host} {query}: {error}"))
    };
    for (host, query) in may {
        about(host, query, reach(host, query))?;
    }
    for (host, query, why) in may_not {
        about(host, query, refused(reach(host, query), why))?;
    }
    Ok(())
}
