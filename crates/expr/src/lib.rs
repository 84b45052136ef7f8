//! Values, types, typed expressions and the reference evaluator.
