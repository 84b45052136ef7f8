//! Query, catalog and session to a plan, policies woven in.
