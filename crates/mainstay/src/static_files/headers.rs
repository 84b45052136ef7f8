//! The headers that follow from a file's name: its type, how long it may be kept, and what keeps a page safe.

use std::path::Path;

use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderValue, X_CONTENT_TYPE_OPTIONS,
};
use mime_guess::{Mime, mime};

/// A file whose name changes with its content is kept for a year and never asked for again.
const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// Any other is kept, and asked about each time: the answer is almost always 304, and never stale.
const REVALIDATE: HeaderValue = HeaderValue::from_static("no-cache");
/// The shortest part of a name that is taken for a hash.
const HASH_LENGTH_MIN: usize = 8;

/// The type of a file by its name.
pub fn media_type(path: &Path) -> Mime {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("mjs" | "cjs") => mime::TEXT_JAVASCRIPT,
        Some("map") => mime::APPLICATION_JSON,
        _ => mime_guess::from_path(path).first_or_octet_stream(),
    }
}

/// Whether a type is text of some kind, and so worth compressing.
pub fn is_text(media: &Mime) -> bool {
    let suffixed = media.suffix().is_some_and(|suffix| matches!(suffix.as_str(), "json" | "xml"));
    let named =
        matches!(media.subtype().as_str(), "javascript" | "json" | "xml" | "wasm" | "x-ndjson" | "sql");
    media.type_() == mime::TEXT || suffixed || named || is_font_without_compression(media)
}

/// WOFF and WOFF2 are compressed inside, the older formats are not.
fn is_font_without_compression(media: &Mime) -> bool {
    media.type_() == "font" && matches!(media.subtype().as_str(), "ttf" | "otf")
}

/// `Content-Type` with the character set where there is one, and `Cache-Control`.
pub fn describe(headers: &mut HeaderMap, path: &Path, media: &Mime) {
    let charset = media.type_() == mime::TEXT && media.get_param(mime::CHARSET).is_none();
    let text = if charset { format!("{media}; charset=utf-8") } else { media.to_string() };
    if let Ok(value) = HeaderValue::try_from(text) {
        headers.insert(CONTENT_TYPE, value);
    }
    let hashed = media.subtype() != mime::HTML && is_hashed(path);
    headers.insert(CACHE_CONTROL, if hashed { IMMUTABLE } else { REVALIDATE });
}

/// What an answer depends on: whether a path without a file means the application's page, on who asks for a page.
pub fn vary(media: &Mime) -> HeaderValue {
    HeaderValue::from_static(match media.subtype() == mime::HTML {
        true => "accept-encoding, accept",
        false => "accept-encoding",
    })
}

/// No type is guessed by the browser, and what can carry scripts says which may run.
pub fn protect(headers: &mut HeaderMap, content_security_policy: Option<&HeaderValue>) {
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let media = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let active = media.starts_with("text/html") || media.contains("xml");
    if let (true, Some(policy)) = (active, content_security_policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy.clone());
    }
}

/// Whether a name carries a hash of the content, as bundlers write it: `app.3f2a9c1b.js`, `index-BxYz12_a.css`.
fn is_hashed(path: &Path) -> bool {
    let Some(stem) = path.file_stem().and_then(|stem| stem.to_str()) else { return false };
    let tail = |separator| stem.rsplit_once(separator).map(|(_, tail)| tail);
    [tail('.'), tail('-')].into_iter().flatten().any(is_hash) || is_base64_hash(stem)
}

/// Hexadecimal digits with at least one figure among them (a word such as "facade" has none).
fn is_hash(text: &str) -> bool {
    text.len() >= HASH_LENGTH_MIN
        && text.bytes().all(|byte| byte.is_ascii_hexdigit())
        && text.bytes().any(|byte| byte.is_ascii_digit())
        && text.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// Eight characters of base64url after a hyphen, with small and capital letters and figures mixed as in no word.
fn is_base64_hash(stem: &str) -> bool {
    let Some((rest, hash)) = stem.len().checked_sub(HASH_LENGTH_MIN).and_then(|at| stem.split_at_checked(at))
    else {
        return false;
    };
    let any = |class: fn(&u8) -> bool| hash.as_bytes().iter().any(class);
    (rest.ends_with('-') || rest.ends_with('.'))
        && hash.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        && any(u8::is_ascii_digit)
        && any(u8::is_ascii_uppercase)
        && any(u8::is_ascii_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(name: &str) -> (String, bool) {
        let mut headers = HeaderMap::new();
        describe(&mut headers, Path::new(name), &media_type(Path::new(name)));
        (headers[CONTENT_TYPE].to_str().unwrap().to_owned(), headers[CACHE_CONTROL] == IMMUTABLE)
    }

    #[test]
    fn types_follow_from_names_and_text_says_its_character_set() {
        for (name, expected) in [
            ("index.html", "text/html; charset=utf-8"),
            ("app.js", "text/javascript; charset=utf-8"),
            ("app.mjs", "text/javascript; charset=utf-8"),
            ("app.css", "text/css; charset=utf-8"),
            ("app.js.map", "application/json"),
            ("art.svg", "image/svg+xml"),
            ("site.webmanifest", "application/manifest+json"),
            ("engine.wasm", "application/wasm"),
            ("font.woff2", "font/woff2"),
            ("LICENSE", "application/octet-stream"),
        ] {
            assert_eq!(described(name).0, expected, "{name}");
        }
    }

    #[test]
    fn only_names_with_a_hash_are_kept_for_long() {
        for name in [
            "app.3f2a9c1b.js",
            "index-BxYz12_a.css",
            "chunk-3F2A9C1B77.js",
            "logo.0a1b2c3d.png",
            "i-D4-xY_z9.js",
        ] {
            assert!(described(name).1, "{name}");
        }
        for name in [
            "app.js",
            "customer-dashboard.js",
            "app.12345678.js",
            "report-20240101.js",
            "app-facadeed.js",
            "index.3f2a9c1b.html",
            "jquery-3.7.1.min.js",
            "été.js",
        ] {
            assert!(!described(name).1, "{name}");
        }
    }
}
