//! The command line: verbs and flags as people know them from git, cargo and the database tools.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, CommandFactory, Parser, Subcommand};
use mainstay_base::{Clock, SystemClock};
use mainstay_migrate::diagram;

use crate::db::DbCommand;
use crate::failure::{Doing, Result};
use crate::init::{self, Template};
use crate::keys::Keys;
use crate::project::Project;
use crate::settings::NO_ADDRESS;
use crate::words::tables_and_views;
use crate::{database, dev, pull, schema, serve};

/// What a command's end means to scripts.
const EXIT_CODES: &str = "\
Exit codes:
  0  all went well
  1  the machine, a file or the network stood in the way
  2  the command line is wrong
  3  the schema, the seed or the settings are wrong
  4  data would be lost, and --allow-data-loss was not given
  5  the database is not in the shape of the schema

Colours are used on terminals, unless NO_COLOR is set.";
const EXAMPLES: &str = "\
Examples:
  mainstay init shop --template shop && cd shop && mainstay dev
  mainstay init music --from-sql chinook.sql --public-read
  mainstay schema diff
  mainstay serve --listen 0.0.0.0:8000";

/// A complete back end in one program: PostgreSQL's schema language in, Supabase's wire API out.
#[derive(Debug, Parser)]
#[command(name = "mainstay", version, propagate_version = true, arg_required_else_help = true)]
#[command(after_help = EXAMPLES, after_long_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a new project.
    #[command(after_help = "Examples:\n  mainstay init notes\n  mainstay init shop --template shop\n  \
        mainstay init music --from-sql chinook.sql --public-read\n  pg_dump mydb > mydb.sql && mainstay init mydb --from-sql mydb.sql")]
    Init {
        /// The project's folder; nothing in it is overwritten.
        #[arg(value_name = "DIR")]
        folder: PathBuf,
        /// What to begin with.
        #[arg(long, value_enum, default_value_t = Template::Blank, conflicts_with = "from_sql")]
        template: Template,
        /// Begin with a script of psql, or a dump that pg_dump wrote as plain text.
        #[arg(long, value_name = "FILE")]
        from_sql: Option<PathBuf>,
        /// Let everyone read the tables of the script; without it they are closed until a policy opens them.
        #[arg(long, requires = "from_sql")]
        public_read: bool,
    },
    /// Serve a project while you work on it: changes of schema/ and mainstay.toml are in force as you save them.
    #[command(after_help = "Examples:\n  mainstay dev\n  mainstay dev shop --listen 127.0.0.1:3000")]
    Dev {
        #[command(flatten)]
        place: Place,
        /// The address to listen on; port 0 takes a free one.
        #[arg(long, value_name = "ADDR:PORT", value_parser = address)]
        listen: Option<SocketAddr>,
        /// Also apply changes that lose rows or values.
        #[arg(long)]
        allow_data_loss: bool,
    },
    /// Serve a project whose database is in the shape of its schema.
    #[command(after_help = "Examples:\n  mainstay serve\n  mainstay serve shop --listen 0.0.0.0:8000")]
    Serve {
        #[command(flatten)]
        place: Place,
        /// The address to listen on; port 0 takes a free one.
        #[arg(long, value_name = "ADDR:PORT", value_parser = address)]
        listen: Option<SocketAddr>,
        /// Write a line for each request.
        #[arg(long)]
        log: bool,
    },
    /// Print the project's keys.
    #[command(after_help = "Examples:\n  mainstay keys\n  mainstay keys --json shop\n  \
        mainstay keys --user 00000000-0000-4000-8000-000000000001")]
    Keys {
        #[command(flatten)]
        place: Place,
        /// As one JSON object.
        #[arg(long)]
        json: bool,
        /// A token for this user, valid for a day.
        #[arg(long, value_name = "UUID", value_parser = user_id, conflicts_with = "json")]
        user: Option<String>,
    },
    /// Check the schema, show what would change, or change it.
    Schema {
        #[command(subcommand)]
        command: SchemaCommand,
    },
    /// Work with the database's rows: seed, copy, dump, restore, reset.
    Db {
        #[command(subcommand)]
        command: DbCommand,
    },
    /// Print a script that completes commands in a shell.
    #[command(after_help = "Examples:\n  mainstay completions bash > /etc/bash_completion.d/mainstay\n  \
        mainstay completions zsh > ~/.zfunc/_mainstay\n  mainstay completions fish > ~/.config/fish/completions/mainstay.fish")]
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, Subcommand)]
enum SchemaCommand {
    /// Read schema/*.sql and report every mistake with its place.
    #[command(after_help = "Examples:\n  mainstay schema check\n  mainstay schema check shop")]
    Check {
        #[command(flatten)]
        place: Place,
    },
    /// Show what `apply` would do.
    #[command(after_help = "Examples:\n  mainstay schema diff")]
    Diff {
        #[command(flatten)]
        place: Place,
    },
    /// Bring the database into the shape of schema/*.sql, in one transaction.
    #[command(
        after_help = "Examples:\n  mainstay schema apply\n  mainstay schema apply shop --allow-data-loss"
    )]
    Apply {
        #[command(flatten)]
        place: Place,
        /// Also do what loses rows or values.
        #[arg(long)]
        allow_data_loss: bool,
    },
    /// Write schema/*.sql from the tables of a database that exists already.
    #[command(
        after_help = "Examples:\n  mainstay schema pull\n  MAINSTAY_DATABASE_URL=mysql://me@localhost/shop mainstay schema pull shop"
    )]
    Pull {
        #[command(flatten)]
        place: Place,
        /// Write over the files of an earlier pull.
        #[arg(long)]
        overwrite: bool,
    },
    /// Draw the tables and how they refer to each other: Mermaid on standard output, unless told otherwise.
    #[command(
        after_help = "Examples:\n  mainstay schema diagram > schema.mmd\n  mainstay schema diagram --svg schema.svg\n  \
        mainstay schema diagram shop --mermaid docs/schema.mmd --svg docs/schema.svg"
    )]
    Diagram {
        #[command(flatten)]
        place: Place,
        /// Write a picture that any browser shows.
        #[arg(long, value_name = "FILE")]
        svg: Option<PathBuf>,
        /// Write the text of a Mermaid diagram, as Git hosts show it in Markdown.
        #[arg(long, value_name = "FILE")]
        mermaid: Option<PathBuf>,
    },
}

