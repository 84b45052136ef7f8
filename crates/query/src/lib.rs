//! What is asked, not yet resolved.
