//! Files as they are sent: their bytes, compressed once and kept in a bounded memory, with the tag that names them.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use http::header::HeaderValue;
use quick_cache::sync::Cache;
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter, sync::DefaultLifecycle};
use sha2::{Digest, Sha256};

use super::locate::OpenFile;
use super::negotiate::Coding;

/// Bytes of all that is kept.
const KEPT_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Files up to this many bytes are read whole, compressed and kept; larger ones are read while they are sent.
pub const WHOLE_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// What compression gains on fewer bytes than this is lost in its headers.
const COMPRESSED_BYTES_MIN: usize = 860;
/// Nearly the best size at a tenth of the best quality's time.
const BROTLI_QUALITY: u32 = 8;
/// The window, as a power of two: no file is larger than it by much.
const BROTLI_WINDOW: u32 = 20;
/// Bytes of a hash that go into a tag.
const TAG_BYTES: usize = 16;

/// A file in one coding.
#[derive(Debug)]
pub struct Representation {
    /// What is sent.
    pub bytes: Bytes,
    /// Its strong entity tag, from a hash of the content.
    pub tag: HeaderValue,
    /// What the bytes are in: identity where compressing gained nothing.
    pub coding: Coding,
}

/// A file as it was at one time, in one coding. A file that is written anew is another one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    path: PathBuf,
    length: u64,
    modified: Option<SystemTime>,
    coding: Coding,
}

#[derive(Clone)]
struct Weight;

impl Weighter<Key, Arc<Representation>> for Weight {
    fn weight(&self, key: &Key, representation: &Arc<Representation>) -> u64 {
        (key.path.as_os_str().len() + representation.bytes.len()) as u64 + 256
    }
}

/// The files that are kept.
pub struct Representations {
    kept: Cache<Key, Arc<Representation>, Weight>,
}

impl Default for Representations {
    fn default() -> Self {
        let options = OptionsBuilder::new()
            // One shard, so that the largest file fits.
            .shards(1)
            .estimated_items_capacity(256)
            .weight_capacity(KEPT_BYTES_MAX)
            .build()
            .expect("both capacities are given");
        let kept =
            Cache::with_options(options, Weight, DefaultHashBuilder::default(), DefaultLifecycle::default());
        Self { kept }
    }
}

impl Representations {
    /// A file in a coding, or as it is where the coding gains nothing. Who asks for what is being made waits for it.
    pub fn get(&self, file: &mut OpenFile, coding: Coding) -> std::io::Result<Arc<Representation>> {
        let key = Key {
            path: file.path.clone(),
            length: file.metadata.len(),
            modified: file.metadata.modified().ok().map(cap_std::time::SystemTime::into_std),
            coding,
        };
        self.kept.get_or_insert_with(&key, || {
            let whole = match coding {
                Coding::Identity => return read(file).map(Arc::new),
                _ => self.get(file, Coding::Identity)?,
            };
            Ok(compress(&whole, coding)?.map_or(whole, Arc::new))
        })
    }
}

fn read(open: &mut OpenFile) -> std::io::Result<Representation> {
    let mut bytes = Vec::with_capacity(usize::try_from(open.metadata.len()).unwrap_or(0));
    // Should the file have grown meanwhile, no more of it is read than was decided to keep.
    (&mut open.file).take(WHOLE_BYTES_MAX).read_to_end(&mut bytes)?;
    let hash: String =
        Sha256::digest(&bytes).iter().take(TAG_BYTES).map(|byte| format!("{byte:02x}")).collect();
    let tag = tag(&format!("\"{hash}\""))?;
    Ok(Representation { bytes: bytes.into(), tag, coding: Coding::Identity })
}

/// The compressed form, when it is smaller.
fn compress(whole: &Representation, coding: Coding) -> std::io::Result<Option<Representation>> {
    if whole.bytes.len() < COMPRESSED_BYTES_MIN {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    match coding {
        Coding::Identity => return Ok(None),
        Coding::Gzip => {
            let mut encoder = flate2::write::GzEncoder::new(&mut bytes, flate2::Compression::best());
            encoder.write_all(&whole.bytes)?;
            encoder.finish()?;
        }
        Coding::Brotli => {
            let mut encoder = brotli::CompressorWriter::new(&mut bytes, 0, BROTLI_QUALITY, BROTLI_WINDOW);
            encoder.write_all(&whole.bytes)?;
            encoder.flush()?;
        }
    }
    if bytes.len() >= whole.bytes.len() {
        return Ok(None);
    }
    let plain = String::from_utf8_lossy(whole.tag.as_bytes());
    let tag = tag(&format!("{}-{}\"", plain.trim_end_matches('"'), coding.name().unwrap_or_default()))?;
    Ok(Some(Representation { bytes: bytes.into(), tag, coding }))
}

fn tag(text: &str) -> std::io::Result<HeaderValue> {
    HeaderValue::try_from(text).map_err(std::io::Error::other)
}
