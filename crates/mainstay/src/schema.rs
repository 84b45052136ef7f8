//! The schema's files, and the database in their shape: check, diff, apply.

use std::sync::Arc;

use mainstay_catalog::Catalog;
use mainstay_engine::{Adopted, Engine};
use mainstay_migrate::{Migration, Safety};
use mainstay_sql::{Diagnostic, Diagnostics, FileId, SourceFiles, Span, Statement};

use crate::database;
use crate::failure::{Doing, Failure, Result, diagnose};
use crate::progress::Progress;
use crate::project::Project;

/// The declared schema: its catalog and its text.
pub struct Declared {
    /// What it means.
    pub catalog: Arc<Catalog>,
    /// All its files as one text, which the database stores.
    pub text: String,
}

/// Reads and resolves `schema/*.sql`, in name order. What is wrong is printed with its place, all of it.
pub fn load(project: &Project) -> Result<Declared> {
    read(project, true)
}

/// The same, but what is only worth a remark is passed over.
pub fn load_quietly(project: &Project) -> Result<Declared> {
    read(project, false)
}

fn read(project: &Project, remarks: bool) -> Result<Declared> {
    let files = files(project)?;
    let (catalog, diagnostics) = mainstay_catalog::load(&files);
    if remarks || diagnostics.has_errors() {
        diagnose(&files, &diagnostics);
    }
    match catalog {
        Some(catalog) => {
            exposed(project, &catalog)?;
            kept(project, &files, &catalog)?;
            Ok(Declared { catalog: Arc::new(catalog), text: text(&files) })
        }
        None => {
            let count = diagnostics.error_count();
            let plural = if count == 1 { "" } else { "s" };
            Err(Failure::invalid(format!("the schema has {count} error{plural}")))
        }
    }
}

/// The schemas that the API shows must be there.
fn exposed(project: &Project, catalog: &Catalog) -> Result<()> {
    let named = &project.settings.api.schemas;
    let Some(missing) = named.iter().find(|name| !catalog.schemas.contains_key(*name)) else { return Ok(()) };
    let known = catalog.schemas.keys().map(String::as_str);
    let hint = match mainstay_sql::closest(missing, known) {
        Some(meant) => format!("did you mean \"{meant}\"?"),
        None => format!("CREATE SCHEMA {} creates it", mainstay_sql::quote_name(missing)),
    };
    Err(Failure::invalid(format!(
        "[api] schemas names \"{missing}\", which schema/*.sql does not create\n  hint: {hint}"
    )))
}

/// The database must be able to keep the tables.
fn kept(project: &Project, files: &SourceFiles, catalog: &Catalog) -> Result<()> {
    let misfits = database::misfits(&project.settings.database.url, catalog);
    if misfits.is_empty() {
        return Ok(());
    }
    let (statements, _) = mainstay_sql::read(files);
    let mut diagnostics = Diagnostics::new();
    for (table, problem) in &misfits {
        let table = catalog.table(*table);
        let place = statements.iter().find_map(|statement| match statement {
            Statement::CreateTable(created) if created.name.name.text == table.name => {
                Some(created.name.span)
            }
            _ => None,
        });
        let mistake = Diagnostic::error(
            "not-for-this-database",
            place.unwrap_or(Span::new(FileId(0), 0, 0)),
            problem.message(),
        );
        let details = problem.details().and_then(|details| details.as_str()).map(str::to_owned);
        diagnostics.push(mistake.with_help_if(details));
    }
    diagnose(files, &diagnostics);
    let plural = if misfits.len() == 1 { "a table" } else { "some tables" };
    Err(Failure::invalid(format!("the database cannot keep {plural} of the schema")))
}

fn files(project: &Project) -> Result<SourceFiles> {
    let folder = project.schema_folder();
    let doing = || format!("read {}", folder.display());
    let mut names = Vec::new();
    if folder.is_dir() {
        for entry in std::fs::read_dir(&folder).doing(doing)? {
            let path = entry.doing(doing)?.path();
            if path.extension().is_some_and(|extension| extension == "sql") {
                names.push(path);
            }
        }
    }
    names.sort();
    let mut files = SourceFiles::new();
    for path in names {
        let text = std::fs::read_to_string(&path).doing(|| format!("read {}", path.display()))?;
        let shown = path.strip_prefix(&project.folder).unwrap_or(&path);
        files.add(shown.display().to_string(), text);
    }
    Ok(files)
}

fn text(files: &SourceFiles) -> String {
    files.iter().map(|(_, file)| format!("-- {}\n{}\n", file.name, file.text.trim_end())).collect()
}

/// How the applied schema of a database begins into which a copy is under way, or was interrupted.
pub const UNFINISHED_COPY: &str = "-- a copy into this database has not finished: ";

