//! The resolved plan: types only.
