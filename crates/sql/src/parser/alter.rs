//! ALTER, and the options of sequences.

use super::{Parsed, Parser};
use crate::lexer::TokenKind;
use crate::span::Span;
use crate::tree::{
    AlterOwner, AlterSequence, AlterTable, AlterTableAction, ColumnPath, Identity, QualifiedName,
    RowSecurity, SequenceOptions, SequenceOwner, Statement,
};

impl Parser<'_> {
    /// From ALTER on.
    pub fn alter(&mut self, start: Span) -> Parsed<Statement> {
        self.expect_word("alter")?;
        if self.eat_word("table") {
            return self.alter_table(start);
        }
        if self.at_word("sequence") && !self.changes_owner() {
            self.advance();
            let if_exists = self.eat_words(&["if", "exists"]);
            let name = self.qualified_name("a sequence name")?;
            let options = self.sequence_options()?;
            return Ok(Statement::AlterSequence(AlterSequence {
                if_exists,
                name,
                options,
                span: self.since(start),
            }));
        }
        if !self.changes_owner() {
            return Err(self.other_object("ALTER", start));
        }
        let kind = self.object_kind("ALTER", start)?;
        let object = self.object_of(&kind)?;
        self.expect_words(&["owner", "to"])?;
        let owner = self.role("a role")?;
        Ok(Statement::AlterOwner(AlterOwner { object, owner, span: self.since(start) }))
    }

    /// Whether the statement ends in `OWNER TO role`.
    fn changes_owner(&self) -> bool {
        let Some(at) = self.tokens.len().checked_sub(3) else { return false };
        self.is_word(self.tokens[at], "owner") && self.is_word(self.tokens[at + 1], "to")
    }

    fn alter_table(&mut self, start: Span) -> Parsed<Statement> {
        let if_exists = self.eat_words(&["if", "exists"]);
        self.eat_word("only");
        let name = self.qualified_name("a table name")?;
        self.eat_operator("*");
        let actions = self.list(Self::alter_table_action)?;
        Ok(Statement::AlterTable(AlterTable { if_exists, name, actions, span: self.since(start) }))
    }

    fn alter_table_action(&mut self) -> Parsed<AlterTableAction> {
        let start = self.here();
        let security = [
            (["enable", "row", "level", "security"].as_slice(), RowSecurity::Enable),
            (&["disable", "row", "level", "security"], RowSecurity::Disable),
            (&["force", "row", "level", "security"], RowSecurity::Force),
            (&["no", "force", "row", "level", "security"], RowSecurity::NoForce),
        ];
        for (words, action) in security {
            if self.eat_words(words) {
                return Ok(AlterTableAction::RowSecurity(action));
            }
        }
        if self.eat_word("add") {
            return self.add_to_table();
        }
        if self.eat_word("alter") {
            self.eat_word("column");
            return self.alter_column(start);
        }
        if self.eat_words(&["owner", "to"]) {
            return Ok(AlterTableAction::OwnerTo(self.role("a role")?));
        }
        let others = [
            "drop", "rename", "set", "reset", "enable", "disable", "inherit", "no", "cluster", "replica",
            "validate", "attach", "detach", "of", "not", "force",
        ];
        if self.at_any_word(&others) {
            let words =
                [self.peek(), self.peek_at(1)].map(|token| self.token_text(token).to_ascii_uppercase());
            return Err(self.unsupported(format!("ALTER TABLE … {}", words.join(" ").trim()), start));
        }
        Err(self.expected("ADD, ALTER, OWNER TO or ENABLE ROW LEVEL SECURITY"))
    }

    fn add_to_table(&mut self) -> Parsed<AlterTableAction> {
        let constraint = ["constraint", "primary", "unique", "check", "foreign"];
        let exclude = self.at_word("exclude") && self.is_word(self.peek_at(1), "using");
        if exclude || self.at_any_word(&constraint) {
            return Ok(AlterTableAction::AddConstraint(self.table_constraint()?));
        }
        self.eat_word("column");
        let if_not_exists = self.eat_words(&["if", "not", "exists"]);
        Ok(AlterTableAction::AddColumn { if_not_exists, column: self.column_def()? })
    }

    fn alter_column(&mut self, start: Span) -> Parsed<AlterTableAction> {
        let column = self.name("a column name")?;
        if self.eat_words(&["set", "default"]) {
            return Ok(AlterTableAction::SetDefault { column, value: self.expr()? });
        }
        if self.eat_words(&["drop", "default"]) {
            return Ok(AlterTableAction::DropDefault { column });
        }
        if self.eat_words(&["set", "not", "null"]) {
            return Ok(AlterTableAction::SetNotNull { column });
        }
        if self.eat_words(&["drop", "not", "null"]) {
            return Ok(AlterTableAction::DropNotNull { column });
        }
        if self.eat_words(&["add", "generated"]) {
            let always = self.eat_word("always");
            if !always {
                self.expect_words(&["by", "default"])?;
            }
            self.expect_words(&["as", "identity"])?;
            let sequence = Box::new(self.identity_options()?);
            return Ok(AlterTableAction::AddIdentity { column, identity: Identity { always, sequence } });
        }
        if self.at_any_word(&["set", "type", "drop", "reset", "restart"]) {
            let words =
                [self.peek(), self.peek_at(1)].map(|token| self.token_text(token).to_ascii_uppercase());
            return Err(
                self.unsupported(format!("ALTER COLUMN … {}", words.join(" ").trim()), self.since(start))
            );
        }
        Err(self.expected("SET DEFAULT, DROP DEFAULT, SET NOT NULL, DROP NOT NULL or ADD GENERATED"))
    }

    /// Options of a sequence, in any order, to the first word that is none.
    pub fn sequence_options(&mut self) -> Parsed<SequenceOptions> {
        let mut options = SequenceOptions::default();
        loop {
            if self.eat_word("as") {
                options.type_name = Some(self.type_name()?);
            } else if self.eat_word("start") {
                self.eat_word("with");
                options.start = Some(self.integer("a whole number")?);
            } else if self.eat_word("increment") {
                self.eat_word("by");
                options.increment = Some(self.integer("a whole number")?);
            } else if self.eat_words(&["no", "minvalue"]) {
                options.min = None;
            } else if self.eat_words(&["no", "maxvalue"]) {
                options.max = None;
            } else if self.eat_word("minvalue") {
                options.min = Some(self.integer("a whole number")?);
            } else if self.eat_word("maxvalue") {
                options.max = Some(self.integer("a whole number")?);
            } else if self.eat_word("cache") {
                options.cache = Some(self.integer("a whole number")?);
            } else if self.eat_words(&["no", "cycle"]) {
                options.cycle = Some(false);
            } else if self.eat_word("cycle") {
                options.cycle = Some(true);
            } else if self.eat_word("restart") {
                let with = self.eat_word("with");
                let number = with || self.at(TokenKind::Number) || self.at_operator("-");
                options.restart = Some(if number { Some(self.integer("a whole number")?) } else { None });
            } else if self.eat_words(&["owned", "by"]) {
                options.owned_by = Some(self.sequence_owner()?);
            } else if self.eat_words(&["sequence", "name"]) {
                options.name = Some(self.qualified_name("a sequence name")?);
            } else {
                return Ok(options);
            }
        }
    }

    fn sequence_owner(&mut self) -> Parsed<SequenceOwner> {
        if self.eat_word("none") {
            return Ok(SequenceOwner::None);
        }
        Ok(SequenceOwner::Column(self.column_path()?))
    }

    /// `table.column`, `schema.table.column`
    pub fn column_path(&mut self) -> Parsed<ColumnPath> {
        let first = self.name("a table and a column")?;
        self.expect(TokenKind::Dot)?;
        let second = self.label("a column name")?;
        if !self.eat(TokenKind::Dot) {
            let table = QualifiedName { schema: None, span: first.span, name: first };
            return Ok(ColumnPath { table, column: second });
        }
        let column = self.label("a column name")?;
        let table = QualifiedName { span: first.span.to(second.span), schema: Some(first), name: second };
        Ok(ColumnPath { table, column })
    }
}
