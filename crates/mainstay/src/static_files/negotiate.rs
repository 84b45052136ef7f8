//! What the client would like: a coding for the transfer, a page or something else (RFC 9110, section 12.5).

use http::header::{ACCEPT, ACCEPT_ENCODING, HeaderMap, HeaderName, RANGE};
use http::request::Parts;

/// A coding of a response's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Coding {
    /// As the file is.
    Identity,
    /// gzip (RFC 1952)
    Gzip,
    /// Brotli (RFC 7932)
    Brotli,
}

impl Coding {
    /// Its name in `Content-Encoding`; `None` for the file as it is.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some("gzip"),
            Self::Brotli => Some("br"),
        }
    }
}

/// The coding to answer with. A part of a file is always a part of it as it is.
pub fn coding(parts: &Parts) -> Coding {
    if parts.headers.contains_key(RANGE) {
        return Coding::Identity;
    }
    let accepted = qualities(&parts.headers, ACCEPT_ENCODING);
    let quality = |name: &str| {
        let named = accepted.iter().find(|(coding, _)| coding == name);
        let any = || accepted.iter().find(|(coding, _)| coding == "*");
        named.or_else(any).map_or(0, |(_, quality)| *quality)
    };
    let (brotli, gzip) = (quality("br"), quality("gzip").max(quality("x-gzip")));
    // Not compressed at all is always taken, but preferred only by who says so.
    let identity =
        accepted.iter().find(|(coding, _)| coding == "identity").map_or(0, |(_, quality)| *quality);
    match brotli.max(gzip) {
        best if best == 0 || best < identity => Coding::Identity,
        best if best == brotli => Coding::Brotli,
        _ => Coding::Gzip,
    }
}

/// Whether the client asks for a page by name, as browsers do when someone goes to an address; `*/*` does not.
pub fn accepts_page(headers: &HeaderMap) -> bool {
    qualities(headers, ACCEPT).iter().any(|(media, quality)| media == "text/html" && *quality > 0)
}

/// The items of a header with their qualities in thousandths. An item whose quality cannot be read is not wanted.
fn qualities(headers: &HeaderMap, name: HeaderName) -> Vec<(String, u32)> {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).filter_map(item).collect()
}

fn item(text: &str) -> Option<(String, u32)> {
    let mut parts = text.split(';').map(str::trim);
    let name = parts.next().filter(|name| !name.is_empty())?.to_ascii_lowercase();
    let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    let quality = weight.map_or(Some(1.0), |weight| weight.parse::<f32>().ok()).unwrap_or(0.0);
    Some((name, (quality.clamp(0.0, 1.0) * 1000.0) as u32))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(headers: &[(&str, &str)]) -> Parts {
        let mut request = http::Request::builder();
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn the_best_coding_that_the_client_takes() {
        for (accepted, expected) in [
            ("gzip, deflate, br, zstd", Coding::Brotli),
            ("gzip, deflate", Coding::Gzip),
            ("x-gzip", Coding::Gzip),
            ("br;q=0.5, gzip;q=0.8", Coding::Gzip),
            ("br;q=0, gzip", Coding::Gzip),
            ("GZIP;Q=0.1", Coding::Gzip),
            ("*", Coding::Brotli),
            ("*;q=0", Coding::Identity),
            ("br;q=0, *", Coding::Gzip),
            ("identity", Coding::Identity),
            ("identity;q=1, br;q=0.5", Coding::Identity),
            ("identity, br", Coding::Brotli),
            ("br;q=nonsense", Coding::Identity),
            ("", Coding::Identity),
        ] {
            assert_eq!(coding(&parts(&[("accept-encoding", accepted)])), expected, "{accepted}");
        }
        assert_eq!(coding(&parts(&[])), Coding::Identity);
        assert_eq!(coding(&parts(&[("accept-encoding", "br"), ("range", "bytes=0-1")])), Coding::Identity);
    }

    #[test]
    fn only_who_names_pages_wants_one() {
        let wants = |accept: &str| accepts_page(&parts(&[("accept", accept)]).headers);
        assert!(wants("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"));
        assert!(!wants("*/*"));
        assert!(!wants("application/json"));
        assert!(!wants("text/html;q=0"));
    }
}
