//! The hash of a server's certificate that SCRAM ties a password to (RFC 5929, 4.1: `tls-server-end-point`).

use aws_lc_rs::digest::{self, Algorithm};

/// The DER form of a SEQUENCE's tag and of an OBJECT IDENTIFIER's.
const SEQUENCE: u8 = 0x30;
const OBJECT: u8 = 0x06;
/// sha…WithRSAEncryption (RFC 8017, appendix C), but for their last number.
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01];
/// ecdsa-with-SHA… (RFC 5758, 3.2), but for their last number.
const ECDSA: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03];
/// ecdsa-with-SHA1 (RFC 3279, 2.2.3)
const ECDSA_SHA1: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01];

/// The hash of a certificate in DER form; `None` where its signature's algorithm has no hash of its own.
pub(crate) fn end_point(certificate: &[u8]) -> Option<Vec<u8>> {
    let algorithm = hash_of(signature_algorithm(certificate)?)?;
    Some(digest::digest(algorithm, certificate).as_ref().to_vec())
}

/// Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm SEQUENCE { OBJECT IDENTIFIER, … }, … } (RFC 5280, 4.1)
fn signature_algorithm(certificate: &[u8]) -> Option<&[u8]> {
    let (content, _) = value(certificate, SEQUENCE)?;
    let (_, rest) = value(content, SEQUENCE)?;
    let (algorithm, _) = value(rest, SEQUENCE)?;
    value(algorithm, OBJECT).map(|(name, _)| name)
}

/// A value with that tag, and what follows it.
fn value(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match usize::from(*first) {
        short @ 0..0x80 => (short, rest),
        long => {
            let (digits, rest) = rest.split_at_checked(long - 0x80)?;
            let length = digits.iter().try_fold(0usize, |length, digit| {
                length.checked_mul(256).map(|length| length + usize::from(*digit))
            })?;
            (length, rest)
        }
    };
    (*found == tag).then(|| rest.split_at_checked(length)).flatten()
}

/// MD5 and SHA-1 are replaced by SHA-256.
fn hash_of(algorithm: &[u8]) -> Option<&'static Algorithm> {
    if algorithm == ECDSA_SHA1 {
        return Some(&digest::SHA256);
    }
    let number = algorithm.strip_prefix(RSA);
    if let Some([number]) = number {
        return match number {
            4 | 5 | 11 => Some(&digest::SHA256),
            12 => Some(&digest::SHA384),
            13 => Some(&digest::SHA512),
            _ => None,
        };
    }
    match algorithm.strip_prefix(ECDSA)? {
        [2] => Some(&digest::SHA256),
        [3] => Some(&digest::SHA384),
        [4] => Some(&digest::SHA512),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate(algorithm: &[u8]) -> Vec<u8> {
        let name = [&[OBJECT, algorithm.len() as u8], algorithm].concat();
        let parts = [&[SEQUENCE, 0][..], &[SEQUENCE, name.len() as u8], &name].concat();
        [&[SEQUENCE, parts.len() as u8][..], &parts].concat()
    }

    #[test]
    fn the_hash_is_that_of_the_signature() {
        for (algorithm, length) in
            [(&[RSA, &[11]].concat(), 32), (&[RSA, &[13]].concat(), 64), (&[ECDSA, &[3]].concat(), 48)]
        {
            assert_eq!(end_point(&certificate(algorithm)).unwrap().len(), length);
        }
    }

    #[test]
    fn what_is_no_certificate_has_none() {
        let whole = certificate(&[RSA, &[11]].concat());
        for end in 0..whole.len() {
            assert_eq!(end_point(&whole[..end]), None);
        }
        assert_eq!(end_point(&certificate(&[0x2b, 0x65, 0x70])), None);
        assert_eq!(end_point(&[SEQUENCE, 0x89, 1, 1, 1, 1, 1, 1, 1, 1, 1]), None);
    }
}
