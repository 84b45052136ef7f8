//! Choosing among candidates: PostgreSQL's rules for functions and operators (its manual, chapter 10).

use super::coerce::{Category, category, common_type, implicit, is_preferred};
use crate::Type;
use crate::registry::{Shape, Signature};

/// A way to call something, its arguments as many as the call has.
#[derive(Debug, Clone)]
pub(crate) struct Candidate<T> {
    pub(crate) target: T,
    pub(crate) args: Vec<Shape>,
    pub(crate) result: Shape,
}

/// What the rules came to.
#[derive(Debug)]
pub(crate) enum Choice<T> {
    One(T),
    None,
    Ambiguous,
}

impl<T> Candidate<T> {
    /// The signature as a call with `count` arguments sees it, if it can.
    pub(crate) fn expand(signature: &Signature, count: usize, target: T) -> Option<Self> {
        let mut args = signature.args.clone();
        if signature.variadic && count >= args.len() {
            let last = args.last()?.clone();
            args.resize(count, last);
        }
        (args.len() == count).then(|| Self { target, args, result: signature.result.clone() })
    }

    fn is_exactly(&self, args: &[Option<Type>]) -> bool {
        self.args.iter().zip(args).all(
            |(shape, arg)| matches!((shape, arg), (Shape::Exact(exact), Some(actual)) if exact == actual),
        )
    }

    fn accepts(&self, args: &[Option<Type>]) -> bool {
        let fits = self.args.iter().zip(args).all(|(shape, arg)| match (shape, arg) {
            (Shape::Exact(wanted), Some(actual)) => implicit(actual, wanted),
            _ => true,
        });
        fits && (self.args.iter().all(|shape| matches!(shape, Shape::Exact(_)))
            || self.anchors(args).is_some())
    }

    /// The type that stands for `anyelement`, and the one for `anycompatible`; an inner `None` where nothing says.
    fn anchors(&self, args: &[Option<Type>]) -> Option<(Option<Type>, Option<Type>)> {
        let mut element: Option<Type> = None;
        let mut compatible = Vec::new();
        for (shape, arg) in self.args.iter().zip(args) {
            let Some(arg) = arg else { continue };
            let own = match shape {
                Shape::Exact(_) | Shape::Any => continue,
                Shape::AnyArray | Shape::AnyCompatibleArray => arg.element()?.clone(),
                Shape::AnyNonArray if arg.element().is_some() => return None,
                Shape::AnyEnum if !matches!(arg, Type::Enum(_)) => return None,
                _ => arg.clone(),
            };
            if matches!(shape, Shape::AnyCompatible | Shape::AnyCompatibleArray) {
                compatible.push(Some(own));
            } else if element.get_or_insert_with(|| own.clone()) != &own {
                return None;
            }
        }
        let compatible = if compatible.is_empty() { None } else { Some(common_type(&compatible).ok()?) };
        Some((element, compatible))
    }

    /// The types that the arguments are cast to, and the result's; `None` when no argument tells a polymorphic type.
    pub(crate) fn instantiate(&self, args: &[Option<Type>]) -> Option<(Vec<Type>, Type)> {
        let (element, compatible) = self.anchors(args)?;
        let settle = |shape: &Shape, arg: Option<&Type>| match shape {
            Shape::Exact(ty) => Some(ty.clone()),
            Shape::Any => Some(arg.cloned().unwrap_or(Type::Text)),
            Shape::AnyElement | Shape::AnyNonArray | Shape::AnyEnum => element.clone(),
            Shape::AnyArray => element.clone().filter(|element| element.element().is_none()).map(Type::array),
            Shape::AnyCompatible => Some(compatible.clone().unwrap_or(Type::Text)),
            Shape::AnyCompatibleArray => Some(compatible.clone().unwrap_or(Type::Text).array()),
        };
        let types = self.args.iter().zip(args).map(|(shape, arg)| settle(shape, arg.as_ref()));
        Some((types.collect::<Option<_>>()?, settle(&self.result, None)?))
    }
}

