//! Reads an archive: all of it first, to know that it is whole, and then its tables, which come in their order.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use flate2::bufread::MultiGzDecoder;
use mainstay_base::Problem;
use mainstay_catalog::Catalog;
use mainstay_engine::{Batch, Running, Sequence};
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use super::{EndLine, Header, MAGIC, RowsLine, SequenceLine, TableLine, VERSION, hexadecimal};
use crate::failure::{self, Doing, Failure};
use crate::schema;
use crate::transfer::layout::Layout;
use crate::transfer::row::Reader as RowReader;
use crate::transfer::{Source, Start};

/// Bytes that are read at once.
const BUFFER_BYTES: usize = 256 * 1024;
/// How gzip's files begin.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// An archive that was opened, and not yet looked at.
pub struct Archive {
    name: String,
    file: File,
}

/// An archive that is whole.
pub struct Whole {
    name: String,
    file: File,
    sha256: String,
    text: String,
    catalog: Arc<Catalog>,
    sequences: Vec<Sequence>,
    /// The tables in their order, and how many rows they have.
    tables: Vec<(String, u64)>,
    /// Where reading has come to.
    lines: Option<Lines>,
}

/// The lines of an archive, one by one.
struct Lines {
    reader: Box<dyn BufRead + Send>,
    line: Vec<u8>,
}

impl Archive {
    /// Opens a file; `-` is standard input, which is kept in a temporary file, because it is read more than once.
    pub fn open(path: &Path) -> failure::Result<Self> {
        let doing = || format!("read {}", path.display());
        if path != Path::new("-") {
            let file = File::open(path).doing(doing)?;
            return Ok(Self { name: path.display().to_string(), file });
        }
        let mut file = tempfile::tempfile().doing(|| "create a temporary file".to_owned())?;
        io::copy(&mut io::stdin().lock(), &mut file).doing(doing)?;
        Ok(Self { name: "standard input".to_owned(), file })
    }

    /// Reads all of it.
    ///
    /// # Errors
    /// When it is no archive, or not whole: cut off or changed.
    pub fn check(self) -> failure::Result<Whole> {
        let Self { name, file } = self;
        Check::new(&file)
            .and_then(Check::run)
            .map_err(|why| Failure::new(format!("{name} cannot be restored: {why}")))
            .and_then(|checked| checked.whole(name, file))
    }
}

/// Why an archive is refused.
type Checked<T> = std::result::Result<T, String>;

/// What reading everything finds out.
struct Check {
    lines: Lines,
    hash: Sha256,
    text: String,
    tables: Vec<(String, u64)>,
    rows: u64,
    sequences: Vec<SequenceLine>,
    sha256: String,
}

impl Check {
    fn new(file: &File) -> Checked<Self> {
        let lines = Lines::open(file).map_err(|error| error.to_string())?;
        Ok(Self {
            lines,
            hash: Sha256::new(),
            text: String::new(),
            tables: Vec::new(),
            rows: 0,
            sequences: Vec::new(),
            sha256: String::new(),
        })
    }

    fn run(mut self) -> Checked<Self> {
        let header: Header = said(&self.next()?, MAGIC).map_err(|_| "it is no archive of mainstay")?;
        if header.version != VERSION {
            return Err(format!("it is of version {}, and this program reads {VERSION}", header.version));
        }
        self.text = said(&self.next()?, "schema")?;
        loop {
            // The last line speaks of those before it.
            let before = self.hash.clone();
            let line = self.next()?;
            match word(&line).as_deref() {
                Some("table") => self.table(&line)?,
                Some("sequence") => self.sequences.push(said(&line, "sequence")?),
                Some("end") => {
                    let end: EndLine = said(&line, "end")?;
                    self.sha256 = hexadecimal(&before.finalize());
                    let is_right = end.sha256 == self.sha256
                        && end.rows == self.rows
                        && end.tables == self.tables.len() as u64;
                    return match (is_right, self.lines.next()) {
                        (true, Ok(None)) => Ok(self),
                        _ => Err("it was altered: its checksum is wrong".to_owned()),
                    };
                }
                _ => return Err("it was altered: a line of it is none of an archive".to_owned()),
            }
        }
    }

    fn table(&mut self, line: &[u8]) -> Checked<()> {
        let table: TableLine = said(line, "table")?;
        let name = format!("{}.{}", table.schema, table.name);
        let (mut hash, mut count) = (Sha256::new(), 0);
        loop {
            let line = self.next()?;
            if line.first() != Some(&b'{') {
                let found = RowsLine { count, sha256: hexadecimal(&hash.finalize()) };
                if said::<RowsLine>(&line, "rows")? != found {
                    return Err(format!("it was altered: the rows of {name} have another checksum"));
                }
                self.rows += count;
                self.tables.push((name, count));
                return Ok(());
            }
            hash.update(&line);
            count += 1;
        }
    }

    /// The next line, which there has to be.
    fn next(&mut self) -> Checked<Vec<u8>> {
        match self.lines.next() {
            Ok(Some(line)) => {
                self.hash.update(line);
                Ok(line.to_vec())
            }
            Ok(None) => Err("it is cut off before its end".to_owned()),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err("it is cut off before its end".to_owned())
            }
            Err(error) => Err(error.to_string()),
        }
    }

    fn whole(self, name: String, file: File) -> failure::Result<Whole> {
        let catalog = schema::read_applied(&self.text)?;
        let sequence = |line: &SequenceLine| {
            let table = catalog.tables.iter().find(|it| it.schema == line.schema && it.name == line.table)?;
            Some(Sequence { table: table.id, column: table.column_position(&line.column)?, last: line.last })
        };
        let sequences = self.sequences.iter().filter_map(sequence).collect();
        Ok(Whole {
            name,
            file,
            sha256: self.sha256,
            text: self.text,
            catalog,
            sequences,
            tables: self.tables,
            lines: None,
        })
    }
}

