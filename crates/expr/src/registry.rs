//! What is known of every built-in function, and its signatures read into types.
//!
//! The entries stand in `function`; which signature fits a call is decided by `resolve`.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::function::ENTRIES;
use crate::{Func, Type};

/// What a function's result may depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Volatility {
    /// Its arguments only.
    Immutable,
    /// Also the session: the time zone, the transaction's time.
    Stable,
    /// Anything; two calls may differ.
    Volatile,
}

/// A function's entry in the registry.
#[derive(Debug)]
pub struct Entry {
    /// The function.
    pub func: Func,
    /// One sentence about it.
    pub doc: &'static str,
    /// What its result may depend on; single signatures may be more variable.
    pub volatility: Volatility,
    /// Whether it is NULL as soon as an argument is NULL.
    pub strict: bool,
    /// Its signatures as text.
    pub signatures: &'static [&'static str],
}

impl Func {
    /// Its entry in the registry.
    pub fn entry(self) -> &'static Entry {
        &ENTRIES[self as usize]
    }

    /// Every function.
    pub fn all() -> impl Iterator<Item = Func> {
        ENTRIES.iter().map(|entry| entry.func)
    }

    /// Whether it is NULL as soon as an argument is NULL.
    pub fn is_strict(self) -> bool {
        self.entry().strict
    }

    /// Its first name: an operator's symbol, or a function's name in lower case.
    pub fn name(self) -> &'static str {
        let signature = self.entry().signatures[0];
        &signature[..signature.find('(').unwrap_or(signature.len())]
    }

    /// What its result depends on when the arguments are of these types.
    pub fn volatility(self, args: &[Type]) -> Volatility {
        let volatility = self.entry().volatility;
        let stable = signatures(self).any(|signature| signature.stable && signature.is_exactly(args));
        if stable { volatility.max(Volatility::Stable) } else { volatility }
    }
}

/// The type of an argument or result in a signature.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Shape {
    /// This type.
    Exact(Type),
    /// Any type, each argument its own.
    Any,
    /// One type throughout the signature.
    AnyElement,
    /// An array of that type.
    AnyArray,
    /// As `AnyElement`, but no array.
    AnyNonArray,
    /// As `AnyElement`, but an enumerated type.
    AnyEnum,
    /// The common type of all arguments of this shape.
    AnyCompatible,
    /// An array of that type.
    AnyCompatibleArray,
}

/// One way to call a function or operator.
#[derive(Debug, Clone)]
pub(crate) struct Signature {
    pub(crate) func: Func,
    pub(crate) args: Vec<Shape>,
    /// The last argument may be repeated.
    pub(crate) variadic: bool,
    pub(crate) result: Shape,
    pub(crate) stable: bool,
}

impl Signature {
    fn is_exactly(&self, args: &[Type]) -> bool {
        self.args.len() == args.len()
            && self
                .args
                .iter()
                .zip(args)
                .all(|(shape, ty)| matches!(shape, Shape::Exact(exact) if exact == ty))
    }
}

static REGISTRY: LazyLock<HashMap<&'static str, Vec<Signature>>> = LazyLock::new(|| {
    let mut registry: HashMap<&str, Vec<Signature>> = HashMap::new();
    for entry in ENTRIES {
        for text in entry.signatures {
            let (name, signatures) =
                read(entry.func, text).expect("the registry's signatures are well formed");
            registry.entry(name).or_default().extend(signatures);
        }
    }
    registry
});

/// The signatures of a name.
pub(crate) fn named(name: &str) -> &'static [Signature] {
    REGISTRY.get(name).map_or(&[], Vec::as_slice)
}

/// Every name, operators included.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    REGISTRY.keys().copied()
}

fn signatures(func: Func) -> impl Iterator<Item = &'static Signature> {
    named(func.name()).iter().filter(move |signature| signature.func == func)
}

/// Reads `name(arguments) result [stable] [for types]`; one signature for each type after `for`.
fn read(func: Func, text: &'static str) -> Option<(&'static str, Vec<Signature>)> {
    let (name, rest) = text.split_once('(')?;
    let (args, rest) = rest.split_once(')')?;
    let (rest, types) = match rest.split_once(" for ") {
        Some((rest, types)) => (rest, types.split(' ').collect()),
        None => (rest, vec![""]),
    };
    let mut words = rest.split_whitespace();
    let result = words.next()?;
    let stable = words.next() == Some("stable");
    let signatures = types.into_iter().map(|ty| {
        let mut variadic = false;
        let shapes = args.split(',').filter(|arg| !arg.is_empty()).map(|arg| {
            variadic |= arg.starts_with("variadic ");
            shape(arg.trim_start_matches("variadic "), ty)
        });
        let shapes = shapes.collect::<Option<Vec<_>>>()?;
        Some(Signature { func, args: shapes, variadic, result: shape(result, ty)?, stable })
    });
    Some((name, signatures.collect::<Option<Vec<_>>>()?))
}

fn shape(name: &str, variable: &str) -> Option<Shape> {
    Some(match name {
        "T" => return shape(variable, ""),
        "any" => Shape::Any,
        "anyelement" => Shape::AnyElement,
        "anyarray" => Shape::AnyArray,
        "anynonarray" => Shape::AnyNonArray,
        "anyenum" => Shape::AnyEnum,
        "anycompatible" => Shape::AnyCompatible,
        "anycompatiblearray" => Shape::AnyCompatibleArray,
        _ => match name.strip_suffix("[]") {
            Some(element) => Shape::Exact(Type::named(element)?.array()),
            None => Shape::Exact(Type::named(name)?),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_signature_is_well_formed() {
        for entry in ENTRIES {
            assert!(!entry.signatures.is_empty(), "{:?} has no signature", entry.func);
            for text in entry.signatures {
                assert!(read(entry.func, text).is_some(), "{text}");
            }
        }
        assert_eq!(named("+").iter().filter(|signature| signature.func == Func::Add).count(), 8);
    }

    #[test]
    fn entries_stand_in_the_order_of_the_enumeration() {
        for func in Func::all() {
            assert_eq!(func.entry().func, func);
        }
        assert_eq!(Func::Add.name(), "+");
        assert_eq!(Func::Lower.name(), "lower");
    }

    #[test]
    fn the_zone_makes_arithmetic_stable() {
        assert_eq!(Func::TimeAdd.volatility(&[Type::Timestamptz, Type::Interval]), Volatility::Stable);
        assert_eq!(Func::TimeAdd.volatility(&[Type::Timestamp, Type::Interval]), Volatility::Immutable);
        assert_eq!(Func::TimeSubtract.volatility(&[Type::Timestamptz, Type::Interval]), Volatility::Stable);
        assert_eq!(Func::Random.volatility(&[]), Volatility::Volatile);
    }
}
