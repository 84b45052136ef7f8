//! PostgREST's protocol.