/// The word that a line about the archive begins with.
fn word(line: &[u8]) -> Option<String> {
    serde_json::from_slice::<(String, serde::de::IgnoredAny)>(line).ok().map(|(word, _)| word)
}

/// What such a line says.
fn said<T: DeserializeOwned>(line: &[u8], expected: &str) -> Checked<T> {
    match serde_json::from_slice::<(String, T)>(line) {
        Ok((word, said)) if word == expected => Ok(said),
        _ => Err(format!("it was altered: \"{expected}\" was expected in a line that says something else")),
    }
}

impl Lines {
    fn open(file: &File) -> io::Result<Self> {
        let mut file = file.try_clone()?;
        file.seek(SeekFrom::Start(0))?;
        let mut magic = Vec::new();
        file.by_ref().take(GZIP.len() as u64).read_to_end(&mut magic)?;
        file.seek(SeekFrom::Start(0))?;
        let file = BufReader::with_capacity(BUFFER_BYTES, file);
        let reader: Box<dyn BufRead + Send> = match magic == GZIP {
            true => Box::new(BufReader::with_capacity(BUFFER_BYTES, MultiGzDecoder::new(file))),
            false => Box::new(file),
        };
        Ok(Self { reader, line: Vec::new() })
    }

    /// The next line with its line break; `None` at the end. A line without one was cut off.
    fn next(&mut self) -> io::Result<Option<&[u8]>> {
        self.line.clear();
        self.reader.read_until(b'\n', &mut self.line)?;
        match self.line.last() {
            None => Ok(None),
            Some(b'\n') => Ok(Some(&self.line)),
            Some(_) => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    /// Goes on to the rows of a table; `false` when it does not come.
    fn seek(&mut self, name: &str) -> io::Result<bool> {
        while let Some(line) = self.next()? {
            if line.first() == Some(&b'[')
                && let Ok(table) = said::<TableLine>(line, "table")
                && format!("{}.{}", table.schema, table.name) == name
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Hands over the rows up to the next line that is none.
    fn rows(
        &mut self,
        mut wanted: impl FnMut(&[u8]) -> mainstay_base::Result<bool>,
        batches: &mpsc::Sender<Batch>,
    ) -> mainstay_base::Result<()> {
        let mut batch = Batch::default();
        while let Some(line) = self.next().map_err(|error| unreadable(&error))? {
            let Some(row) = line.strip_suffix(b"\n").filter(|row| row.first() == Some(&b'{')) else { break };
            if !wanted(row)? {
                continue;
            }
            batch.push(row);
            if batch.size() >= Batch::BYTES && batches.blocking_send(std::mem::take(&mut batch)).is_err() {
                return Ok(());
            }
        }
        if !batch.is_empty() {
            // Nobody may want it any more.
            let _ = batches.blocking_send(batch);
        }
        Ok(())
    }
}

/// Passes over the rows before a place.
struct Skip {
    layout: Layout,
    start: Start,
}

impl Skip {
    /// Whether a row comes after the place. To be asked of every row in turn.
    fn passes(&mut self, row: &[u8]) -> mainstay_base::Result<bool> {
        match &mut self.start {
            Start::First | Start::Skip(0) => return Ok(true),
            Start::Skip(left) => {
                *left -= 1;
                return Ok(false);
            }
            Start::After(last) => {
                let key = RowReader::new(&self.layout).key(row)?;
                if self.layout.order(&key, last).is_le() {
                    return Ok(false);
                }
            }
        }
        self.start = Start::First;
        Ok(true)
    }
}

fn unreadable(error: &io::Error) -> Problem {
    Problem::new("58030", format!("the archive cannot be read: {error}"))
}

impl Whole {
    /// Reading that stands before the rows of a table.
    fn at(&mut self, name: &str) -> io::Result<Lines> {
        if let Some(mut lines) = self.lines.take()
            && lines.seek(name)?
        {
            return Ok(lines);
        }
        let mut lines = Lines::open(&self.file)?;
        match lines.seek(name)? {
            true => Ok(lines),
            false => Err(io::Error::other(format!("it has no table {name}"))),
        }
    }
}

impl Source for Whole {
    fn name(&self) -> &str {
        &self.name
    }

    fn identity(&self) -> String {
        format!("archive {}", self.sha256)
    }

    fn schema(&self) -> &str {
        &self.text
    }

    fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }

    fn rows<'a>(
        &'a mut self,
        layout: &'a Layout,
        start: &'a Start,
        batches: mpsc::Sender<Batch>,
    ) -> Running<'a, ()> {
        Box::pin(async move {
            let mut lines = self.at(&layout.name).map_err(|error| unreadable(&error))?;
            let mut skip = Skip { layout: layout.clone(), start: start.clone() };
            let read = tokio::task::spawn_blocking(move || {
                let done = lines.rows(|row| skip.passes(row), &batches);
                (lines, done)
            });
            let (lines, done) = read.await.map_err(|_| Problem::internal("the archive could not be read"))?;
            self.lines = Some(lines);
            done
        })
    }

    fn count<'a>(&'a mut self, layout: &'a Layout) -> Running<'a, u64> {
        let known = self.tables.iter().find(|(name, _)| *name == layout.name);
        Box::pin(std::future::ready(Ok(known.map_or(0, |(_, rows)| *rows))))
    }

    fn sequences(&mut self) -> Running<'_, Vec<Sequence>> {
        Box::pin(std::future::ready(Ok(self.sequences.clone())))
    }
}
