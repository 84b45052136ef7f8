//! Numbers as text.

use crate::Numeric;

/// Appends an integer.
pub fn int(value: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Appends a numeric with its scale, or `NaN`.
pub fn numeric(value: &Numeric, out: &mut Vec<u8>) {
    match value {
        Numeric::Finite(number) => crate::numeric::write(number, out),
        Numeric::NaN => out.extend_from_slice(b"NaN"),
    }
}

/// Appends `unscaled` divided by ten to the power of `scale`: a decimal that is stored as an integer.
pub fn scaled(unscaled: i64, scale: u16, out: &mut Vec<u8>) {
    crate::numeric::write_scaled(unscaled, u32::from(scale), out);
}

/// Appends a double: the shortest text that reads back as the same number, with an exponent from 1e+15 on and below
/// 1e-04.
pub fn float8(value: f64, out: &mut Vec<u8>) {
    if value.is_finite() {
        let mut buffer = zmij::Buffer::new();
        let shortest = buffer.format_finite(value).as_bytes();
        if value == 0.0 || (1e-4..1e15).contains(&value.abs()) {
            plain(shortest, out);
        } else {
            float(shortest, 15, out);
        }
    } else {
        special(value, out);
    }
}

/// Appends a real: as [`float8`], with an exponent from 1e+06 on.
pub fn float4(value: f32, out: &mut Vec<u8>) {
    if value.is_finite() {
        let mut buffer = zmij::Buffer::new();
        let shortest = buffer.format_finite(value).as_bytes();
        if value == 0.0 || (1e-4..1e6).contains(&value.abs()) {
            plain(shortest, out);
        } else {
            float(shortest, 6, out);
        }
    } else {
        special(f64::from(value), out);
    }
}

/// Appends digits without an exponent, and without a fraction that is zero.
fn plain(shortest: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(shortest.strip_suffix(b".0").unwrap_or(shortest));
}

fn special(value: f64, out: &mut Vec<u8>) {
    out.extend_from_slice(match value {
        value if value.is_nan() => b"NaN".as_slice(),
        value if value > 0.0 => b"Infinity",
        _ => b"-Infinity",
    });
}

/// Sets shortest digits, given in any notation, as PostgreSQL does: `limit` is the exponent from which on it uses one.
fn float(shortest: &[u8], limit: i32, out: &mut Vec<u8>) {
    let unsigned = match shortest {
        [b'-', rest @ ..] => {
            out.push(b'-');
            rest
        }
        _ => shortest,
    };
    let (digits, count, exponent) = take_apart(unsigned);
    let digits = &digits[..count];
    if !(-4..limit).contains(&exponent) {
        out.push(digits[0]);
        if count > 1 {
            out.push(b'.');
            out.extend_from_slice(&digits[1..]);
        }
        out.extend_from_slice(if exponent < 0 { b"e-" } else { b"e+" });
        if exponent.abs() < 10 {
            out.push(b'0');
        }
        int(i64::from(exponent.abs()), out);
    } else if exponent < 0 {
        out.extend_from_slice(b"0.");
        out.resize(out.len() + (-exponent - 1) as usize, b'0');
        out.extend_from_slice(digits);
    } else {
        let whole = exponent as usize + 1;
        if count > whole {
            out.extend_from_slice(&digits[..whole]);
            out.push(b'.');
            out.extend_from_slice(&digits[whole..]);
        } else {
            out.extend_from_slice(digits);
            out.resize(out.len() + whole - count, b'0');
        }
    }
}

/// The significant digits, how many they are, and the exponent of the first one.
fn take_apart(text: &[u8]) -> ([u8; 32], usize, i32) {
    let mut digits = [b'0'; 32];
    let (mut count, mut exponent, mut written) = (0, -1, 0);
    let mut after_point = false;
    for (position, byte) in text.iter().enumerate() {
        match byte {
            b'.' => after_point = true,
            b'e' | b'E' => {
                written = std::str::from_utf8(&text[position + 1..])
                    .ok()
                    .and_then(|text| text.parse().ok())
                    .unwrap_or(0);
                break;
            }
            b'0' if count == 0 => exponent -= i32::from(after_point),
            digit => {
                if count < digits.len() {
                    digits[count] = *digit;
                    count += 1;
                }
                exponent += i32::from(!after_point);
            }
        }
    }
    if count == 0 {
        return (digits, 1, 0);
    }
    while count > 1 && digits[count - 1] == b'0' {
        count -= 1;
    }
    (digits, count, exponent + written)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn double(value: f64) -> String {
        let mut out = Vec::new();
        float8(value, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn doubles_are_set_as_postgresql_does() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (0.1, "0.1"),
            (1e20, "1e+20"),
            (1e15, "1e+15"),
            (1e14, "100000000000000"),
            (123_456_789_012_345.6, "123456789012345.6"),
            (123_456_789_012_345_680.0, "1.2345678901234568e+17"),
            (1e-4, "0.0001"),
            (1e-5, "1e-05"),
            (1.5e-7, "1.5e-07"),
            (-123.456, "-123.456"),
            (1.797_693_134_862_315_7e308, "1.7976931348623157e+308"),
            (5e-324, "5e-324"),
            (100_000.0, "100000"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(double(value), text);
        }
    }

    #[test]
    fn reals_are_set_as_postgresql_does() {
        for (value, text) in
            [(0.1f32, "0.1"), (1e6, "1e+06"), (123_456.0, "123456"), (1_234_567.0, "1.234567e+06")]
        {
            let mut out = Vec::new();
            float4(value, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), text);
        }
    }
}