fn address(text: &str) -> std::result::Result<SocketAddr, &'static str> {
    text.parse().map_err(|_| NO_ADDRESS)
}

/// Who signs in has an identifier that `auth.uid()` gives to policies, and that is a uuid.
fn user_id(text: &str) -> std::result::Result<String, &'static str> {
    let digits: Vec<usize> = text.split('-').map(str::len).collect();
    let is_uuid =
        digits == [8, 4, 4, 4, 12] && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit());
    if is_uuid {
        Ok(text.to_owned())
    } else {
        Err("expected a uuid, such as 00000000-0000-4000-8000-000000000001")
    }
}

/// Which project.
#[derive(Debug, Args)]
pub struct Place {
    /// The project's folder.
    #[arg(value_name = "DIR", default_value = ".")]
    folder: PathBuf,
}

impl Place {
    /// Opens it.
    pub fn open(&self) -> Result<Project> {
        Project::open(&self.folder)
    }
}

impl Arguments {
    /// Does what was asked.
    pub fn run(self) -> Result<()> {
        match self.command {
            Command::Init { folder, from_sql: Some(script), public_read, .. } => {
                init::from_sql(&folder, &script, public_read)
            }
            Command::Init { folder, template, .. } => init::from_template(&folder, template),
            Command::Serve { place, listen, log } => serve::run(place.open()?, listen, log),
            Command::Keys { place, json, user } => keys(&place.open()?, json, user),
            Command::Schema { command } => block_on(schema_command(command)),
            Command::Dev { place, listen, allow_data_loss } => {
                dev::run(&place.folder, listen, allow_data_loss)
            }
            Command::Db { command } => block_on(command.run()),
            Command::Completions { shell } => {
                completions(shell);
                Ok(())
            }
        }
    }
}

fn keys(project: &Project, json: bool, user: Option<String>) -> Result<()> {
    let keys = Keys::of(project)?;
    if let Some(user) = user {
        println!("{}", keys.user_token(&user, SystemClock.now_us() / 1_000_000)?);
    } else if json {
        println!("{}", serde_json::to_string(&keys).doing(|| "print the keys".to_owned())?);
    } else {
        println!("anon_key          {}", keys.anon_key);
        println!("service_role_key  {}", keys.service_role_key);
        println!("jwt_secret        {}", keys.jwt_secret);
    }
    Ok(())
}

async fn schema_command(command: SchemaCommand) -> Result<()> {
    match command {
        SchemaCommand::Check { place } => {
            let declared = schema::load(&place.open()?)?;
            println!("the schema is sound: {}", tables_and_views(&declared.catalog.tables));
        }
        SchemaCommand::Diff { place } => {
            let project = place.open()?;
            let declared = schema::load_quietly(&project)?;
            let engine = database::open(&project)?;
            if project.settings.database.is_adopted() {
                schema::adopted(engine.as_ref(), &declared).await?;
                println!("the schema fits the database");
                return Ok(engine.close().await?);
            }
            let migration = schema::difference(engine.as_ref(), &declared).await?;
            print_changes(&migration, "nothing would change");
            engine.close().await?;
        }
        SchemaCommand::Apply { place, allow_data_loss } => {
            let project = place.open()?;
            database::may_change(&project, "schema apply")?;
            let declared = schema::load(&project)?;
            let engine = database::open(&project)?;
            let migration = schema::apply(engine.as_ref(), &declared, allow_data_loss).await?;
            print_changes(&migration, "nothing had to change");
            engine.close().await?;
        }
        SchemaCommand::Pull { place, overwrite } => pull::run(&place.open()?, overwrite).await?,
        SchemaCommand::Diagram { place, svg, mermaid } => diagram(&place.open()?, svg, mermaid)?,
    }
    Ok(())
}

fn print_changes(migration: &mainstay_migrate::Migration, nothing: &str) {
    let lines = mainstay_migrate::describe(migration);
    if lines.is_empty() {
        println!("{nothing}");
    }
    for line in lines {
        println!("{line}");
    }
}

fn diagram(project: &Project, svg: Option<PathBuf>, mermaid: Option<PathBuf>) -> Result<()> {
    let catalog = schema::load_quietly(project)?.catalog;
    let write = |file: &PathBuf, text: String| {
        std::fs::write(file, text).doing(|| format!("write {}", file.display()))
    };
    if let Some(file) = &svg {
        write(file, diagram::svg(&catalog))?;
    }
    match &mermaid {
        Some(file) => write(file, diagram::mermaid(&catalog))?,
        None if svg.is_none() => print(diagram::mermaid(&catalog).as_bytes()),
        None => {}
    }
    Ok(())
}

/// Prints what is likely to be piped: a reader that has seen enough, such as `head`, is no failure.
fn print(text: &[u8]) {
    let _ = std::io::stdout().write_all(text);
}

fn completions(shell: clap_complete::Shell) {
    let mut command = Arguments::command();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "mainstay", &mut script);
    print(&script);
}

fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    serve::runtime()?.block_on(work)
}
