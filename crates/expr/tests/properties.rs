//! Properties that hold for all values: what is written reads back, orders are orders, matching agrees with its definition.

use bigdecimal::BigDecimal;
use bigdecimal::num_bigint::BigInt;
use mainstay_base::{FixedClock, FixedRandomness};
use mainstay_expr::func::{self, Env};
use mainstay_expr::{
    ColumnType, Func, Interval, Jsonb, MatchOp, Numeric, TimeContext, Type, Value, Zone, compare, input,
    like, output,
};
use proptest::prelude::*;

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

fn decimal() -> impl Strategy<Value = Value> {
    let digits = prop_oneof![any::<i64>().prop_map(BigInt::from), any::<i128>().prop_map(BigInt::from)];
    (digits, 0i64..40)
        .prop_map(|(digits, scale)| Value::Numeric(Numeric::Finite(BigDecimal::new(digits, scale))))
}

/// From 4713 BC on, to the year 294000.
fn micros() -> impl Strategy<Value = i64> {
    prop_oneof![-2_440_000 * DAY..106_650_000 * DAY, -40_000 * DAY..40_000 * DAY]
}

fn interval() -> impl Strategy<Value = Value> {
    (-5_000i32..5_000, -400i32..400, -100 * DAY..100 * DAY)
        .prop_map(|(months, days, micros)| Value::Interval(Interval { months, days, micros }))
}

fn jsonb() -> impl Strategy<Value = Jsonb> {
    let leaf = prop_oneof![
        Just(Jsonb::Null),
        any::<bool>().prop_map(Jsonb::Bool),
        (any::<i64>(), 0i64..10)
            .prop_map(|(digits, scale)| Jsonb::Number(BigDecimal::new(digits.into(), scale))),
        text().prop_map(Jsonb::String),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Jsonb::Array),
            prop::collection::btree_map(text(), inner, 0..5).prop_map(|members| {
                let mut members: Vec<_> = members.into_iter().collect();
                members.sort_by(|left, right| left.0.len().cmp(&right.0.len()).then(left.0.cmp(&right.0)));
                Jsonb::Object(members)
            }),
        ]
    })
}

/// Any text but for NUL, which PostgreSQL's cannot hold.
fn text() -> impl Strategy<Value = String> {
    any::<String>().prop_map(|text| text.replace('\0', ""))
}

/// A value of any type that has one text for each value.
fn typed() -> impl Strategy<Value = (Type, Value)> {
    prop_oneof![
        any::<bool>().prop_map(|truth| (Type::Bool, Value::Bool(truth))),
        any::<i16>().prop_map(|int| (Type::Int2, Value::Int(i64::from(int)))),
        any::<i64>().prop_map(|int| (Type::Int8, Value::Int(int))),
        any::<f64>().prop_map(|float| (Type::Float8, Value::Float(float))),
        any::<f32>().prop_map(|float| (Type::Float4, Value::Float(f64::from(float)))),
        decimal().prop_map(|number| (Type::Numeric, number)),
        text().prop_map(|text| (Type::Text, Value::Text(text))),
        any::<[u8; 16]>().prop_map(|uuid| (Type::Uuid, Value::Uuid(uuid))),
        (-2_440_000i32..2_000_000_000).prop_map(|days| (Type::Date, Value::Date(days))),
        (0..=DAY).prop_map(|time| (Type::Time, Value::Time(time))),
        micros().prop_map(|micros| (Type::Timestamp, Value::Timestamp(micros))),
        micros().prop_map(|micros| (Type::Timestamptz, Value::Timestamptz(micros))),
        interval().prop_map(|interval| (Type::Interval, interval)),
        jsonb().prop_map(|json| (Type::Jsonb, Value::Jsonb(json))),
        any::<Vec<u8>>().prop_map(|bytes| (Type::Bytea, Value::Bytea(bytes))),
    ]
}

