//! The command line: verbs and flags as people know them from git, cargo and the database tools.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use mainstay_base::{Clock, SystemClock};

use crate::failure::{Doing, Result};
use crate::keys::Keys;
use crate::project::Project;
use crate::{database, schema, seed, serve};

/// A complete back end in one program: PostgreSQL's schema language in, Supabase's wire API out.
#[derive(Debug, Parser)]
#[command(name = "mainstay", version, propagate_version = true, arg_required_else_help = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve a project whose database is in the shape of its schema.
    #[command(after_help = "Examples:\n  mainstay serve\n  mainstay serve shop --listen 0.0.0.0:8000")]
    Serve {
        #[command(flatten)]
        place: Place,
        /// The address to listen on; port 0 takes a free one.
        #[arg(long, value_name = "ADDR:PORT")]
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
        #[arg(long, value_name = "UUID")]
        user: Option<String>,
    },
    /// Check the schema, show what would change, or change it.
    Schema {
        #[command(subcommand)]
        command: SchemaCommand,
    },
    /// Work with the database's rows.
    Db {
        #[command(subcommand)]
        command: DbCommand,
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
}

#[derive(Debug, Subcommand)]
enum DbCommand {
    /// Add the rows of seed.sql.
    #[command(after_help = "Examples:\n  mainstay db seed\n  mainstay db seed shop")]
    Seed {
        #[command(flatten)]
        place: Place,
    },
}

/// Which project.
#[derive(Debug, Args)]
struct Place {
    /// The project's folder.
    #[arg(value_name = "DIR", default_value = ".")]
    folder: PathBuf,
}

impl Place {
    fn open(&self) -> Result<Project> {
        Project::open(&self.folder)
    }
}

impl Arguments {
    /// Does what was asked.
    pub fn run(self) -> Result<()> {
        match self.command {
            Command::Serve { place, listen, log } => serve::run(place.open()?, listen, log),
            Command::Keys { place, json, user } => keys(&place.open()?, json, user),
            Command::Schema { command } => block_on(schema_command(command)),
            Command::Db { command: DbCommand::Seed { place } } => block_on(db_seed(place)),
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
            println!("the schema is sound: {} tables and views", declared.catalog.tables.len());
        }
        SchemaCommand::Diff { place } => {
            let project = place.open()?;
            let declared = schema::load(&project)?;
            let engine = database::open(&project)?;
            let migration = schema::difference(engine.as_ref(), &declared).await?;
            print_changes(&migration, "nothing would change");
            engine.close().await?;
        }
        SchemaCommand::Apply { place, allow_data_loss } => {
            let project = place.open()?;
            let declared = schema::load(&project)?;
            let engine = database::open(&project)?;
            let migration = schema::apply(engine.as_ref(), &declared, allow_data_loss).await?;
            print_changes(&migration, "nothing had to change");
            engine.close().await?;
        }
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

async fn db_seed(place: Place) -> Result<()> {
    let project = place.open()?;
    let declared = schema::load(&project)?;
    let engine = database::open(&project)?;
    let applied = schema::current(engine.as_ref(), &declared).await?;
    match seed::run(&project, engine.as_ref(), &applied).await? {
        Some(rows) => println!("{rows} rows added"),
        None => println!("there is no seed.sql"),
    }
    engine.close().await?;
    Ok(())
}

fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    serve::runtime()?.block_on(work)
}
