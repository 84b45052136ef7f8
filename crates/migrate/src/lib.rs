//! The difference of two catalogs as ordered steps.
