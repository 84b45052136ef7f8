//! Text to tokens: PostgreSQL's lexical rules, and those of psql for its commands and for COPY data.
//!
//! Tokens are kinds with byte offsets; their text is looked up in the source when it is needed. A flaw in the text
//! (a quote that never closes, a stray character) is a token too, so that one of them does not end the reading.

/// A token's kind and place in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub kind: TokenKind,
    pub start: u32,
    pub end: u32,
}

/// Kinds of token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// A word without quotes.
    Word,
    /// A name in double quotes.
    QuotedName,
    /// `'text'`, `N'text'`
    String,
    /// `E'text'`
    EscapeString,
    /// `$tag$text$tag$`
    DollarString,
    /// `U&'text'`, `U&"name"`
    Unicode,
    /// `B'01'`
    Bits,
    /// `X'1F'`
    HexBits,
    Number,
    /// `$1`
    Parameter,
    Operator,
    OpenParen,
    CloseParen,
    OpenBracket,
    CloseBracket,
    Comma,
    Semicolon,
    Dot,
    /// `:`
    Colon,
    /// `::`
    Cast,
    /// `:=`
    Assign,
    /// `=>`
    Arrow,
    /// A psql command to the end of its line.
    Psql,
    /// The lines after `COPY … FROM stdin;`, without the closing `\.`.
    CopyData,
    Invalid(Flaw),
    /// Behind the last token.
    End,
}

/// Why a piece of text is no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    UnclosedString,
    UnclosedName,
    UnclosedDollar,
    UnclosedComment,
    EmptyName,
    Number,
    Character,
}

impl Flaw {
    /// Whether the flaw swallowed what follows it, so that it must be told even when something else is wrong before it.
    pub fn is_unclosed(self) -> bool {
        matches!(
            self,
            Flaw::UnclosedString | Flaw::UnclosedName | Flaw::UnclosedDollar | Flaw::UnclosedComment
        )
    }
}

/// All tokens of a range of the text. Offsets are those of the whole text.
pub(crate) fn tokenize(text: &str, start: usize, end: usize) -> Vec<Token> {
    let mut lexer = Lexer {
        bytes: &text.as_bytes()[..end],
        text,
        at: start,
        tokens: Vec::with_capacity((end - start) / 4),
        first: 0,
    };
    lexer.run();
    lexer.tokens
}

struct Lexer<'a> {
    text: &'a str,
    /// The text up to the end of the range.
    bytes: &'a [u8],
    at: usize,
    tokens: Vec<Token>,
    /// Index of the current statement's first token.
    first: usize,
}

