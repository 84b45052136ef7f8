//! Files to statements: splitting, and going on after a mistake.

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::lexer::{self, Token, TokenKind};
use crate::parser::{Failure, Parsed, Parser};
use crate::source::SourceFiles;
use crate::span::{FileId, Span};
use crate::tree::{Expr, PsqlCommand, Query, Statement};

/// Offsets are 32 bits wide; a script beyond this belongs into the database by other means. In bytes.
const MAX_FILE_BYTES: usize = 1 << 30;

/// Reads all files, in their order. A statement with a mistake is left out of the result and has its diagnostics; of a
/// table only the columns and constraints with a mistake are left out, so that what refers to the table still finds it.
/// When [`Diagnostics::has_errors`], names that seem to be missing may be in what was left out.
pub fn read(files: &SourceFiles) -> (Vec<Statement>, Diagnostics) {
    let mut statements = Vec::new();
    let mut diagnostics = Diagnostics::new();
    for (file, source) in files.iter() {
        if source.text.len() > MAX_FILE_BYTES {
            let message = format!("`{}` is larger than {MAX_FILE_BYTES} bytes", source.name);
            diagnostics.push(Diagnostic::error("file-too-large", Span::new(file, 0, 0), message));
            continue;
        }
        let tokens = lexer::tokenize(&source.text, 0, source.text.len());
        for stretch in split(&source.text, &tokens) {
            statements.extend(read_statement(file, &source.text, stretch, &mut diagnostics));
        }
    }
    diagnostics.sort();
    (statements, diagnostics)
}

/// Reads one expression, as it may stand in a CHECK or a policy.
pub fn read_expression(text: &str) -> Result<Expr, Diagnostics> {
    read_whole(text, "the end of the expression", |parser| parser.expr())
}

/// Reads one query without a semicolon.
pub fn read_query(text: &str) -> Result<Query, Diagnostics> {
    read_whole(text, "the end of the query", |parser| parser.query())
}

fn read_whole<T>(
    text: &str,
    end: &str,
    rule: impl FnOnce(&mut Parser<'_>) -> Parsed<T>,
) -> Result<T, Diagnostics> {
    let tokens = lexer::tokenize(text, 0, text.len());
    let mut parser = Parser::new(FileId(0), text, &tokens, text.len() as u32);
    let result = rule(&mut parser);
    let result = result.and_then(|value| if parser.is_end() { Ok(value) } else { Err(parser.expected(end)) });
    result.map_err(|failure| {
        let mut diagnostics = Diagnostics::new();
        diagnostics.push(match *failure {
            Failure::Mistake(mistake) => mistake,
            Failure::Unsupported { what, place } => unsupported(&what, place),
        });
        diagnostics
    })
}

/// How an unsupported thing is told where it cannot be left to the caller.
fn unsupported(what: &str, place: Span) -> Diagnostic {
    Diagnostic::error("unsupported", place, format!("{what} is not supported"))
}

/// The tokens of one statement without its semicolon, and where it ends.
#[derive(Clone, Copy)]
struct Stretch<'a> {
    tokens: &'a [Token],
    /// The data lines of a COPY.
    data: Option<Token>,
    /// Offset of the semicolon, or of the end of the file.
    end: u32,
}

/// Cuts the tokens of a file into statements, at semicolons outside of function bodies, and at psql commands.
fn split<'a>(text: &str, tokens: &'a [Token]) -> Vec<Stretch<'a>> {
    let mut stretches = Vec::new();
    let mut start = 0;
    let mut at = 0;
    let mut body = Body::default();
    while at < tokens.len() {
        let token = tokens[at];
        body.advance(text, &tokens[start..=at]);
        at += 1;
        if token.kind == TokenKind::Psql {
            push(&mut stretches, &tokens[start..at - 1], token.start);
            push(&mut stretches, &tokens[at - 1..at], token.end);
        } else if token.kind == TokenKind::Semicolon && !body.is_open() {
            let data = tokens.get(at).filter(|next| next.kind == TokenKind::CopyData).copied();
            stretches.push(Stretch { tokens: &tokens[start..at - 1], data, end: token.start });
            at += usize::from(data.is_some());
        } else {
            continue;
        }
        start = at;
        body = Body::default();
    }
    push(&mut stretches, &tokens[start..], text.len() as u32);
    stretches
}

fn push<'a>(stretches: &mut Vec<Stretch<'a>>, tokens: &'a [Token], end: u32) {
    if !tokens.is_empty() {
        stretches.push(Stretch { tokens, data: None, end });
    }
}

/// Follows `BEGIN ATOMIC … END` of a function, in which semicolons do not end the statement.
#[derive(Default)]
struct Body {
    depth: u32,
}

impl Body {
    /// Takes in the last of the statement's tokens so far.
    fn advance(&mut self, text: &str, tokens: &[Token]) {
        let is = |token: &Token, word: &str| {
            token.kind == TokenKind::Word
                && text[token.start as usize..token.end as usize].eq_ignore_ascii_case(word)
        };
        let Some(last) = tokens.last().filter(|last| last.kind == TokenKind::Word) else { return };
        if self.depth > 0 {
            self.depth += u32::from(is(last, "case"));
            self.depth -= u32::from(is(last, "end"));
        } else if is(last, "atomic") && is(&tokens[0], "create") && tokens.len() > 1 {
            self.depth = u32::from(is(&tokens[tokens.len() - 2], "begin"));
        }
    }

    fn is_open(&self) -> bool {
        self.depth > 0
    }
}

fn read_statement(
    file: FileId,
    text: &str,
    stretch: Stretch<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<Statement> {
    let (first, last) = (stretch.tokens.first()?, stretch.tokens.last()?);
    let span = Span::new(file, first.start, last.end);
    if first.kind == TokenKind::Psql {
        return Some(Statement::Psql(psql_command(&text[first.start as usize..first.end as usize], span)));
    }
    let mut parser = Parser::new(file, text, stretch.tokens, stretch.end);
    let result = parser.statement(stretch.data);
    let mut mistakes = std::mem::take(&mut parser.mistakes);
    let statement = match result {
        Ok(statement) => Some(statement),
        Err(failure) => match *failure {
            Failure::Mistake(mistake) => {
                mistakes.push(mistake);
                None
            }
            Failure::Unsupported { what, place } => Some(Statement::Unsupported { what, place, span }),
        },
    };
    add_unclosed(&parser, stretch.tokens, &mut mistakes);
    diagnostics.extend(mistakes);
    statement
}

/// Tells of quotes that never close, even where another mistake stopped the reading before them.
fn add_unclosed(parser: &Parser<'_>, tokens: &[Token], mistakes: &mut Vec<Diagnostic>) {
    for token in tokens {
        if let TokenKind::Invalid(flaw) = token.kind
            && flaw.is_unclosed()
            && !mistakes.iter().any(|it| it.span.start == token.start)
        {
            mistakes.push(parser.flaw(*token, flaw));
        }
    }
}

fn psql_command(line: &str, span: Span) -> PsqlCommand {
    let line = line.trim_start_matches('\\');
    let (name, arguments) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    PsqlCommand {
        name: name.to_string(),
        arguments: arguments
            .trim_start()
            .trim_end_matches(|it: char| it.is_whitespace() || it == ';')
            .to_string(),
        span,
    }
}
