//! `mainstay db …`: what is done with all rows of a database at once.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Subcommand;
use mainstay_engine::Engine;

use crate::cli::Place;
use crate::failure::{Doing, Failure, Result};
use crate::words::{counted, tables_and_views};
use crate::{database, schema, seed, transfer};

const COPY_HELP: &str = "\
Examples:
  mainstay db copy --from sqlite:shop/.mainstay/data.db --to postgres://me@localhost/shop
  mainstay db copy --from postgres://me@localhost/shop --to sqlite:shop.db

An interrupted copy is gone on with by the same command. Rows are read from one state of the source, which may be in use;
the target is not served before everything is there.";

#[derive(Debug, Subcommand)]
pub enum DbCommand {
    /// Add the rows of seed.sql.
    #[command(after_help = "Examples:\n  mainstay db seed\n  mainstay db seed shop")]
    Seed {
        #[command(flatten)]
        place: Place,
    },
    /// Copy everything into another database, of any kind, and compare the two row by row.
    #[command(after_help = COPY_HELP)]
    Copy {
        /// The database to copy: sqlite:FILE, or postgres://USER:PASSWORD@HOST:PORT/DATABASE.
        #[arg(long, value_name = "URL")]
        from: String,
        /// The database to fill: an empty one, or one that an interrupted copy has begun to fill.
        #[arg(long, value_name = "URL")]
        to: String,
        /// Drop what an interrupted copy left, and begin anew.
        #[arg(long)]
        restart: bool,
    },
    /// Write everything into one file that fits every kind of database: the schema and the rows, as JSON lines with checksums.
    #[command(after_help = "Examples:\n  mainstay db dump shop.dump\n  mainstay db dump shop.dump.gz\n  \
        mainstay db dump - shop | gzip > shop.dump.gz\n  mainstay db dump old.dump --from sqlite:old.db")]
    Dump {
        /// The file; one that ends in .gz is compressed, and - is standard output.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        place: Place,
        /// Another database than the project's.
        #[arg(long, value_name = "URL", conflicts_with = "folder")]
        from: Option<String>,
    },
    /// Fill an empty database from such a file, and compare the two. A file that is cut off or altered changes nothing.
    #[command(after_help = "Examples:\n  mainstay db restore shop.dump\n  \
        mainstay db restore shop.dump.gz --to postgres://me@localhost/shop\n  ssh old mainstay db dump - shop | mainstay db restore - shop")]
    Restore {
        /// The file, compressed or not; - is standard input.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        place: Place,
        /// Another database than the project's.
        #[arg(long, value_name = "URL", conflicts_with = "folder")]
        to: Option<String>,
        /// Drop what an interrupted restoration left, and begin anew.
        #[arg(long)]
        restart: bool,
    },
    /// Begin anew: drop every table, apply schema/*.sql and add the rows of seed.sql.
    #[command(after_help = "Examples:\n  mainstay db reset --allow-data-loss")]
    Reset {
        #[command(flatten)]
        place: Place,
        /// Says that every row may go.
        #[arg(long)]
        allow_data_loss: bool,
    },
}

impl DbCommand {
    /// Does what was asked.
    pub async fn run(self) -> Result<()> {
        match self {
            Self::Seed { place } => seed_rows(&place).await,
            Self::Reset { place, allow_data_loss } => reset(&place, allow_data_loss).await,
            Self::Copy { from, to, restart } => {
                let (from, to) = (End::at(&from)?, End::at(&to)?);
                let (source, target) = (from.open_present()?, to.open()?);
                transfer::copy((&source, &from.name), (&target, &to.name), restart).await?;
                source.close().await?;
                Ok(target.close().await?)
            }
            Self::Dump { file, place, from } => {
                let end = End::of(&place, from.as_deref())?;
                let source = end.open_present()?;
                transfer::dump((&source, &end.name), &file).await?;
                Ok(source.close().await?)
            }
            Self::Restore { file, place, to, restart } => {
                let end = End::of(&place, to.as_deref())?;
                if let Some(project) = &end.project {
                    database::may_change(project, "db restore")?;
                }
                transfer::restore(&file, || Ok((end.open()?, end.name.clone())), restart).await
            }
        }
    }
}

/// A database that rows come from or go to.
struct End {
    url: String,
    folder: PathBuf,
    /// What it is called, and known by: the url without its password, or the file.
    name: String,
    /// The project it belongs to.
    project: Option<crate::project::Project>,
}

impl End {
    /// The one at a url.
    fn at(url: &str) -> Result<Self> {
        Self::new(url, Path::new("."))
    }

    /// The one at a url, else that of the project.
    fn of(place: &Place, url: Option<&str>) -> Result<Self> {
        if let Some(url) = url {
            return Self::at(url);
        }
        let project = place.open()?;
        let end = Self::new(&project.settings.database.url, &project.folder)?;
        Ok(Self { project: Some(project), ..end })
    }

    fn new(url: &str, folder: &Path) -> Result<Self> {
        let name = match database::sqlite_file(url, folder) {
            Some(file) => {
                let file = std::path::absolute(&file).doing(|| format!("find {}", file.display()))?;
                format!("sqlite:{}", file.display())
            }
            None => database::without_password(url),
        };
        Ok(Self { url: url.to_owned(), folder: folder.to_owned(), name, project: None })
    }

    fn open(&self) -> Result<Arc<dyn Engine>> {
        match &self.project {
            Some(project) => database::open(project),
            None => database::open_url(&self.url, &self.folder),
        }
    }

    /// Opens it only if it is there.
    fn open_present(&self) -> Result<Arc<dyn Engine>> {
        match database::sqlite_file(&self.url, &self.folder) {
            Some(file) if !file.exists() => {
                Err(Failure::new(format!("there is no database {}", file.display())))
            }
            _ => self.open(),
        }
    }
}

async fn seed_rows(place: &Place) -> Result<()> {
    let project = place.open()?;
    database::may_change(&project, "db seed")?;
    let declared = schema::load_quietly(&project)?;
    let engine = database::open(&project)?;
    let applied = schema::current(engine.as_ref(), &declared).await?;
    match seed::run(&project, engine.as_ref(), &applied).await? {
        Some(rows) => println!("{} added", counted(rows, "row")),
        None => println!("there is no seed.sql"),
    }
    engine.close().await?;
    Ok(())
}

async fn reset(place: &Place, allow_data_loss: bool) -> Result<()> {
    let project = place.open()?;
    database::may_change(&project, "db reset")?;
    if !allow_data_loss {
        return Err(Failure::loses_data(
            "this would drop every table with its rows\n  hint: `--allow-data-loss` does it all the same",
        ));
    }
    let declared = schema::load(&project)?;
    let engine = database::open(&project)?;
    schema::clear(engine.as_ref()).await?;
    schema::apply(engine.as_ref(), &declared, true).await?;
    let rows = seed::run(&project, engine.as_ref(), &declared.catalog).await?.unwrap_or_default();
    println!("{}, {}", tables_and_views(&declared.catalog.tables), counted(rows, "row"));
    engine.close().await?;
    Ok(())
}
