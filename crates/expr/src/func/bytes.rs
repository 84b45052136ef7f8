//! Bytes, hashes and identifiers.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use mainstay_base::{Problem, Result};
use md5::{Digest, Md5};
use sha2::Sha256;

use super::Call;
use crate::input::scalar::{parse_escaped, parse_hex};
use crate::{Func, Value, output};

/// Padding may be missing.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

pub(super) fn compute(call: &Call<'_>) -> Result<Value> {
    Ok(match call.func {
        Func::ByteaConcat => Value::Bytea([call.bytes(0)?, call.bytes(1)?].concat()),
        Func::Md5 => {
            let digest = match call.value(0) {
                Value::Bytea(bytes) => Md5::digest(bytes),
                _ => Md5::digest(call.text(0)?),
            };
            Value::Text(hex(&digest))
        }
        Func::Sha256 => Value::Bytea(Sha256::digest(call.bytes(0)?).to_vec()),
        Func::Encode => Value::Text(encode(call.bytes(0)?, call.text(1)?)?),
        Func::Decode => Value::Bytea(decode(call.text(0)?, call.text(1)?)?),
        Func::ConvertFrom => {
            check_encoding(call.text(1)?)?;
            let text = std::str::from_utf8(call.bytes(0)?).map_err(|error| invalid_utf8(call, &error))?;
            Value::Text(text.to_owned())
        }
        Func::ConvertTo => {
            check_encoding(call.text(1)?)?;
            Value::Bytea(call.text(0)?.as_bytes().to_vec())
        }
        Func::GenRandomUuid => Value::Uuid(random_uuid(call)),
        Func::UuidV7 => Value::Uuid(ordered_uuid(call)),
        _ => return Err(call.misfit(0)),
    })
}

fn hex(bytes: &[u8]) -> String {
    let mut out = Vec::new();
    output::hex(bytes, &mut out);
    output::into_string(out)
}

fn encode(bytes: &[u8], format: &str) -> Result<String> {
    match format.to_ascii_lowercase().as_str() {
        "hex" => Ok(hex(bytes)),
        "base64" => {
            let encoded = BASE64.encode(bytes);
            // Lines of 76 characters, as MIME has them.
            let lines: Vec<&str> =
                (0..encoded.len()).step_by(76).map(|at| &encoded[at..encoded.len().min(at + 76)]).collect();
            Ok(lines.join("\n"))
        }
        "escape" => {
            let mut out = String::new();
            for byte in bytes {
                match byte {
                    b'\\' => out.push_str("\\\\"),
                    0 | 0x80.. => out.push_str(&format!("\\{byte:03o}")),
                    _ => out.push(char::from(*byte)),
                }
            }
            Ok(out)
        }
        _ => Err(unknown_format(format)),
    }
}

fn decode(text: &str, format: &str) -> Result<Vec<u8>> {
    match format.to_ascii_lowercase().as_str() {
        "hex" => parse_hex(text),
        "base64" => {
            let compact: String =
                text.chars().filter(|character| !crate::input::is_space(*character)).collect();
            if let Some(stranger) = compact
                .chars()
                .find(|character| !character.is_ascii_alphanumeric() && !matches!(character, '+' | '/' | '='))
            {
                let message = format!("invalid symbol \"{stranger}\" found while decoding base64 sequence");
                return Err(Problem::new("22023", message));
            }
            BASE64.decode(compact).map_err(|_| {
                Problem::new("22023", "invalid base64 end sequence")
                    .with_hint("Input data is missing padding, is truncated, or is otherwise corrupted.")
            })
        }
        "escape" => {
            parse_escaped(text).ok_or_else(|| Problem::new("22P02", "invalid input syntax for type bytea"))
        }
        _ => Err(unknown_format(format)),
    }
}

fn unknown_format(format: &str) -> Problem {
    Problem::new("22023", format!("unrecognized encoding: \"{format}\""))
}

fn check_encoding(name: &str) -> Result<()> {
    let compact: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    if matches!(compact.to_ascii_lowercase().as_str(), "utf8" | "unicode") {
        return Ok(());
    }
    Err(Problem::new("22023", format!("invalid encoding name \"{name}\"")))
}

fn invalid_utf8(call: &Call<'_>, error: &std::str::Utf8Error) -> Problem {
    let bytes = call.bytes(0).unwrap_or_default();
    let start = error.valid_up_to();
    let end = start + error.error_len().unwrap_or(1);
    let shown: Vec<String> =
        bytes[start..end.min(bytes.len())].iter().map(|byte| format!("0x{byte:02x}")).collect();
    let message = format!("invalid byte sequence for encoding \"UTF8\": {}", shown.join(" "));
    Problem::new("22021", message)
}

/// A version 4 uuid (RFC 9562).
fn random_uuid(call: &Call<'_>) -> [u8; 16] {
    let mut uuid = [0; 16];
    call.env.random.fill(&mut uuid);
    mark(&mut uuid, 4);
    uuid
}

/// A version 7 uuid (RFC 9562): milliseconds, then 12 bits of the rest of the microsecond, so that those of one process
/// are ordered by time.
fn ordered_uuid(call: &Call<'_>) -> [u8; 16] {
    let mut uuid = [0; 16];
    call.env.random.fill(&mut uuid[8..]);
    let now = call.env.clock.now_us().max(0) as u64;
    let (millis, micros) = (now / 1_000, now % 1_000);
    uuid[..6].copy_from_slice(&millis.to_be_bytes()[2..]);
    let fraction = (micros * 4_096 / 1_000) as u16;
    uuid[6..8].copy_from_slice(&fraction.to_be_bytes());
    mark(&mut uuid, 7);
    uuid
}

fn mark(uuid: &mut [u8; 16], version: u8) {
    uuid[6] = (uuid[6] & 0x0f) | (version << 4);
    uuid[8] = (uuid[8] & 0x3f) | 0x80;
}