/// Whether a copy into a database was begun and not finished.
pub fn unfinished_copy(applied: &str) -> bool {
    applied.starts_with(UNFINISHED_COPY)
}

/// Why such a database is not used.
pub fn refuse_unfinished() -> Failure {
    Failure::out_of_date(
        "a copy into this database has not finished\n  hint: the same `mainstay db copy` or `mainstay db restore` goes on with it",
    )
}

/// The catalog that the database was brought into last; an empty one for a new database.
pub async fn applied(engine: &dyn Engine) -> Result<Arc<Catalog>> {
    read_applied(&engine.applied_schema().await?.unwrap_or_default())
}

/// The catalog of a schema that was applied.
pub fn read_applied(text: &str) -> Result<Arc<Catalog>> {
    let files = SourceFiles::single("the applied schema", text.to_owned());
    let (catalog, diagnostics) = mainstay_catalog::load(&files);
    match catalog {
        Some(catalog) => Ok(Arc::new(catalog)),
        None => Err(Failure::new(format!(
            "the schema that is stored in the database cannot be read by this version:\n{}",
            diagnostics.render(&files, false)
        ))),
    }
}

/// What would have to change.
///
/// # Errors
/// Exit code 5 when the database is half a copy, unless nothing is to be left of it.
pub async fn difference(engine: &dyn Engine, declared: &Declared) -> Result<Migration> {
    let text = engine.applied_schema().await?.unwrap_or_default();
    if unfinished_copy(&text) && !declared.text.is_empty() {
        return Err(refuse_unfinished());
    }
    Ok(mainstay_migrate::diff(&read_applied(&text)?, &declared.catalog))
}

/// Brings the database into the declared shape.
///
/// # Errors
/// Exit code 4 when values would be lost and that is not allowed.
pub async fn apply(engine: &dyn Engine, declared: &Declared, allow_data_loss: bool) -> Result<Migration> {
    let migration = difference(engine, declared).await?;
    let losses: Vec<&str> = migration
        .steps
        .iter()
        .filter_map(|step| match &step.safety {
            Safety::LosesData(what) => Some(what.as_str()),
            Safety::Safe | Safety::MayFail(_) => None,
        })
        .collect();
    if !losses.is_empty() && !allow_data_loss {
        let renamed = match migration.may_rename() {
            true => {
                "\n  hint: what only gets another name keeps its rows when its comment says what it was: \
                 COMMENT ON COLUMN t.new IS '@renamed-from old'"
            }
            false => "",
        };
        return Err(Failure::loses_data(format!(
            "this change would lose data:\n  - {}{renamed}\n  hint: `--allow-data-loss` does it all the same",
            losses.join("\n  - ")
        )));
    }
    let progress = Progress::new("rebuilding tables");
    engine.migrate(&migration, &declared.text, &|done, total| progress.report(done, total)).await?;
    Ok(migration)
}

/// Drops everything that was ever applied.
pub async fn clear(engine: &dyn Engine) -> Result<()> {
    let nothing = Declared { catalog: Arc::new(Catalog::default()), text: String::new() };
    apply(engine, &nothing, true).await.map(|_| ())
}

/// The declared catalog over the tables of a database that was there before.
///
/// # Errors
/// Exit code 5 when they are not as it says.
pub async fn adopted(engine: &dyn Engine, declared: &Declared) -> Result<Arc<Catalog>> {
    let Adopted { catalog, misfits } = engine.adopt(&declared.catalog).await?;
    if misfits.is_empty() {
        return Ok(catalog);
    }
    Err(Failure::out_of_date(format!(
        "schema/*.sql does not fit the database:\n  {}\n  hint: `mainstay schema pull` writes what the database has",
        misfits.join("\n  ")
    )))
}

/// The catalog that is to be served: the declared one, when it is that of the database.
///
/// # Errors
/// Exit code 5 when it is not.
pub async fn in_force(project: &Project, engine: &dyn Engine, declared: &Declared) -> Result<Arc<Catalog>> {
    match project.settings.database.is_adopted() {
        true => adopted(engine, declared).await,
        false => current(engine, declared).await,
    }
}

/// The declared catalog, when the database is in its shape.
///
/// # Errors
/// Exit code 5 when it is not.
pub async fn current(engine: &dyn Engine, declared: &Declared) -> Result<Arc<Catalog>> {
    let migration = difference(engine, declared).await?;
    let lines = mainstay_migrate::describe(&migration);
    if lines.is_empty() {
        return Ok(declared.catalog.clone());
    }
    Err(Failure::out_of_date(format!(
        "the database is not in the shape of schema/*.sql:\n  {}\n  hint: `mainstay schema apply` brings it there",
        lines.join("\n  ")
    )))
}
