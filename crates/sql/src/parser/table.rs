//! CREATE TABLE: columns and constraints.

use super::{Failure, Parsed, Parser};
use crate::lexer::TokenKind;
use crate::span::Span;
use crate::tree::{
    ColumnConstraint, ColumnConstraintKind, ColumnDef, CreateTable, Deferral, Identity, Name, References,
    ReferentialAction, SequenceOptions, Statement, TableConstraint, TableConstraintKind,
};

/// A column or a constraint of a table.
enum Element {
    Column(Box<ColumnDef>),
    Constraint(Box<TableConstraint>),
}

impl Parser<'_> {
    /// Behind CREATE TABLE.
    pub fn create_table(&mut self, start: Span) -> Parsed<Statement> {
        let if_not_exists = self.eat_words(&["if", "not", "exists"]);
        let name = self.qualified_name("a table name")?;
        for words in [["partition", "of"], ["of", ""]] {
            if self.at_word(words[0]) {
                return Err(self.unsupported(words.join(" ").trim().to_ascii_uppercase(), self.here()));
            }
        }
        if self.at_word("as") {
            return Err(self.unsupported("CREATE TABLE … AS", self.here()));
        }
        if !self.at(TokenKind::OpenParen) {
            return Err(self.expected("`(` and the columns"));
        }
        self.advance();
        let (mut columns, mut constraints) = (Vec::new(), Vec::new());
        while !self.at(TokenKind::CloseParen) || !columns.is_empty() || !constraints.is_empty() {
            let element = self.at;
            match self.table_element() {
                Ok(Element::Column(column)) => columns.push(*column),
                Ok(Element::Constraint(constraint)) => constraints.push(*constraint),
                Err(failure) => self.skip_element(failure, element)?,
            }
            if self.eat(TokenKind::Comma) {
                continue;
            }
            if self.at(TokenKind::CloseParen) {
                break;
            }
            let failure = self.expected("`,` or `)`");
            self.skip_element(failure, element)?;
            if !self.eat(TokenKind::Comma) {
                break;
            }
        }
        self.close_list()?;
        self.table_end()?;
        Ok(Statement::CreateTable(CreateTable {
            if_not_exists,
            name,
            columns,
            constraints,
            span: self.since(start),
        }))
    }

    /// Notes the mistake and moves to the comma or parenthesis that ends the element which began at token `start`, so
    /// that the other elements are read too. Gives the failure back when there is no such end, or nothing is wrong.
    fn skip_element(&mut self, failure: Box<Failure>, start: usize) -> Parsed<()> {
        let Failure::Mistake(mistake) = *failure else { return Err(failure) };
        let mut depth = 0usize;
        for (at, token) in self.tokens.iter().enumerate().skip(start) {
            match token.kind {
                TokenKind::Comma | TokenKind::CloseParen if depth == 0 && at >= self.at => {
                    self.mistakes.push(mistake);
                    self.at = at;
                    return Ok(());
                }
                TokenKind::OpenParen => depth += 1,
                TokenKind::CloseParen => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        Err(Box::new(Failure::Mistake(mistake)))
    }

    /// What may follow the columns.
    fn table_end(&mut self) -> Parsed<()> {
        if self.is_end() {
            return Ok(());
        }
        let clauses = ["inherits", "partition", "using", "with", "on", "tablespace"];
        if self.at_word("without") && self.is_word(self.peek_at(1), "oids") {
            self.at += 2;
            return Ok(());
        }
        if self.at_any_word(&clauses) {
            let what = self.token_text(self.peek()).to_ascii_uppercase();
            return Err(self.unsupported(format!("{what} after the columns of a table"), self.here()));
        }
        Ok(())
    }

    fn table_element(&mut self) -> Parsed<Element> {
        if self.at_word("like") {
            return Err(self.unsupported("LIKE in a table", self.here()));
        }
        let constraint = ["constraint", "primary", "unique", "check", "foreign", "exclude"];
        let next = self.peek_at(1);
        let opens = next.kind == TokenKind::OpenParen;
        let exclude = self.at_word("exclude") && (opens || self.is_word(next, "using"));
        if exclude || constraint[..5].iter().any(|word| self.at_word(word)) {
            return Ok(Element::Constraint(Box::new(self.table_constraint()?)));
        }
        Ok(Element::Column(Box::new(self.column_def()?)))
    }

    /// `name type …`
    pub fn column_def(&mut self) -> Parsed<ColumnDef> {
        let start = self.here();
        let name = self.name("a column name")?;
        let type_name = self.type_name_for("a column type")?;
        let mut collation = None;
        let mut constraints: Vec<ColumnConstraint> = Vec::new();
        loop {
            if self.eat_word("collate") {
                collation = Some(self.qualified_name("a collation")?);
            } else if let Some(deferral) = self.deferral()? {
                match constraints.last_mut() {
                    Some(constraint) => constraint.deferral = deferral,
                    None => {
                        return Err(self.mistake(
                            "syntax",
                            self.last(),
                            "there is no constraint to defer here",
                        ));
                    }
                }
            } else if let Some(constraint) = self.column_constraint()? {
                constraints.push(constraint);
            } else {
                return Ok(ColumnDef { name, type_name, collation, constraints, span: self.since(start) });
            }
        }
    }

    fn column_constraint(&mut self) -> Parsed<Option<ColumnConstraint>> {
        let start = self.here();
        let name = if self.eat_word("constraint") { Some(self.name("a constraint name")?) } else { None };
        let Some(kind) = self.column_constraint_kind()? else {
            return if name.is_some() { Err(self.expected("a constraint")) } else { Ok(None) };
        };
        let deferral = Deferral::default();
        Ok(Some(ColumnConstraint { name, kind, deferral, span: self.since(start) }))
    }

    fn column_constraint_kind(&mut self) -> Parsed<Option<ColumnConstraintKind>> {
        let start = self.here();
        let kind = if self.eat_words(&["not", "null"]) {
            self.refuse_no_inherit()?;
            ColumnConstraintKind::NotNull
        } else if self.eat_word("null") {
            ColumnConstraintKind::Null
        } else if self.eat_word("default") {
            ColumnConstraintKind::Default(self.restricted_expr()?)
        } else if self.eat_word("generated") {
            self.generated()?
        } else if self.eat_word("check") {
            ColumnConstraintKind::Check(self.check_condition()?)
        } else if self.eat_word("unique") {
            ColumnConstraintKind::Unique { nulls_not_distinct: self.nulls_not_distinct()? }
        } else if self.eat_words(&["primary", "key"]) {
            ColumnConstraintKind::PrimaryKey
        } else if self.at_word("references") {
            ColumnConstraintKind::References(self.references()?)
        } else if self.at_any_word(&["storage", "compression"]) {
            let what = self.token_text(self.peek()).to_ascii_uppercase();
            return Err(self.unsupported(what, start));
        } else {
            return Ok(None);
        };
        if matches!(kind, ColumnConstraintKind::PrimaryKey | ColumnConstraintKind::Unique { .. }) {
            self.refuse_index_parameters()?;
        }
        Ok(Some(kind))
    }

    fn generated(&mut self) -> Parsed<ColumnConstraintKind> {
        let always = self.eat_word("always");
        if !always {
            self.expect_words(&["by", "default"])?;
        }
        self.expect_word("as")?;
        if self.eat_word("identity") {
            let sequence = Box::new(self.identity_options()?);
            return Ok(ColumnConstraintKind::Identity(Identity { always, sequence }));
        }
        if !always || !self.at(TokenKind::OpenParen) {
            return Err(self.expected(if always { "IDENTITY or `(`" } else { "IDENTITY" }));
        }
        self.advance();
        let expr = self.expr()?;
        self.expect(TokenKind::CloseParen)?;
        self.expect_word("stored")?;
        Ok(ColumnConstraintKind::Generated(expr))
    }

    /// `(START WITH 1 …)` behind IDENTITY.
    pub fn identity_options(&mut self) -> Parsed<SequenceOptions> {
        if !self.eat(TokenKind::OpenParen) {
            return Ok(SequenceOptions::default());
        }
        let options = self.sequence_options()?;
        self.expect(TokenKind::CloseParen)?;
        Ok(options)
    }

    /// `(condition)` behind CHECK.
    pub fn check_condition(&mut self) -> Parsed<crate::tree::Expr> {
        self.expect(TokenKind::OpenParen)?;
        let condition = self.expr()?;
        if !self.at(TokenKind::CloseParen) {
            return Err(self.expected("an operator or `)`"));
        }
        self.expect(TokenKind::CloseParen)?;
        self.refuse_no_inherit()?;
        Ok(condition)
    }

    fn refuse_no_inherit(&self) -> Parsed<()> {
        if self.at_words(&["no", "inherit"]) {
            Err(self.unsupported("NO INHERIT", self.here()))
        } else {
            Ok(())
        }
    }

    fn refuse_index_parameters(&self) -> Parsed<()> {
        let words = self.at_words(&["using", "index"]) || self.at_word("include") || self.at_words(&["with"]);
        if words { Err(self.unsupported("index parameters of a constraint", self.here())) } else { Ok(()) }
    }

    pub fn nulls_not_distinct(&mut self) -> Parsed<bool> {
        if !self.at_word("nulls") {
            return Ok(false);
        }
        self.advance();
        let not = self.eat_word("not");
        self.expect_word("distinct")?;
        Ok(not)
    }

    /// `REFERENCES table (columns) …`
    fn references(&mut self) -> Parsed<References> {
        let start = self.expect_word("references")?;
        let table = self.qualified_name("a table name")?;
        let columns = self.optional_column_names()?;
        let mut match_full = false;
        if self.eat_word("match") {
            match_full = self.eat_word("full");
            if self.at_word("partial") {
                return Err(self.unsupported("MATCH PARTIAL", self.here()));
            }
            if !match_full {
                self.expect_word("simple")?;
            }
        }
        let (mut on_delete, mut on_update) = (None, None);
        while self.at_word("on") {
            let place = self.here();
            self.advance();
            let slot = if self.eat_word("delete") {
                &mut on_delete
            } else if self.eat_word("update") {
                &mut on_update
            } else {
                return Err(self.expected("DELETE or UPDATE"));
            };
            if slot.replace(self.referential_action()?).is_some() {
                return Err(self.mistake(
                    "duplicate-clause",
                    self.since(place),
                    "this action is given twice",
                ));
            }
        }
        let (on_delete, on_update) = (on_delete.unwrap_or_default(), on_update.unwrap_or_default());
        Ok(References { table, columns, match_full, on_delete, on_update, span: self.since(start) })
    }

    fn referential_action(&mut self) -> Parsed<ReferentialAction> {
        if self.eat_words(&["no", "action"]) {
            Ok(ReferentialAction::NoAction)
        } else if self.eat_word("restrict") {
            Ok(ReferentialAction::Restrict)
        } else if self.eat_word("cascade") {
            Ok(ReferentialAction::Cascade)
        } else if self.eat_words(&["set", "null"]) {
            Ok(ReferentialAction::SetNull(self.optional_column_names()?))
        } else if self.eat_words(&["set", "default"]) {
            Ok(ReferentialAction::SetDefault(self.optional_column_names()?))
        } else {
            Err(self.expected("NO ACTION, RESTRICT, CASCADE, SET NULL or SET DEFAULT"))
        }
    }

    /// `[NOT] DEFERRABLE [INITIALLY …]`, if it comes.
    fn deferral(&mut self) -> Parsed<Option<Deferral>> {
        let mut deferral = None;
        if self.eat_words(&["not", "deferrable"]) {
            deferral = Some(Deferral::NotDeferrable);
        } else if self.eat_word("deferrable") {
            deferral = Some(Deferral::Immediate);
        }
        if !self.at_word("initially") {
            return Ok(deferral);
        }
        let place = self.here();
        self.advance();
        if self.eat_word("immediate") {
            return Ok(deferral.or(Some(Deferral::NotDeferrable)));
        }
        self.expect_word("deferred")?;
        if deferral == Some(Deferral::NotDeferrable) {
            let message = "a constraint that is NOT DEFERRABLE cannot be INITIALLY DEFERRED";
            return Err(self.mistake("deferral", self.since(place), message));
        }
        Ok(Some(Deferral::Deferred))
    }

    /// `[CONSTRAINT name] …` beside the columns.
    pub fn table_constraint(&mut self) -> Parsed<TableConstraint> {
        let start = self.here();
        let name = if self.eat_word("constraint") { Some(self.name("a constraint name")?) } else { None };
        let kind = self.table_constraint_kind()?;
        let deferral = self.deferral()?.unwrap_or_default();
        if self.at_words(&["not", "valid"]) {
            return Err(self.unsupported("NOT VALID", self.here()));
        }
        Ok(TableConstraint { name, kind, deferral, span: self.since(start) })
    }

    fn table_constraint_kind(&mut self) -> Parsed<TableConstraintKind> {
        let kind = if self.eat_words(&["primary", "key"]) {
            TableConstraintKind::PrimaryKey { columns: self.key_columns()? }
        } else if self.eat_word("unique") {
            let nulls_not_distinct = self.nulls_not_distinct()?;
            TableConstraintKind::Unique { columns: self.key_columns()?, nulls_not_distinct }
        } else if self.eat_word("check") {
            TableConstraintKind::Check(self.check_condition()?)
        } else if self.eat_words(&["foreign", "key"]) {
            let columns = self.column_names()?;
            if !self.at_word("references") {
                return Err(self.expected("REFERENCES"));
            }
            TableConstraintKind::ForeignKey { columns, references: self.references()? }
        } else if self.at_word("exclude") {
            return Err(self.unsupported("EXCLUDE constraints", self.here()));
        } else {
            return Err(self.expected("PRIMARY KEY, UNIQUE, CHECK or FOREIGN KEY"));
        };
        Ok(kind)
    }

    /// `(a, b)` of a primary key or unique constraint.
    fn key_columns(&mut self) -> Parsed<Vec<Name>> {
        if self.at_words(&["using", "index"]) {
            return Err(self.unsupported("USING INDEX", self.here()));
        }
        let columns = self.column_names()?;
        self.refuse_index_parameters()?;
        Ok(columns)
    }
}
