//! Constants: the text behind quotes and the digits of numbers.

use super::{Parsed, Parser};
use crate::lexer::{Token, TokenKind};

impl Parser<'_> {
    /// A text literal in any quoting, decoded. Literals with a line break between them are one, as in PostgreSQL.
    pub fn string(&mut self, what: &str) -> Parsed<String> {
        if !self.at_string() {
            return Err(self.expected(what));
        }
        let token = self.advance();
        let mut text = self.decode(token)?;
        let mut end = token.end;
        while token.kind != TokenKind::DollarString
            && self.at(TokenKind::String)
            && self.is_new_line_since(end)
        {
            let next = self.advance();
            text.push_str(&self.decode(next)?);
            end = next.end;
        }
        Ok(text)
    }

    pub fn at_string(&self) -> bool {
        is_string(self.peek().kind)
    }

    fn is_new_line_since(&self, end: u32) -> bool {
        let between = self.text.get(end as usize..self.peek().start as usize).unwrap_or("");
        between.contains('\n')
    }

    /// What a literal stands for.
    pub fn decode(&self, token: Token) -> Parsed<String> {
        let text = self.token_text(token);
        match token.kind {
            TokenKind::DollarString => {
                let tag = text[1..].find('$').map_or(0, |at| at + 2);
                Ok(text.get(tag..text.len() - tag).unwrap_or("").to_string())
            }
            TokenKind::EscapeString => self.decode_escapes(token),
            TokenKind::Unicode => Err(self.unsupported("U& literals", self.span_of(token))),
            _ => {
                let content = content(text);
                Ok(if content.contains('\'') { content.replace("''", "'") } else { content.to_string() })
            }
        }
    }

    fn decode_escapes(&self, token: Token) -> Parsed<String> {
        let mut characters = content(self.token_text(token)).chars().peekable();
        // Octal and hexadecimal escapes are bytes, which together must be UTF-8.
        let mut bytes = Vec::new();
        let invalid = |message: &str| self.mistake("invalid-escape", self.span_of(token), message);
        while let Some(character) = characters.next() {
            if character == '\'' {
                characters.next();
            }
            if character != '\\' {
                bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                continue;
            }
            let escaped = characters.next().unwrap_or('\\');
            let mut digits = |most: usize, radix: u32| {
                let mut value = None;
                for _ in 0..most {
                    let Some(digit) = characters.peek().and_then(|it| it.to_digit(radix)) else { break };
                    characters.next();
                    value = Some(value.unwrap_or(0) * radix + digit);
                }
                value
            };
            let decoded = match escaped {
                'b' => '\u{8}',
                'f' => '\u{c}',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'u' | 'U' => {
                    let length = if escaped == 'u' { 4 } else { 8 };
                    let code: String = characters.by_ref().take(length).collect();
                    let complete = code.len() == length && code.bytes().all(|byte| byte.is_ascii_hexdigit());
                    let code = complete.then(|| u32::from_str_radix(&code, 16).ok()).flatten();
                    code.and_then(char::from_u32)
                        .ok_or_else(|| invalid("this Unicode escape names no character"))?
                }
                '0'..='7' => {
                    let first = escaped.to_digit(8).unwrap_or(0);
                    let octal = [digits(1, 8), digits(1, 8)]
                        .into_iter()
                        .flatten()
                        .fold(first, |all, it| all * 8 + it);
                    bytes.push(octal as u8);
                    continue;
                }
                'x' => match digits(2, 16) {
                    Some(byte) => {
                        bytes.push(byte as u8);
                        continue;
                    }
                    None => 'x',
                },
                other => other,
            };
            bytes.extend_from_slice(decoded.encode_utf8(&mut [0; 4]).as_bytes());
        }
        if bytes.contains(&0) {
            return Err(invalid("a text cannot hold the character zero"));
        }
        String::from_utf8(bytes).map_err(|_| invalid("the bytes of these escapes are not UTF-8"))
    }

    /// A number token in decimal, without underscores.
    pub fn decode_number(&self, token: Token) -> Parsed<String> {
        let text = self.token_text(token).replace('_', "").to_ascii_lowercase();
        let radix = match text.get(..2) {
            Some("0x") => 16,
            Some("0o") => 8,
            Some("0b") => 2,
            _ => return Ok(text),
        };
        let value = u128::from_str_radix(&text[2..], radix);
        let value = value
            .map_err(|_| self.mistake("invalid-number", self.span_of(token), "this number is too large"))?;
        Ok(value.to_string())
    }

    /// A whole number with an optional sign.
    pub fn integer<T: std::str::FromStr>(&mut self, what: &str) -> Parsed<T> {
        let negative = self.at_operator("-") && self.peek_at(1).kind == TokenKind::Number;
        let positive = self.at_operator("+") && self.peek_at(1).kind == TokenKind::Number;
        let token = self.peek_at(usize::from(negative || positive));
        if token.kind != TokenKind::Number {
            return Err(self.expected(what));
        }
        let digits = self.decode_number(token)?;
        let text = if negative { format!("-{digits}") } else { digits };
        let start = self.here();
        let value = text.parse();
        let place = start.to(self.span_of(token));
        let value = value
            .map_err(|_| self.mistake("invalid-number", place, format!("`{text}` is not {what} in range")))?;
        self.at += 1 + usize::from(negative || positive);
        Ok(value)
    }
}

/// Whether a token is a text literal.
pub(super) fn is_string(kind: TokenKind) -> bool {
    matches!(kind, TokenKind::String | TokenKind::EscapeString | TokenKind::DollarString | TokenKind::Unicode)
}

/// What is between the single quotes.
pub(super) fn content(text: &str) -> &str {
    let opening = text.find('\'').map_or(0, |at| at + 1);
    text.get(opening..text.len().saturating_sub(1)).unwrap_or("")
}