/// The candidate whose arguments are exactly these, else the best of those that accept them.
pub(crate) fn choose<T>(candidates: Vec<Candidate<T>>, args: &[Option<Type>]) -> Choice<Candidate<T>> {
    let mut candidates = candidates;
    if let Some(exact) = candidates.iter().position(|candidate| candidate.is_exactly(args)) {
        return Choice::One(candidates.swap_remove(exact));
    }
    candidates.retain(|candidate| candidate.accepts(args));
    if candidates.len() > 1 {
        keep_best(&mut candidates, args, |wanted, actual| wanted == actual);
        keep_best(&mut candidates, args, |wanted, actual| {
            wanted == actual || (is_preferred(wanted) && category(wanted) == category(actual))
        });
    }
    if candidates.len() > 1 && args.contains(&None) {
        keep_categories(&mut candidates, args);
        if candidates.len() > 1 {
            keep_uniform(&mut candidates, args);
        }
    }
    match candidates.len() {
        0 => Choice::None,
        1 => Choice::One(candidates.swap_remove(0)),
        _ => Choice::Ambiguous,
    }
}

/// Keeps the candidates whose types agree with the known arguments at most positions.
fn keep_best<T>(
    candidates: &mut Vec<Candidate<T>>,
    args: &[Option<Type>],
    agrees: impl Fn(&Type, &Type) -> bool,
) {
    let score = |candidate: &Candidate<T>| {
        let pairs = candidate.args.iter().zip(args);
        pairs
            .filter(|pair| matches!(pair, (Shape::Exact(wanted), Some(actual)) if agrees(wanted, actual)))
            .count()
    };
    let best = candidates.iter().map(score).max().unwrap_or(0);
    candidates.retain(|candidate| score(candidate) == best);
}

/// Decides the unknown arguments by category: strings win, else all candidates must agree on one.
fn keep_categories<T>(candidates: &mut Vec<Candidate<T>>, args: &[Option<Type>]) {
    let mut wanted = Vec::new();
    for position in (0..args.len()).filter(|position| args[*position].is_none()) {
        let mut slot: Option<(Category, bool)> = None;
        let mut conflict = false;
        for candidate in candidates.iter() {
            let (own, preferred) = shape_category(&candidate.args[position]);
            match &mut slot {
                None => slot = Some((own, preferred)),
                Some((category, any)) if *category == own => *any |= preferred,
                Some(slot) if own == Category::String => *slot = (own, preferred),
                Some(_) => conflict = true,
            }
        }
        match slot {
            Some((category, _)) if conflict && category != Category::String => return,
            Some(slot) => wanted.push((position, slot)),
            None => return,
        }
    }
    let fits = |candidate: &Candidate<T>| {
        wanted.iter().all(|(position, (category, has_preferred))| {
            let (own, preferred) = shape_category(&candidate.args[*position]);
            own == *category && (preferred || !has_preferred)
        })
    };
    if candidates.iter().any(fits) {
        candidates.retain(fits);
    }
}

/// When all known arguments are of one type, takes the unknown ones to be of it too, if that leaves one candidate.
fn keep_uniform<T>(candidates: &mut Vec<Candidate<T>>, args: &[Option<Type>]) {
    let mut known = args.iter().flatten();
    let Some(first) = known.next() else { return };
    if known.any(|ty| ty != first) {
        return;
    }
    let uniform = vec![Some(first.clone()); args.len()];
    if candidates.iter().filter(|candidate| candidate.accepts(&uniform)).count() == 1 {
        candidates.retain(|candidate| candidate.accepts(&uniform));
    }
}

fn shape_category(shape: &Shape) -> (Category, bool) {
    match shape {
        Shape::Exact(ty) => (category(ty), is_preferred(ty)),
        _ => (Category::Pseudo, false),
    }
}