fn array() -> impl Strategy<Value = (Type, Value)> {
    let texts = prop::collection::vec(prop::option::of(text()), 0..6).prop_map(|texts| {
        let values = texts.into_iter().map(|text| text.map_or(Value::Null, Value::Text)).collect();
        (Type::Text.array(), Value::Array(values))
    });
    let moments = prop::collection::vec(micros(), 0..4).prop_map(|moments| {
        (Type::Timestamptz.array(), Value::Array(moments.into_iter().map(Value::Timestamptz).collect()))
    });
    let documents = prop::collection::vec(jsonb(), 0..4).prop_map(|documents| {
        (Type::Jsonb.array(), Value::Array(documents.into_iter().map(Value::Jsonb).collect()))
    });
    prop_oneof![texts, moments, documents]
}

fn context(zone: Zone) -> TimeContext {
    TimeContext { zone, now_us: 0 }
}

fn zone() -> impl Strategy<Value = Zone> {
    let names = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"];
    let named =
        prop::sample::select(names.to_vec()).prop_map(|name| Zone::setting(name).expect("a known zone"));
    prop_oneof![named, (-50_000i32..50_000).prop_map(Zone::Fixed)]
}

/// `value LIKE pattern` by its definition, without escapes.
fn like_by_definition(text: &[char], pattern: &[char]) -> bool {
    match (text, pattern) {
        ([], []) => true,
        (_, ['%', rest @ ..]) => (0..=text.len()).any(|skipped| like_by_definition(&text[skipped..], rest)),
        ([_, text @ ..], ['_', rest @ ..]) => like_by_definition(text, rest),
        ([first, text @ ..], [wanted, rest @ ..]) => first == wanted && like_by_definition(text, rest),
        _ => false,
    }
}

fn numeric_call(func: Func, left: &Value, right: &Value) -> Value {
    let context = TimeContext::default();
    let env = Env { time: &context, clock: &FixedClock(0), random: &FixedRandomness::new(1) };
    let types = [Type::Numeric, Type::Numeric];
    func::call(func, &types, &Type::Numeric, &[left.clone(), right.clone()], &env).expect("no overflow here")
}

