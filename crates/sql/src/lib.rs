//! PostgreSQL SQL text to a small tree with spans, and diagnostics.
