//! The closed list of built-in functions and operators that are not forms of [`ExprKind`](crate::ExprKind) of their own.
//!
//! One entry per function: what it is, whether it may be computed ahead, what NULL does to it, and its signatures in a
//! notation close to SQL's: `name(arguments) result [stable] [for types]`, where `T` stands for each of the types after
//! `for`. An operator's name stands for itself; with one argument it is a prefix operator. `registry` reads them,
//! `func::call` computes them; this file knows neither.

use crate::registry::{Entry, Volatility};

macro_rules! functions {
    ($( #[doc = $doc:literal] $name:ident $volatility:ident $nulls:ident [ $($signature:literal),* ]; )*) => {
        /// A built-in function or operator. The arguments' types are those of the argument expressions.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Func {
            $( #[doc = $doc] $name, )*
        }

        /// The registry: one entry per function, in the order of the enumeration.
        pub(crate) const ENTRIES: &[Entry] = &[
            $( Entry {
                func: Func::$name,
                doc: $doc,
                volatility: Volatility::$volatility,
                strict: functions!(@ $nulls),
                signatures: &[$($signature),*],
            }, )*
        ];
    };
    (@ strict) => { true };
    (@ nullable) => { false };
}

functions! {
    // Numbers
    /// `+` of numbers of the same type
    Add Immutable strict ["+(T,T) T for int2 int4 int8 float4 float8 numeric",
        "+(float4,float8) float8", "+(float8,float4) float8"];
    /// `-` of numbers of the same type
    Subtract Immutable strict ["-(T,T) T for int2 int4 int8 float4 float8 numeric",
        "-(float4,float8) float8", "-(float8,float4) float8"];
    /// `*` of numbers of the same type
    Multiply Immutable strict ["*(T,T) T for int2 int4 int8 float4 float8 numeric",
        "*(float4,float8) float8", "*(float8,float4) float8"];
    /// `/` of numbers of the same type; of integers, truncated towards zero
    Divide Immutable strict ["/(T,T) T for int2 int4 int8 float4 float8 numeric",
        "/(float4,float8) float8", "/(float8,float4) float8"];
    /// `%`, `mod`: the remainder, with the sign of the dividend
    Modulo Immutable strict ["%(T,T) T for int2 int4 int8 numeric", "mod(T,T) T for int2 int4 int8 numeric"];
    /// `div`: the quotient truncated towards zero
    IntegerQuotient Immutable strict ["div(numeric,numeric) numeric"];
    /// unary `-`
    Negate Immutable strict ["-(T) T for int2 int4 int8 float4 float8 numeric"];
    /// unary `+`: the number itself
    Plus Immutable strict ["+(T) T for int2 int4 int8 float4 float8 numeric"];
    /// `abs`: the absolute value
    Abs Immutable strict ["abs(T) T for int2 int4 int8 float4 float8 numeric",
        "@(T) T for int2 int4 int8 float4 float8 numeric"];
    /// `sign`: -1, 0 or 1
    Sign Immutable strict ["sign(T) T for float8 numeric"];
    /// `round`: to the nearest integer; numeric ties away from zero, float ties to even
    Round Immutable strict ["round(T) T for float8 numeric"];
    /// `round(number, digits)`
    RoundTo Immutable strict ["round(numeric,int4) numeric"];
    /// `ceil`, `ceiling`
    Ceil Immutable strict ["ceil(T) T for float8 numeric", "ceiling(T) T for float8 numeric"];
    /// `floor`
    Floor Immutable strict ["floor(T) T for float8 numeric"];
    /// `trunc`: towards zero
    Trunc Immutable strict ["trunc(T) T for float8 numeric"];
    /// `trunc(number, digits)`
    TruncTo Immutable strict ["trunc(numeric,int4) numeric"];
    /// `^`, `power`, `pow`
    Power Immutable strict ["^(T,T) T for float8 numeric", "power(T,T) T for float8 numeric",
        "pow(T,T) T for float8 numeric"];
    /// `sqrt`
    Sqrt Immutable strict ["sqrt(T) T for float8 numeric"];
    /// `cbrt`: the cube root
    Cbrt Immutable strict ["cbrt(float8) float8"];
    /// `exp`
    Exp Immutable strict ["exp(T) T for float8 numeric"];
    /// `ln`: the natural logarithm
    Ln Immutable strict ["ln(T) T for float8 numeric"];
    /// `log`, `log10`: the logarithm to base 10
    Log10 Immutable strict ["log(T) T for float8 numeric", "log10(T) T for float8 numeric"];
    /// `pi()`
    Pi Immutable strict ["pi() float8"];
    /// `degrees` of radians
    Degrees Immutable strict ["degrees(float8) float8"];
    /// `radians` of degrees
    Radians Immutable strict ["radians(float8) float8"];
    /// `sin`
    Sin Immutable strict ["sin(float8) float8"];
    /// `cos`
    Cos Immutable strict ["cos(float8) float8"];
    /// `tan`
    Tan Immutable strict ["tan(float8) float8"];
    /// `asin`
    Asin Immutable strict ["asin(float8) float8"];
    /// `acos`
    Acos Immutable strict ["acos(float8) float8"];
    /// `atan`
    Atan Immutable strict ["atan(float8) float8"];
    /// `atan2`
    Atan2 Immutable strict ["atan2(float8,float8) float8"];
    /// `scale`: digits after the point
    Scale Immutable strict ["scale(numeric) int4"];
    /// `trim_scale`: without trailing zeros after the point
    TrimScale Immutable strict ["trim_scale(numeric) numeric"];
    /// `&` of integers
    BitAnd Immutable strict ["&(T,T) T for int2 int4 int8"];
    /// `|` of integers
    BitOr Immutable strict ["|(T,T) T for int2 int4 int8"];
    /// `#` of integers
    BitXor Immutable strict ["#(T,T) T for int2 int4 int8"];
    /// `~` of integers
    BitNot Immutable strict ["~(T) T for int2 int4 int8"];
    /// `<<` of integers
    ShiftLeft Immutable strict ["<<(T,int4) T for int2 int4 int8"];
    /// `>>` of integers
    ShiftRight Immutable strict [">>(T,int4) T for int2 int4 int8"];
    /// `random()`: at least 0, less than 1
    Random Volatile strict ["random() float8"];

    // Text
    /// `||` of text
    Concat Immutable strict ["||(text,text) text", "||(text,anynonarray) text stable",
        "||(anynonarray,text) text stable"];
    /// `||` of bytea
    ByteaConcat Immutable strict ["||(bytea,bytea) bytea"];
    /// `concat`: all arguments as text, NULLs skipped
    ConcatAll Stable nullable ["concat(variadic any) text"];
    /// `concat_ws`: all arguments but the first as text, separated by it, NULLs skipped
    ConcatWs Stable nullable ["concat_ws(text,variadic any) text"];
    /// `lower`
    Lower Immutable strict ["lower(text) text"];
    /// `upper`
    Upper Immutable strict ["upper(text) text"];
    /// `initcap`: the first letter of each word in upper case, the others in lower case
    Initcap Immutable strict ["initcap(text) text"];
    /// `length` of text, in characters
    Length Immutable strict ["length(T) int4 for text bpchar", "char_length(T) int4 for text bpchar",
        "character_length(T) int4 for text bpchar"];
    /// `octet_length`, and `length` of bytea, in bytes
    ByteLength Immutable strict ["octet_length(T) int4 for text bpchar bytea", "length(bytea) int4"];
    /// `btrim`: both ends without the given characters, blanks by default
    Trim Immutable strict ["btrim(text) text", "btrim(text,text) text"];
    /// `ltrim`
    TrimStart Immutable strict ["ltrim(text) text", "ltrim(text,text) text"];
    /// `rtrim`
    TrimEnd Immutable strict ["rtrim(text) text", "rtrim(text,text) text"];
    /// `left`: the first n characters, or all but the last -n
    Left Immutable strict ["left(text,int4) text"];
    /// `right`: the last n characters, or all but the first -n
    Right Immutable strict ["right(text,int4) text"];
    /// `substr`, `substring`: from a position, for a length
    Substring Immutable strict ["substr(T,int4) T for text bytea", "substr(T,int4,int4) T for text bytea",
        "substring(T,int4) T for text bytea", "substring(T,int4,int4) T for text bytea"];
    /// `substring(text, pattern)`: what the regular expression's first group, or all of it, matches
    SubstringRegex Immutable strict ["substring(text,text) text"];
    /// `overlay(text placing text from position for length)`
    Overlay Immutable strict ["overlay(text,text,int4) text", "overlay(text,text,int4,int4) text"];
    /// `replace`: every occurrence
    Replace Immutable strict ["replace(text,text,text) text"];
    /// `translate`: character by character
    Translate Immutable strict ["translate(text,text,text) text"];
    /// `strpos`, `position`: where the second argument is found in the first, from 1; 0 when nowhere
    Position Immutable strict ["strpos(text,text) int4", "position(text,text) int4"];
    /// `split_part`: the n-th field, from the end when n is negative
    SplitPart Immutable strict ["split_part(text,text,int4) text"];
    /// `starts_with`, `^@`
    StartsWith Immutable strict ["starts_with(text,text) bool", "^@(text,text) bool"];
    /// `lpad`
    PadStart Immutable strict ["lpad(text,int4) text", "lpad(text,int4,text) text"];
    /// `rpad`
    PadEnd Immutable strict ["rpad(text,int4) text", "rpad(text,int4,text) text"];
    /// `repeat`
    Repeat Immutable strict ["repeat(text,int4) text"];
    /// `reverse`
    Reverse Immutable strict ["reverse(text) text"];
    /// `ascii`: the first character's code point
    Ascii Immutable strict ["ascii(text) int4"];
    /// `chr`: the character with that code point
    Chr Immutable strict ["chr(int4) text"];
    /// `to_hex`
    ToHex Immutable strict ["to_hex(T) text for int4 int8"];
    /// `md5`: the hash in hexadecimal
    Md5 Immutable strict ["md5(T) text for text bytea"];
    /// `sha256`: the hash
    Sha256 Immutable strict ["sha256(bytea) bytea"];
    /// `format`: with `%s`, `%I`, `%L` and positions
    Format Stable nullable ["format(text) text", "format(text,variadic any) text"];
    /// `quote_ident`
    QuoteIdent Immutable strict ["quote_ident(text) text"];
    /// `quote_literal`
    QuoteLiteral Immutable strict ["quote_literal(text) text"];
    /// `regexp_replace`: the first match, every one with the flag `g`
    RegexpReplace Immutable strict ["regexp_replace(text,text,text) text", "regexp_replace(text,text,text,text) text"];
    /// `regexp_match`: what the groups of the first match caught
    RegexpMatch Immutable strict ["regexp_match(text,text) text[]", "regexp_match(text,text,text) text[]"];
    /// `regexp_like`
    RegexpLike Immutable strict ["regexp_like(text,text) bool", "regexp_like(text,text,text) bool"];
    /// `regexp_count`
    RegexpCount Immutable strict ["regexp_count(text,text) int4"];
    /// `regexp_split_to_array`
    RegexpSplit Immutable strict ["regexp_split_to_array(text,text) text[]", "regexp_split_to_array(text,text,text) text[]"];
    /// `encode(bytea, 'base64' | 'hex' | 'escape')`
    Encode Immutable strict ["encode(bytea,text) text"];
    /// `decode(text, 'base64' | 'hex' | 'escape')`
    Decode Immutable strict ["decode(text,text) bytea"];
    /// `convert_from(bytea, 'UTF8')`
    ConvertFrom Immutable strict ["convert_from(bytea,text) text"];
    /// `convert_to(text, 'UTF8')`
    ConvertTo Immutable strict ["convert_to(text,text) bytea"];
    /// `to_char` of times and numbers
    ToChar Immutable strict ["to_char(timestamp,text) text", "to_char(timestamptz,text) text stable",
        "to_char(interval,text) text", "to_char(T,text) text for int4 int8 float8 numeric"];
    /// `to_number(text, format)`
    ToNumber Immutable strict ["to_number(text,text) numeric"];
    /// `num_nulls`: how many arguments are NULL
    NumNulls Immutable nullable ["num_nulls(variadic any) int4"];
    /// `num_nonnulls`: how many arguments are not NULL
    NumNonNulls Immutable nullable ["num_nonnulls(variadic any) int4"];

    // json and jsonb
    /// `->` with a text key
    JsonGetKey Immutable strict ["->(T,text) T for json jsonb", "json_object_field(json,text) json",
        "jsonb_object_field(jsonb,text) jsonb"];
    /// `->` with an integer index
    JsonGetIndex Immutable strict ["->(T,int4) T for json jsonb", "json_array_element(json,int4) json",
        "jsonb_array_element(jsonb,int4) jsonb"];
    /// `->>` with a text key
    JsonGetKeyText Immutable strict ["->>(T,text) text for json jsonb", "json_object_field_text(json,text) text",
        "jsonb_object_field_text(jsonb,text) text"];
    /// `->>` with an integer index
    JsonGetIndexText Immutable strict ["->>(T,int4) text for json jsonb", "json_array_element_text(json,int4) text",
        "jsonb_array_element_text(jsonb,int4) text"];
    /// `#>`: by a path of keys and indexes
    JsonGetPath Immutable strict ["#>(T,text[]) T for json jsonb"];
    /// `#>>`: by a path of keys and indexes, as text
    JsonGetPathText Immutable strict ["#>>(T,text[]) text for json jsonb"];
    /// `json_extract_path`, `jsonb_extract_path`
    JsonExtractPath Immutable strict ["json_extract_path(json,variadic text) json",
        "jsonb_extract_path(jsonb,variadic text) jsonb"];
    /// `json_extract_path_text`, `jsonb_extract_path_text`
    JsonExtractPathText Immutable strict ["json_extract_path_text(json,variadic text) text",
        "jsonb_extract_path_text(jsonb,variadic text) text"];
    /// `?`: whether a key, or a string among an array's elements, exists
    HasKey Immutable strict ["?(jsonb,text) bool", "jsonb_exists(jsonb,text) bool"];
    /// `?|`: whether any of the keys exists
    HasAnyKey Immutable strict ["?|(jsonb,text[]) bool", "jsonb_exists_any(jsonb,text[]) bool"];
    /// `?&`: whether all of the keys exist
    HasAllKeys Immutable strict ["?&(jsonb,text[]) bool", "jsonb_exists_all(jsonb,text[]) bool"];
    /// `||` of jsonb
    JsonbConcat Immutable strict ["||(jsonb,jsonb) jsonb"];
    /// `-` of jsonb: without a key, an element or several keys
    JsonbDelete Immutable strict ["-(jsonb,text) jsonb", "-(jsonb,int4) jsonb", "-(jsonb,text[]) jsonb"];
    /// `#-`: without what stands at a path
    JsonbDeletePath Immutable strict ["#-(jsonb,text[]) jsonb"];
    /// `jsonb_set(target, path, value, create)`
    JsonbSet Immutable strict ["jsonb_set(jsonb,text[],jsonb) jsonb", "jsonb_set(jsonb,text[],jsonb,bool) jsonb"];
    /// `jsonb_insert(target, path, value, after)`
    JsonbInsert Immutable strict ["jsonb_insert(jsonb,text[],jsonb) jsonb", "jsonb_insert(jsonb,text[],jsonb,bool) jsonb"];
    /// `json_strip_nulls`, `jsonb_strip_nulls`: without object fields that are null
    JsonStripNulls Immutable strict ["json_strip_nulls(json) json", "jsonb_strip_nulls(jsonb) jsonb"];
    /// `jsonb_pretty`
    JsonbPretty Immutable strict ["jsonb_pretty(jsonb) text"];
    /// `json_build_object`: keys and values in turn
    JsonBuildObject Stable nullable ["json_build_object() json", "json_build_object(variadic any) json"];
    /// `jsonb_build_object`: keys and values in turn
    JsonbBuildObject Stable nullable ["jsonb_build_object() jsonb", "jsonb_build_object(variadic any) jsonb"];
    /// `json_build_array`
    JsonBuildArray Stable nullable ["json_build_array() json", "json_build_array(variadic any) json"];
    /// `jsonb_build_array`
    JsonbBuildArray Stable nullable ["jsonb_build_array() jsonb", "jsonb_build_array(variadic any) jsonb"];
    /// `to_json`
    ToJson Stable strict ["to_json(anyelement) json", "array_to_json(anyarray) json"];
    /// `to_jsonb`
    ToJsonb Stable strict ["to_jsonb(anyelement) jsonb"];
    /// `json_array_length`, `jsonb_array_length`
    JsonArrayLength Immutable strict ["json_array_length(json) int4", "jsonb_array_length(jsonb) int4"];
    /// `json_typeof`, `jsonb_typeof`: object, array, string, number, boolean or null
    JsonTypeof Immutable strict ["json_typeof(json) text", "jsonb_typeof(jsonb) text"];

    // Containment, of jsonb and of arrays
    /// `@>` of jsonb or arrays of one type
    Contains Immutable strict ["@>(jsonb,jsonb) bool", "@>(anyarray,anyarray) bool"];
    /// `<@`
    ContainedBy Immutable strict ["<@(jsonb,jsonb) bool", "<@(anyarray,anyarray) bool"];
    /// `&&` of arrays
    Overlaps Immutable strict ["&&(anyarray,anyarray) bool"];

    // Arrays
    /// `array[i]`: NULL outside its bounds
    Subscript Immutable strict ["[](anyarray,int4) anyelement"];
    /// `array[from:to]`: NULL bounds are open
    Slice Immutable nullable ["[:](anyarray,int4,int4) anyarray"];
    /// `||` of arrays, `array_cat`
    ArrayConcat Immutable nullable ["||(anycompatiblearray,anycompatiblearray) anycompatiblearray",
        "array_cat(anycompatiblearray,anycompatiblearray) anycompatiblearray"];
    /// `array || element`, `array_append`
    ArrayAppend Immutable nullable ["||(anycompatiblearray,anycompatible) anycompatiblearray",
        "array_append(anycompatiblearray,anycompatible) anycompatiblearray"];
    /// `element || array`, `array_prepend`
    ArrayPrepend Immutable nullable ["||(anycompatible,anycompatiblearray) anycompatiblearray",
        "array_prepend(anycompatible,anycompatiblearray) anycompatiblearray"];
    /// `array_remove`: without the elements equal to a value
    ArrayRemove Immutable nullable ["array_remove(anycompatiblearray,anycompatible) anycompatiblearray"];
    /// `array_replace`
    ArrayReplace Immutable nullable ["array_replace(anycompatiblearray,anycompatible,anycompatible) anycompatiblearray"];
    /// `array_length(array, dimension)`: NULL when it is empty
    ArrayLength Immutable strict ["array_length(anyarray,int4) int4", "array_upper(anyarray,int4) int4"];
    /// `array_lower(array, dimension)`
    ArrayLower Immutable strict ["array_lower(anyarray,int4) int4"];
    /// `array_ndims`: NULL when it is empty
    ArrayDimensions Immutable strict ["array_ndims(anyarray) int4"];
    /// `cardinality`: how many elements
    Cardinality Immutable strict ["cardinality(anyarray) int4"];
    /// `array_position`: where a value is first found, from 1; NULL when nowhere
    ArrayPosition Immutable nullable ["array_position(anycompatiblearray,anycompatible) int4",
        "array_position(anycompatiblearray,anycompatible,int4) int4"];
    /// `array_positions`: everywhere a value is found
    ArrayPositions Immutable nullable ["array_positions(anycompatiblearray,anycompatible) int4[]"];
    /// `array_to_string(array, separator, text for NULL)`
    ArrayToString Stable nullable ["array_to_string(anyarray,text) text", "array_to_string(anyarray,text,text) text"];
    /// `string_to_array(text, separator, text for NULL)`
    StringToArray Immutable nullable ["string_to_array(text,text) text[]", "string_to_array(text,text,text) text[]"];
    /// `trim_array`: without the last n elements
    TrimArray Immutable strict ["trim_array(anyarray,int4) anyarray"];

    // Dates and times
    /// `+` of dates, times, timestamps and intervals
    TimeAdd Immutable strict ["+(date,int4) date", "+(int4,date) date", "+(date,time) timestamp", "+(time,date) timestamp",
        "+(date,interval) timestamp", "+(interval,date) timestamp", "+(interval,interval) interval",
        "+(T,interval) T for time timestamp", "+(interval,T) T for time timestamp",
        "+(timestamptz,interval) timestamptz stable", "+(interval,timestamptz) timestamptz stable"];
    /// `-` of dates, times, timestamps and intervals
    TimeSubtract Immutable strict ["-(date,date) int4", "-(date,int4) date", "-(date,interval) timestamp",
        "-(T,T) interval for time timestamp timestamptz interval", "-(T,interval) T for time timestamp",
        "-(timestamptz,interval) timestamptz stable"];
    /// `*` of an interval and a number
    IntervalMultiply Immutable strict ["*(interval,float8) interval", "*(float8,interval) interval"];
    /// `/` of an interval by a number
    IntervalDivide Immutable strict ["/(interval,float8) interval"];
    /// unary `-` of an interval
    IntervalNegate Immutable strict ["-(interval) interval"];
    /// `extract(field from time)`: exact
    Extract Immutable strict ["extract(text,T) numeric for date time timestamp interval",
        "extract(text,timestamptz) numeric stable"];
    /// `date_part`: as extract, in floating point
    DatePart Immutable strict ["date_part(text,T) float8 for date time timestamp interval",
        "date_part(text,timestamptz) float8 stable"];
    /// `date_trunc(field, time, zone)`
    DateTrunc Immutable strict ["date_trunc(text,T) T for timestamp interval", "date_trunc(text,timestamptz) timestamptz stable",
        "date_trunc(text,timestamptz,text) timestamptz stable"];
    /// `date_bin(stride, time, origin)`
    DateBin Immutable strict ["date_bin(interval,T,T) T for timestamp timestamptz"];
    /// `age(later, earlier)`, in years, months and days; `age(earlier)` counts to the current date's midnight
    Age Immutable strict ["age(timestamp,timestamp) interval", "age(timestamptz,timestamptz) interval stable",
        "age(T) interval stable for timestamp timestamptz"];
    /// `make_date(year, month, day)`
    MakeDate Immutable strict ["make_date(int4,int4,int4) date"];
    /// `make_time(hour, minute, second)`
    MakeTime Immutable strict ["make_time(int4,int4,float8) time"];
    /// `make_timestamp(year, month, day, hour, minute, second)`
    MakeTimestamp Immutable strict ["make_timestamp(int4,int4,int4,int4,int4,float8) timestamp"];
    /// `make_timestamptz(year, month, day, hour, minute, second, zone)`
    MakeTimestamptz Stable strict ["make_timestamptz(int4,int4,int4,int4,int4,float8) timestamptz",
        "make_timestamptz(int4,int4,int4,int4,int4,float8,text) timestamptz"];
    /// `make_interval(years, months, weeks, days, hours, mins, secs)`
    MakeInterval Immutable strict ["make_interval() interval", "make_interval(int4) interval", "make_interval(int4,int4) interval",
        "make_interval(int4,int4,int4) interval", "make_interval(int4,int4,int4,int4) interval",
        "make_interval(int4,int4,int4,int4,int4) interval", "make_interval(int4,int4,int4,int4,int4,int4) interval",
        "make_interval(int4,int4,int4,int4,int4,int4,float8) interval"];
    /// `justify_hours`: 24 hours become a day
    JustifyHours Immutable strict ["justify_hours(interval) interval"];
    /// `justify_days`: 30 days become a month
    JustifyDays Immutable strict ["justify_days(interval) interval"];
    /// `justify_interval`: both
    JustifyInterval Immutable strict ["justify_interval(interval) interval"];
    /// `to_timestamp(seconds since 1970)`
    ToTimestampEpoch Immutable strict ["to_timestamp(float8) timestamptz"];
    /// `to_timestamp(text, format)`
    ToTimestamp Stable strict ["to_timestamp(text,text) timestamptz"];
    /// `to_date(text, format)`
    ToDate Stable strict ["to_date(text,text) date"];
    /// `time AT TIME ZONE zone`, written `timezone(zone, time)`
    AtTimeZone Immutable strict ["timezone(T,timestamp) timestamptz for text interval",
        "timezone(T,timestamptz) timestamp for text interval"];
    /// `isfinite`
    IsFinite Immutable strict ["isfinite(T) bool for date timestamp timestamptz interval"];
    /// `clock_timestamp()`: the time at this moment
    ClockTimestamp Volatile strict ["clock_timestamp() timestamptz"];
    /// `statement_timestamp()`
    StatementTimestamp Stable strict ["statement_timestamp() timestamptz"];

    // Identifiers
    /// `gen_random_uuid()`, `uuidv4()`
    GenRandomUuid Volatile strict ["gen_random_uuid() uuid", "uuidv4() uuid", "uuid_generate_v4() uuid"];
    /// `uuidv7()`: ordered by time
    UuidV7 Volatile strict ["uuidv7() uuid"];
}