impl Lexer<'_> {
    fn run(&mut self) {
        if self.rest().starts_with("\u{feff}".as_bytes()) {
            self.at += 3;
        }
        while self.at < self.bytes.len() {
            let start = self.at;
            let Some(kind) = self.next() else { continue };
            self.push(kind, start);
            match kind {
                TokenKind::Semicolon => self.end_statement(),
                TokenKind::Psql => self.first = self.tokens.len(),
                _ => {}
            }
        }
    }

    fn push(&mut self, kind: TokenKind, start: usize) {
        self.tokens.push(Token { kind, start: start as u32, end: self.at as u32 });
    }

    fn rest(&self) -> &[u8] {
        &self.bytes[self.at.min(self.bytes.len())..]
    }

    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    /// Moves behind the next token and gives its kind; `None` for blanks and comments.
    fn next(&mut self) -> Option<TokenKind> {
        use TokenKind::*;
        let single = |lexer: &mut Self, kind| {
            lexer.at += 1;
            Some(kind)
        };
        match self.peek(0) {
            b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c => {
                self.at += 1;
                None
            }
            b'-' if self.peek(1) == b'-' => {
                self.skip_line();
                None
            }
            b'/' if self.peek(1) == b'*' => self.comment(),
            b'(' => single(self, OpenParen),
            b')' => single(self, CloseParen),
            b'[' => single(self, OpenBracket),
            b']' => single(self, CloseBracket),
            b',' => single(self, Comma),
            b';' => single(self, Semicolon),
            b'.' if self.peek(1).is_ascii_digit() => Some(self.number()),
            b'.' => single(self, Dot),
            b':' => Some(self.colon()),
            b'\'' => Some(self.quoted(String)),
            b'"' => Some(self.quoted_name()),
            b'$' => Some(self.dollar()),
            b'\\' => {
                self.skip_line();
                Some(Psql)
            }
            b'0'..=b'9' => Some(self.number()),
            byte if is_word_start(byte) => Some(self.word()),
            byte if is_operator(byte) => Some(self.operator()),
            _ => {
                let width = self.text[self.at..].chars().next().map_or(1, char::len_utf8);
                self.at += width;
                Some(Invalid(Flaw::Character))
            }
        }
    }

    /// Moves to the end of the line, in front of its newline.
    fn skip_line(&mut self) {
        let length = self.rest().iter().position(|byte| *byte == b'\n').unwrap_or(self.rest().len());
        self.at += length;
        if length > 0 && self.bytes[self.at - 1] == b'\r' {
            self.at -= 1;
        }
    }

    fn comment(&mut self) -> Option<TokenKind> {
        let start = self.at;
        let mut depth = 0u32;
        while self.at < self.bytes.len() {
            match (self.peek(0), self.peek(1)) {
                (b'/', b'*') => {
                    depth += 1;
                    self.at += 2;
                }
                (b'*', b'/') => {
                    depth -= 1;
                    self.at += 2;
                    if depth == 0 {
                        return None;
                    }
                }
                _ => self.at += 1,
            }
        }
        self.at = start + 2;
        self.skip_line();
        Some(TokenKind::Invalid(Flaw::UnclosedComment))
    }

    fn colon(&mut self) -> TokenKind {
        let (kind, width) = match self.peek(1) {
            b':' => (TokenKind::Cast, 2),
            b'=' => (TokenKind::Assign, 2),
            _ => (TokenKind::Colon, 1),
        };
        self.at += width;
        kind
    }

    /// A literal in single quotes, the position being on the opening quote.
    fn quoted(&mut self, kind: TokenKind) -> TokenKind {
        let opening = self.at;
        self.at += 1;
        while self.at < self.bytes.len() {
            match self.peek(0) {
                b'\'' if self.peek(1) == b'\'' => self.at += 2,
                b'\'' => {
                    self.at += 1;
                    return kind;
                }
                b'\\' if kind == TokenKind::EscapeString => self.at += 2,
                _ => self.at += 1,
            }
        }
        self.unclosed(opening, Flaw::UnclosedString)
    }

    /// Ends an unclosed quote with its line, so that the lines after it are still read.
    fn unclosed(&mut self, opening: usize, flaw: Flaw) -> TokenKind {
        self.at = opening + 1;
        self.skip_line();
        self.at = self.at.max(opening + 1);
        TokenKind::Invalid(flaw)
    }

    fn quoted_name(&mut self) -> TokenKind {
        let opening = self.at;
        self.at += 1;
        while self.at < self.bytes.len() {
            match self.peek(0) {
                b'"' if self.peek(1) == b'"' => self.at += 2,
                b'"' => {
                    self.at += 1;
                    let empty = self.at == opening + 2;
                    return if empty { TokenKind::Invalid(Flaw::EmptyName) } else { TokenKind::QuotedName };
                }
                _ => self.at += 1,
            }
        }
        self.unclosed(opening, Flaw::UnclosedName)
    }

    fn dollar(&mut self) -> TokenKind {
        let opening = self.at;
        if self.peek(1).is_ascii_digit() {
            self.at += 1;
            self.skip_while(|byte| byte.is_ascii_digit());
            return TokenKind::Parameter;
        }
        self.at += 1;
        if is_word_start(self.peek(0)) {
            self.skip_while(|byte| is_word_part(byte) && byte != b'$');
        }
        if self.peek(0) != b'$' {
            self.at = opening + 1;
            return TokenKind::Invalid(Flaw::Character);
        }
        self.at += 1;
        let tag = &self.bytes[opening..self.at];
        match find(self.rest(), tag) {
            Some(length) => {
                self.at += length + tag.len();
                TokenKind::DollarString
            }
            None => self.unclosed(opening, Flaw::UnclosedDollar),
        }
    }

    fn skip_while(&mut self, test: impl Fn(u8) -> bool) {
        self.at += self.rest().iter().position(|byte| !test(*byte)).unwrap_or(self.rest().len());
    }

    fn number(&mut self) -> TokenKind {
        let radix_digit: Option<fn(u8) -> bool> = match (self.peek(0), self.peek(1) | 0x20) {
            (b'0', b'x') => Some(|byte| byte.is_ascii_hexdigit()),
            (b'0', b'o') => Some(|byte| (b'0'..=b'7').contains(&byte)),
            (b'0', b'b') => Some(|byte| byte == b'0' || byte == b'1'),
            _ => None,
        };
        let mut valid = true;
        if let Some(test) = radix_digit {
            self.at += 2;
            let digits = self.at;
            self.skip_while(|byte| test(byte) || byte == b'_');
            valid = self.at > digits;
        } else {
            self.skip_while(|byte| byte.is_ascii_digit() || byte == b'_');
            if self.peek(0) == b'.' {
                self.at += 1;
                self.skip_while(|byte| byte.is_ascii_digit() || byte == b'_');
            }
            if self.peek(0) | 0x20 == b'e' {
                let sign = usize::from(matches!(self.peek(1), b'+' | b'-'));
                if self.peek(1 + sign).is_ascii_digit() {
                    self.at += 1 + sign;
                    self.skip_while(|byte| byte.is_ascii_digit() || byte == b'_');
                }
            }
        }
        valid &= self.bytes[self.at - 1] != b'_';
        if is_word_part(self.peek(0)) {
            self.skip_while(is_word_part);
            valid = false;
        }
        if valid { TokenKind::Number } else { TokenKind::Invalid(Flaw::Number) }
    }

    /// A word, or a literal whose opening quote has a letter before it.
    fn word(&mut self) -> TokenKind {
        let prefixed = match (self.peek(0) | 0x20, self.peek(1)) {
            (b'e', b'\'') => Some(TokenKind::EscapeString),
            (b'n', b'\'') => Some(TokenKind::String),
            (b'b', b'\'') => Some(TokenKind::Bits),
            (b'x', b'\'') => Some(TokenKind::HexBits),
            _ => None,
        };
        if let Some(kind) = prefixed {
            self.at += 1;
            return self.quoted(kind);
        }
        if self.peek(0) | 0x20 == b'u' && self.peek(1) == b'&' && matches!(self.peek(2), b'\'' | b'"') {
            self.at += 2;
            let kind =
                if self.peek(0) == b'"' { self.quoted_name() } else { self.quoted(TokenKind::Unicode) };
            return if kind == TokenKind::QuotedName { TokenKind::Unicode } else { kind };
        }
        self.skip_while(is_word_part);
        TokenKind::Word
    }

    /// An operator: the longest run of operator characters that does not run into a comment. A sign at its end belongs to
    /// what follows, unless the run holds a character that no standard operator has.
    fn operator(&mut self) -> TokenKind {
        let start = self.at;
        while is_operator(self.peek(0))
            && !matches!((self.peek(0), self.peek(1)), (b'-', b'-') | (b'/', b'*'))
        {
            self.at += 1;
        }
        let keeps_sign = self.bytes[start..self.at].iter().any(|byte| b"~!@#%^&|?".contains(byte));
        while !keeps_sign && self.at > start + 1 && matches!(self.bytes[self.at - 1], b'+' | b'-') {
            self.at -= 1;
        }
        if &self.bytes[start..self.at] == b"=>" { TokenKind::Arrow } else { TokenKind::Operator }
    }

    /// After a semicolon: reads the data lines when the statement was `COPY … FROM stdin`.
    fn end_statement(&mut self) {
        let copies = self.is_copy_from_stdin();
        if copies {
            self.skip_line();
            self.skip_while(|byte| byte == b'\r');
            self.at = (self.at + 1).min(self.bytes.len());
            self.copy_data();
        }
        self.first = self.tokens.len();
    }

    fn is_copy_from_stdin(&self) -> bool {
        let tokens = &self.tokens[self.first..];
        let is = |token: &Token, word: &str| {
            token.kind == TokenKind::Word
                && self.text[token.start as usize..token.end as usize].eq_ignore_ascii_case(word)
        };
        tokens.first().is_some_and(|token| is(token, "copy"))
            && tokens.windows(2).any(|pair| is(&pair[0], "from") && is(&pair[1], "stdin"))
    }

    fn copy_data(&mut self) {
        let start = self.at;
        loop {
            let line = self.at;
            let length = self.rest().iter().position(|byte| *byte == b'\n');
            let end = length.map_or(self.bytes.len(), |length| line + length);
            let next = length.map_or(self.bytes.len(), |length| line + length + 1);
            let content = self.bytes[line..end].strip_suffix(b"\r").unwrap_or(&self.bytes[line..end]);
            let last = content == b"\\.";
            if last || length.is_none() {
                self.at = if last { line } else { end };
                self.push(TokenKind::CopyData, start);
                self.at = next;
                return;
            }
            self.at = next;
        }
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    let first = needle[0];
    let mut from = 0;
    while let Some(at) = haystack[from..].iter().position(|byte| *byte == first) {
        if haystack[from + at..].starts_with(needle) {
            return Some(from + at);
        }
        from += at + 1;
    }
    None
}

/// Whether an identifier may begin with this byte. Bytes beyond ASCII are letters, as in PostgreSQL.
pub(crate) fn is_word_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

/// Whether an identifier may go on with this byte.
pub(crate) fn is_word_part(byte: u8) -> bool {
    is_word_start(byte) || byte.is_ascii_digit() || byte == b'$'
}

fn is_operator(byte: u8) -> bool {
    b"+-*/<>=~!@#%^&|?".contains(&byte)
}