proptest! {
    #[test]
    fn text_reads_back((ty, value) in prop_oneof![typed(), array()], zone in zone()) {
        let context = context(zone);
        let text = output::to_text(&ty, &value, &context.zone);
        let read = input::parse(&ColumnType::from(ty.clone()), &text, &context);
        let read = read.map_err(|problem| TestCaseError::fail(format!("{text}: {problem}")))?;
        prop_assert!(compare::equal(&ty, &read, &value), "{text} read as {read:?}");
        prop_assert_eq!(output::to_text(&ty, &read, &context.zone), text);
    }

    #[test]
    fn json_is_json_and_reads_back((ty, value) in prop_oneof![typed(), array()], zone in zone()) {
        let context = context(zone);
        let json = output::to_json(&ty, &value, &context.zone);
        serde_json::from_str::<serde_json::Value>(&json)
            .map_err(|error| TestCaseError::fail(format!("{json}: {error}")))?;
        // A jsonb null reads back as NULL, as json_populate_record has it.
        let holds_null = json == "null" || (matches!(ty, Type::Array(_)) && json.contains("null"));
        if !holds_null {
            let read = input::from_json(&ColumnType::from(ty.clone()), &json, &context);
            let read = read.map_err(|problem| TestCaseError::fail(format!("{json}: {problem}")))?;
            prop_assert!(compare::equal(&ty, &read, &value), "{json} read as {read:?}");
        }
    }

    #[test]
    fn strings_are_escaped_as_json_asks(text in any::<String>()) {
        let mut out = Vec::new();
        output::json_str(&text, &mut out);
        prop_assert_eq!(serde_json::from_slice::<String>(&out).expect("a JSON string"), text);
    }

    #[test]
    fn order_is_total((ty, one) in typed(), flip in any::<bool>(), (_, other) in typed(), (_, third) in typed()) {
        // Values of one type; others of that type are made by text.
        let kin = |value: Value| {
            let text = output::to_text(&Type::Text, &value, &Zone::Utc);
            input::parse_plain(&ty, &text, &TimeContext::default()).unwrap_or(Value::Null)
        };
        let (other, third) = (kin(other), kin(third));
        let other = if flip { one.clone() } else { other };
        let order = |left: &Value, right: &Value| compare::order(&ty, left, right);
        prop_assert_eq!(order(&one, &other), order(&other, &one).reverse());
        if order(&one, &other).is_le() && order(&other, &third).is_le() {
            prop_assert!(order(&one, &third).is_le());
        }
    }

    #[test]
    fn like_agrees_with_its_definition(text in "[ab%_c]{0,8}", pattern in "[ab%_]{0,6}") {
        let characters = |text: &str| text.chars().collect::<Vec<_>>();
        let expected = like_by_definition(&characters(&text), &characters(&pattern));
        prop_assert_eq!(like::matches(MatchOp::Like, &text, &pattern, Some('\0')).expect("no escapes"), expected);
    }

    #[test]
    fn quotient_and_remainder_make_the_dividend(left in decimal(), right in decimal()) {
        let zero = Value::Numeric(Numeric::from_int(0));
        prop_assume!(!compare::equal(&Type::Numeric, &right, &zero));
        let quotient = numeric_call(Func::IntegerQuotient, &left, &right);
        let remainder = numeric_call(Func::Modulo, &left, &right);
        let product = numeric_call(Func::Multiply, &quotient, &right);
        let sum = numeric_call(Func::Add, &product, &remainder);
        prop_assert!(compare::equal(&Type::Numeric, &sum, &left));
    }

    #[test]
    fn stored_decimals_are_written_like_the_numbers_they_stand_for(unscaled in any::<i64>(), scale in 0u16..18) {
        let number = Numeric::from_scaled(unscaled, scale);
        prop_assert_eq!(number.to_scaled(scale), Some(unscaled));
        let (mut direct, mut whole) = (Vec::new(), Vec::new());
        output::scaled(unscaled, scale, &mut direct);
        output::numeric(&number, &mut whole);
        prop_assert_eq!(direct, whole);
    }

    #[test]
    fn no_text_makes_reading_panic(text in ".{0,40}", (ty, _) in typed()) {
        let _ = input::parse_plain(&ty, &text, &TimeContext::default());
        let _ = input::parse_plain(&ty.array(), &text, &TimeContext::default());
    }

    #[test]
    fn no_time_text_makes_reading_panic(text in "[0-9:TZ+. -]{0,24}|[0-9a-zA-Z/:+., -]{0,30}|P[0-9YMDTHS.-]{0,12}") {
        for ty in [Type::Date, Type::Time, Type::Timestamp, Type::Timestamptz, Type::Interval] {
            let _ = input::parse_plain(&ty, &text, &TimeContext::default());
        }
    }

    #[test]
    fn no_template_makes_formatting_panic(template in "[YMDHISQWJFTZ90.,SMLPRGV\" a-z-]{0,20}|.{0,12}", micros in micros(), number in decimal(), text in "[0-9A-Za-z :.,+-]{0,20}") {
        let context = TimeContext::default();
        let env = Env { time: &context, clock: &FixedClock(0), random: &FixedRandomness::new(1) };
        let template = Value::Text(template);
        for (ty, value) in [(Type::Timestamptz, Value::Timestamptz(micros)), (Type::Numeric, number)] {
            let _ = func::call(Func::ToChar, &[ty, Type::Text], &Type::Text, &[value, template.clone()], &env);
        }
        let texts = [Type::Text, Type::Text];
        for (func, result) in [
            (Func::ToTimestamp, Type::Timestamptz),
            (Func::ToDate, Type::Date),
            (Func::ToNumber, Type::Numeric),
            (Func::RegexpMatch, Type::Text.array()),
            (Func::Format, Type::Text),
        ] {
            let _ = func::call(func, &texts, &result, &[Value::Text(text.clone()), template.clone()], &env);
            let _ = func::call(func, &texts, &result, &[template.clone(), Value::Text(text.clone())], &env);
        }
    }
}
