//! Writes an archive: beside its name at first, so that what stands under the name is always whole.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use mainstay_base::Problem;
use mainstay_catalog::Catalog;
use mainstay_engine::Sequence;
use serde::Serialize;
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;
use tokio::sync::mpsc;

use super::{EndLine, Header, MAGIC, RowsLine, SequenceLine, TableLine, VERSION, hexadecimal};
use crate::failure::{Doing, Failure, Result};
use crate::transfer::layout::Layout;
use crate::transfer::report::TableReport;
use crate::transfer::{BATCHES, Source, Start};

/// Bytes that are written at once.
const BUFFER_BYTES: usize = 256 * 1024;

/// An archive that is being written.
pub struct ArchiveWriter {
    out: BufWriter<Out>,
    path: PathBuf,
    hash: Sha256,
    tables: u64,
    rows: u64,
    bytes: u64,
}

enum Out {
    Standard(io::Stdout),
    Plain(NamedTempFile),
    Gzip(GzEncoder<NamedTempFile>),
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Standard(out) => out.write(bytes),
            Self::Plain(out) => out.write(bytes),
            Self::Gzip(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Standard(out) => out.flush(),
            Self::Plain(out) => out.flush(),
            Self::Gzip(out) => out.flush(),
        }
    }
}

impl ArchiveWriter {
    /// Begins the archive of a source; `-` is standard output.
    pub fn create(path: &Path, source: &dyn Source) -> Result<Self> {
        let doing = || format!("create {}", path.display());
        let beside = || {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            tempfile::Builder::new().prefix(".mainstay-dump-").tempfile_in(folder.unwrap_or(Path::new(".")))
        };
        let out = if path == Path::new("-") {
            Out::Standard(io::stdout())
        } else if path.extension().is_some_and(|extension| extension == "gz") {
            Out::Gzip(GzEncoder::new(beside().doing(doing)?, Compression::fast()))
        } else {
            Out::Plain(beside().doing(doing)?)
        };
        let mut writer = Self {
            out: BufWriter::with_capacity(BUFFER_BYTES, out),
            path: path.to_owned(),
            hash: Sha256::new(),
            tables: 0,
            rows: 0,
            bytes: 0,
        };
        let program = env!("CARGO_PKG_VERSION").to_owned();
        let source_name = source.name().to_owned();
        writer.line(MAGIC, &Header { version: VERSION, program, source: source_name })?;
        writer.line("schema", &source.schema())?;
        Ok(writer)
    }

    /// Writes a table; answers with the number of its rows.
    pub async fn table(
        &mut self,
        source: &mut dyn Source,
        layout: &Layout,
        told: TableReport,
    ) -> Result<u64> {
        let table = source.catalog().table(layout.table);
        let columns = layout.columns.iter().map(|column| column.name.clone()).collect();
        let line = TableLine { schema: table.schema.clone(), name: table.name.clone(), columns };
        self.line("table", &line)?;
        let (sender, mut batches) = mpsc::channel(BATCHES);
        let read = source.rows(layout, &Start::First, sender);
        let mut hash = Sha256::new();
        let write = async {
            let mut count = 0;
            while let Some(batch) = batches.recv().await {
                for row in batch.rows() {
                    self.write(row).and_then(|()| self.write(b"\n")).doing(|| self.doing())?;
                    hash.update(row);
                    hash.update(b"\n");
                    count += 1;
                }
                told.add(batch.len() as u64);
            }
            Ok::<u64, Failure>(count)
        };
        let (read, count) = futures_util::future::join(read, write).await;
        read?;
        let count = count?;
        self.line("rows", &RowsLine { count, sha256: hexadecimal(&hash.finalize()) })?;
        self.tables += 1;
        self.rows += count;
        told.end();
        Ok(count)
    }

    /// Writes where a sequence stands.
    pub fn sequence(&mut self, catalog: &Catalog, sequence: &Sequence) -> Result<()> {
        let table = catalog.table(sequence.table);
        let line = SequenceLine {
            schema: table.schema.clone(),
            table: table.name.clone(),
            column: table.column(sequence.column).name.clone(),
            last: sequence.last,
        };
        self.line("sequence", &line)
    }

    /// Ends the archive, and gives it its name. Answers with its size before compression, in bytes.
    pub fn finish(mut self) -> Result<u64> {
        let sha256 = hexadecimal(&self.hash.clone().finalize());
        self.line("end", &EndLine { tables: self.tables, rows: self.rows, sha256 })?;
        let doing = self.doing();
        let out = self.out.into_inner().map_err(io::IntoInnerError::into_error).doing(|| doing.clone())?;
        let file = match out {
            Out::Standard(mut out) => {
                out.flush().doing(|| doing)?;
                return Ok(self.bytes);
            }
            Out::Plain(file) => file,
            Out::Gzip(encoder) => encoder.finish().doing(|| doing.clone())?,
        };
        file.as_file().sync_all().doing(|| doing.clone())?;
        let file: File = file.persist(&self.path).doing(|| doing)?;
        drop(file);
        Ok(self.bytes)
    }

    fn line(&mut self, word: &str, said: &impl Serialize) -> Result<()> {
        let line =
            serde_json::to_string(&(word, said)).map_err(|error| Problem::internal(error.to_string()))?;
        self.write(line.as_bytes()).and_then(|()| self.write(b"\n")).doing(|| self.doing())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
        self.out.write_all(bytes)
    }

    fn doing(&self) -> String {
        format!("write {}", self.path.display())
    }
}
