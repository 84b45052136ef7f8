//! Computes the built-in functions. It needs no tree: an engine that lacks a function can call it here.

mod array;
mod bytes;
mod format;
mod json;
mod json_edit;
mod json_text;
mod number;
mod number_format;
mod template;
mod text;
mod time;
mod time_parts;
mod to_char;
mod to_number;

use mainstay_base::{Clock, Problem, Randomness, Result};

use crate::{Func, Interval, Numeric, TimeContext, Type, Value};

pub(crate) use json::{build_array, to_jsonb};
pub(crate) use number::add_numbers;
pub(crate) use time::{scale as scale_interval, sum as sum_intervals};

/// What functions may use beside their arguments.
#[derive(Clone, Copy)]
pub struct Env<'a> {
    /// The session's time zone and the transaction's time.
    pub time: &'a TimeContext,
    /// The clock, for `clock_timestamp()` and `uuidv7()`.
    pub clock: &'a dyn Clock,
    /// The generator, for `random()` and uuids.
    pub random: &'a dyn Randomness,
}

/// The value of a function for arguments of these types; `result` is the type that resolution gave the call.
pub fn call(func: Func, types: &[Type], result: &Type, values: &[Value], env: &Env<'_>) -> Result<Value> {
    if func.is_strict() && values.iter().any(Value::is_null) {
        return Ok(Value::Null);
    }
    compute(&Call { func, types, result, values, env })
}

/// A call being computed.
struct Call<'a> {
    func: Func,
    types: &'a [Type],
    result: &'a Type,
    values: &'a [Value],
    env: &'a Env<'a>,
}

fn compute(call: &Call<'_>) -> Result<Value> {
    use Func::*;
    match call.func {
        Add | Subtract | Multiply | Divide | Modulo | IntegerQuotient | Negate | Plus | Abs | Sign
        | Round | RoundTo | Ceil | Floor | Trunc | TruncTo | Power | Sqrt | Cbrt | Exp | Ln | Log10 | Pi
        | Degrees | Radians | Sin | Cos | Tan | Asin | Acos | Atan | Atan2 | Scale | TrimScale | BitAnd
        | BitOr | BitXor | BitNot | ShiftLeft | ShiftRight | Random => number::compute(call),

        Concat | ConcatAll | ConcatWs | Lower | Upper | Initcap | Length | ByteLength | Trim | TrimStart
        | TrimEnd | Left | Right | Substring | SubstringRegex | Overlay | Replace | Translate | Position
        | SplitPart | StartsWith | PadStart | PadEnd | Repeat | Reverse | Ascii | Chr | ToHex
        | RegexpReplace | RegexpMatch | RegexpLike | RegexpCount | RegexpSplit | NumNulls | NumNonNulls => {
            text::compute(call)
        }
        Format | QuoteIdent | QuoteLiteral => format::compute(call),

        ByteaConcat | Md5 | Sha256 | Encode | Decode | ConvertFrom | ConvertTo | GenRandomUuid | UuidV7 => {
            bytes::compute(call)
        }

        JsonGetKey | JsonGetIndex | JsonGetKeyText | JsonGetIndexText | JsonGetPath | JsonGetPathText
        | JsonExtractPath | JsonExtractPathText | HasKey | HasAnyKey | HasAllKeys | JsonStripNulls
        | JsonbPretty | JsonBuildObject | JsonbBuildObject | JsonBuildArray | JsonbBuildArray | ToJson
        | ToJsonb | JsonArrayLength | JsonTypeof => json::compute(call),
        JsonbConcat | JsonbDelete | JsonbDeletePath | JsonbSet | JsonbInsert => json_edit::compute(call),

        Contains | ContainedBy if call.types.first() == Some(&Type::Jsonb) => json::compute(call),
        Contains | ContainedBy | Overlaps | Subscript | Slice | ArrayConcat | ArrayAppend | ArrayPrepend
        | ArrayRemove | ArrayReplace | ArrayLength | ArrayLower | ArrayDimensions | Cardinality
        | ArrayPosition | ArrayPositions | ArrayToString | StringToArray | TrimArray => array::compute(call),

        TimeAdd | TimeSubtract | IntervalMultiply | IntervalDivide | IntervalNegate | DateBin | Age
        | MakeDate | MakeTime | MakeTimestamp | MakeTimestamptz | MakeInterval | JustifyHours
        | JustifyDays | JustifyInterval | ToTimestampEpoch | AtTimeZone | IsFinite | ClockTimestamp
        | StatementTimestamp => time::compute(call),
        Extract | DatePart | DateTrunc => time_parts::compute(call),
        ToChar => to_char::compute(call),
        ToNumber | ToTimestamp | ToDate => to_number::compute(call),
    }
}

impl<'a> Call<'a> {
    fn value(&self, position: usize) -> &'a Value {
        self.values.get(position).unwrap_or(&Value::Null)
    }

    fn ty(&self, position: usize) -> &'a Type {
        self.types.get(position).unwrap_or(&Type::Text)
    }

    fn misfit(&self, position: usize) -> Problem {
        Problem::internal(format!("argument {position} of {:?} is {:?}", self.func, self.value(position)))
    }

    fn text(&self, position: usize) -> Result<&'a str> {
        match self.value(position) {
            Value::Text(text) | Value::Json(text) => Ok(text),
            _ => Err(self.misfit(position)),
        }
    }

    fn int(&self, position: usize) -> Result<i64> {
        match self.value(position) {
            Value::Int(int) => Ok(*int),
            _ => Err(self.misfit(position)),
        }
    }

    fn float(&self, position: usize) -> Result<f64> {
        match self.value(position) {
            Value::Float(float) => Ok(*float),
            _ => Err(self.misfit(position)),
        }
    }

    fn numeric(&self, position: usize) -> Result<&'a Numeric> {
        match self.value(position) {
            Value::Numeric(number) => Ok(number),
            _ => Err(self.misfit(position)),
        }
    }

    fn bytes(&self, position: usize) -> Result<&'a [u8]> {
        match self.value(position) {
            Value::Bytea(bytes) => Ok(bytes),
            _ => Err(self.misfit(position)),
        }
    }

    fn array(&self, position: usize) -> Result<&'a [Value]> {
        match self.value(position) {
            Value::Array(elements) => Ok(elements),
            _ => Err(self.misfit(position)),
        }
    }

    fn interval(&self, position: usize) -> Result<&'a Interval> {
        match self.value(position) {
            Value::Interval(interval) => Ok(interval),
            _ => Err(self.misfit(position)),
        }
    }

    /// The argument's elements as text, NULLs kept.
    fn texts(&self, position: usize) -> Result<Vec<Option<&'a str>>> {
        let texts = self.array(position)?.iter().map(|element| match element {
            Value::Text(text) => Ok(Some(text.as_str())),
            Value::Null => Ok(None),
            _ => Err(self.misfit(position)),
        });
        texts.collect()
    }
}
