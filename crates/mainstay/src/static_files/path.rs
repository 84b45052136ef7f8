//! A request's path as a path below the folder. What could lead out of it, or to what is hidden, is no path at all.

use std::path::PathBuf;

use percent_encoding::percent_decode_str;

/// The one hidden folder that is public by its specification (RFC 8615).
const WELL_KNOWN: &str = ".well-known";

/// A path below the folder.
#[derive(Debug, PartialEq, Eq)]
pub struct RequestPath {
    /// Relative, made of plain names only; empty for the folder itself.
    pub file: PathBuf,
    /// Whether it ended in a slash, and so means a folder.
    pub folder: bool,
}

impl RequestPath {
    /// Whether the last name has an extension: then it is a file that was meant and not a place inside an application.
    pub fn has_extension(&self) -> bool {
        !self.folder && self.file.extension().is_some()
    }
}

/// Decodes a path as it stood in the request line.
///
/// Each name is decoded once and on its own, so an encoded slash cannot make two of it.
pub fn decode(raw: &str) -> Option<RequestPath> {
    let mut rest = raw.strip_prefix('/')?;
    let folder = rest.is_empty() || rest.ends_with('/');
    rest = rest.strip_suffix('/').unwrap_or(rest);
    let mut file = PathBuf::new();
    if !rest.is_empty() {
        for segment in rest.split('/') {
            file.push(name(segment)?);
        }
    }
    Some(RequestPath { file, folder })
}

/// One plain, visible name.
fn name(segment: &str) -> Option<String> {
    let name = percent_decode_str(segment).decode_utf8().ok()?;
    let hidden = name.starts_with('.') && name != WELL_KNOWN;
    let unfit = |c: char| matches!(c, '/' | '\\') || c.is_control();
    (!name.is_empty() && !hidden && !name.contains(unfit)).then(|| name.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_paths_are_taken() {
        for (raw, file, folder) in [
            ("/", "", true),
            ("/app.js", "app.js", false),
            ("/a/b/c.css", "a/b/c.css", false),
            ("/docs/", "docs", true),
            ("/two%20words.txt", "two words.txt", false),
            ("/%C3%A9t%C3%A9.html", "été.html", false),
            ("/.well-known/security.txt", ".well-known/security.txt", false),
            ("/a..b", "a..b", false),
            ("/100%", "100%", false),
        ] {
            let expected = RequestPath { file: PathBuf::from(file), folder };
            assert_eq!(decode(raw), Some(expected), "{raw}");
        }
    }

    #[test]
    fn k11_no_spelling_of_a_path_leads_out_or_to_what_is_hidden() {
        for raw in [
            "/..",
            "/../etc/passwd",
            "/a/../../etc/passwd",
            "/%2e%2e/etc/passwd",
            "/%2E%2E%2Fetc/passwd",
            "/..%2f..%2fetc/passwd",
            "/a%2fb",
            "/..\\windows",
            "/%5c..%5cwindows",
            "/.",
            "/a/./b",
            "//etc/passwd",
            "/a//b",
            "/%00",
            "/app.js%00.html",
            "/a%0d%0ab",
            "/%ff",
            "/.env",
            "/.git/config",
            "/a/.htaccess",
            "/%2egit/config",
            "/.well-known.txt",
            "relative",
            "*",
            "",
        ] {
            assert_eq!(decode(raw), None, "{raw}");
        }
    }

    #[test]
    fn a_name_is_decoded_once_only() {
        let path = decode("/%252e%252e/a").unwrap();
        assert_eq!(path.file, PathBuf::from("%2e%2e/a"));
    }
}
