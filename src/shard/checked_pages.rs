//! Pages of a row group as the decoder gets them: what each declares is checked before it is read.
//!
//! The parquet crate makes room for whatever a page header says. Here a page must lie in its column's chunk
//! and fit into what may be held at once, together with the other pages that the rows at hand need; so
//! neither a lie nor a bomb takes memory.

use std::sync::Arc;

use parquet::arrow::arrow_reader::RowGroups;
use parquet::basic::{Compression, Encoding};
use parquet::column::page::{Page, PageIterator, PageMetadata, PageReader};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, RowGroupMetaData};
use parquet::file::reader::Length;
use parquet::file::serialized_reader::SerializedPageReader;

use super::delta_lengths::delta_lengths;
use super::page_header::{PageHeader, page_header};
use super::page_meter::{Meter, Refusal};
use super::parquet_file::ParquetFile;
use super::thrift::Fault;

/// Bytes of a header that are looked at first; one with long statistics needs more.
const HEADER_BYTES: u64 = 256;
/// Bytes of the longest header.
const MAX_HEADER_BYTES: u64 = 16 << 20;
/// Bytes that an element of a list takes beside its value: levels and an offset.
const ELEMENT_BYTES: u64 = 8;
/// Bytes of a decoded value, or of the view of one.
const VALUE_BYTES: u64 = 16;

/// One row group, for the decoder.
pub(crate) struct GroupPages {
    pub(crate) file: ParquetFile,
    pub(crate) metadata: Arc<ParquetMetaData>,
    /// Which group; none for a reader of no rows.
    pub(crate) group: Option<usize>,
    pub(crate) meter: Arc<Meter>,
}

impl GroupPages {
    /// Bytes that would do to read these columns of the group row by row, if their headers can be read.
    pub(crate) fn need(&self, columns: &[usize]) -> Option<u64> {
        let group = self.metadata.row_group(self.group?);
        let mut sum = 0_u64;
        for column in columns {
            let pages = CheckedPages::new(&self.file, group, *column, self.meter.clone());
            sum = sum.saturating_add(pages.ok()?.need().ok()?);
        }
        Some(sum)
    }
}

impl RowGroups for GroupPages {
    fn num_rows(&self) -> usize {
        let rows = self
            .row_groups()
            .next()
            .map_or(0, RowGroupMetaData::num_rows);
        usize::try_from(rows).unwrap_or(0)
    }

    fn column_chunks(&self, column: usize) -> Result<Box<dyn PageIterator>, ParquetError> {
        let pages: Option<Box<dyn PageReader>> = match self.group {
            None => None,
            Some(group) => {
                let group = self.metadata.row_group(group);
                let meter = self.meter.clone();
                let pages = CheckedPages::new(&self.file, group, column, meter)?;
                Some(Box::new(pages))
            }
        };
        Ok(Box::new(OneChunk(pages)))
    }

    fn row_groups(&self) -> Box<dyn Iterator<Item = &RowGroupMetaData> + '_> {
        let group = self.group.map(|group| self.metadata.row_group(group));
        Box::new(group.into_iter())
    }

    fn metadata(&self) -> &ParquetMetaData {
        &self.metadata
    }
}

struct OneChunk(Option<Box<dyn PageReader>>);

impl Iterator for OneChunk {
    type Item = Result<Box<dyn PageReader>, ParquetError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.take().map(Ok)
    }
}

impl PageIterator for OneChunk {}

/// The pages of one column's chunk.
struct CheckedPages {
    inner: SerializedPageReader<ParquetFile>,
    file: ParquetFile,
    meter: Arc<Meter>,
    column: usize,
    name: String,
    repeated: bool,
    /// The highest levels of repetition and of definition.
    levels: [i16; 2],
    compressed: bool,
    /// Where the next header is, and where the chunk ends.
    at: u64,
    end: u64,
    /// Values that the chunk may still have.
    values_left: i64,
    /// The next header, once it was found good.
    next: Option<PageHeader>,
}

impl CheckedPages {
    fn new(
        file: &ParquetFile,
        group: &RowGroupMetaData,
        column: usize,
        meter: Arc<Meter>,
    ) -> Result<CheckedPages, ParquetError> {
        let chunk = group.column(column);
        let name = chunk.column_path().string();
        let (at, end) = match chunk_range(chunk, file.len()) {
            Ok(range) => range,
            Err(cause) => {
                let what = format!("column `{name}`: {cause}");
                return Err(meter.refuse(Refusal::Lie { what }));
            }
        };
        let rows = usize::try_from(group.num_rows())?;
        Ok(CheckedPages {
            inner: SerializedPageReader::new(Arc::new(file.clone()), chunk, rows, None)?,
            file: file.clone(),
            meter,
            column,
            name,
            repeated: chunk.column_descr().max_rep_level() > 0,
            levels: [
                chunk.column_descr().max_rep_level(),
                chunk.column_descr().max_def_level(),
            ],
            compressed: chunk.compression() != Compression::UNCOMPRESSED,
            at,
            end,
            values_left: chunk.num_values(),
            next: None,
        })
    }

    fn what(&self, cause: &str) -> String {
        format!("column `{}`, page at byte {}: {cause}", self.name, self.at)
    }

    /// Reads and checks the next header; none at the end of the chunk.
    fn look(&mut self) -> Result<Option<PageHeader>, ParquetError> {
        if self.next.is_none() && self.at < self.end {
            let header = self.header()?;
            if let Err(cause) = self.check(&header) {
                let what = self.what(&cause);
                return Err(self.meter.refuse(Refusal::Lie { what }));
            }
            self.next = Some(header);
        }
        Ok(self.next)
    }

    fn header(&self) -> Result<PageHeader, ParquetError> {
        let mut length = HEADER_BYTES;
        loop {
            let all = (self.end - self.at).min(MAX_HEADER_BYTES);
            let mut bytes = vec![0; length.min(all) as usize];
            let read = self.file.read_at(&mut bytes, self.at)?;
            let fault = match page_header(&bytes[..read]) {
                Ok(header) => return Ok(header),
                Err(fault) => fault,
            };
            if fault == Fault::Malformed || length >= all {
                let what = self.what("its header cannot be understood");
                return Err(self.meter.refuse(Refusal::Lie { what }));
            }
            length *= 8;
        }
    }

    fn check(&self, header: &PageHeader) -> Result<(), String> {
        let room = (self.end - self.at) as i64 - header.length as i64;
        let (size, values) = (header.uncompressed, header.values);
        if header.compressed < 0 || header.compressed > room {
            let declared = header.compressed;
            return Err(format!("it shall have {declared} bytes where {room} are"));
        }
        if size < 0 || values < 0 {
            return Err(format!("it shall have {size} bytes and {values} values"));
        }
        match header.kind {
            // An entry has a bit at least; the decoder makes room for them before it looks.
            2 if values > size.max(1).saturating_mul(8) => Err(format!(
                "a dictionary of {size} bytes shall have {values} entries"
            )),
            0 | 3 if values > self.values_left => Err(format!(
                "it shall have {values} values where the column has {} left",
                self.values_left
            )),
            0 | 2 | 3 => Ok(()),
            other => Err(format!("pages of type {other} are not known")),
        }
    }

    /// Bytes that the page takes once it is decoded.
    fn cost(&self, header: &PageHeader) -> u64 {
        let values = header.values.unsigned_abs();
        let each = match (header.is_dictionary(), self.repeated) {
            (true, _) => VALUE_BYTES,
            (false, true) => VALUE_BYTES + ELEMENT_BYTES,
            // Where a row is one value, so are the rows of a batch, which are few.
            (false, false) => 0,
        };
        let size = header.uncompressed.unsigned_abs();
        size.saturating_add(values.saturating_mul(each))
    }

    /// Bytes that are there only while the page is decompressed.
    fn passing(&self, header: &PageHeader) -> u64 {
        match self.compressed {
            true => header.compressed.unsigned_abs(),
            false => 0,
        }
    }

    fn admit(&self, header: &PageHeader) -> Result<(), ParquetError> {
        let (cost, passing) = (self.cost(header), self.passing(header));
        let taken = self.meter.take(self.column, header, cost, passing);
        taken.map_err(|bytes| {
            let what = self.what("it does not fit");
            self.meter.refuse(Refusal::TooMuch { what, bytes })
        })
    }

    /// Strings that share what they begin with are longer than their page: they count as a batch needs them.
    fn admit_strings(&self, page: &Page) -> Result<(), ParquetError> {
        if page.encoding() != Encoding::DELTA_BYTE_ARRAY {
            return Ok(());
        }
        let lengths = values_of(page, &self.levels).and_then(delta_lengths);
        let lengths = lengths.unwrap_or_default();
        let batch = match self.repeated {
            true => u64::MAX,
            false => lengths.longest.saturating_mul(self.meter.rows),
        };
        let taken = self.meter.take_strings(self.column, lengths.sum.min(batch));
        taken.map_err(|bytes| {
            let what = self.what("what it decodes to does not fit");
            self.meter.refuse(Refusal::TooMuch { what, bytes })
        })
    }

    /// Bytes that would do for this column row by row: a page, the one before it, and the dictionary.
    fn need(mut self) -> Result<u64, ParquetError> {
        let (mut dictionary, mut before, mut most) = (0, 0, 0);
        while let Some(header) = self.look()? {
            let cost = self.cost(&header);
            let passing = self.passing(&header);
            if header.is_dictionary() {
                dictionary = cost;
            } else {
                most = most.max(cost.saturating_add(before).saturating_add(passing));
                before = cost;
            }
            self.advance(&header);
        }
        Ok(most.saturating_add(dictionary))
    }

    fn advance(&mut self, header: &PageHeader) {
        self.next = None;
        self.at += header.length + header.compressed.unsigned_abs();
        if !header.is_dictionary() {
            self.values_left -= header.values;
        }
    }
}

/// The values of a data page, behind the levels that it has.
pub(crate) fn values_of<'a>(page: &'a Page, levels: &[i16; 2]) -> Option<&'a [u8]> {
    match page {
        Page::DataPageV2 {
            buf,
            def_levels_byte_len,
            rep_levels_byte_len,
            ..
        } => buf.get((*def_levels_byte_len as usize).checked_add(*rep_levels_byte_len as usize)?..),
        Page::DataPage { buf, .. } => {
            let mut values = &buf[..];
            for _ in levels.iter().filter(|level| **level > 0) {
                let (length, rest) = values.split_first_chunk::<4>()?;
                values = rest.get(u32::from_le_bytes(*length) as usize..)?;
            }
            Some(values)
        }
        Page::DictionaryPage { .. } => None,
    }
}

/// Where a column's chunk begins and ends, if that is inside the file.
fn chunk_range(chunk: &ColumnChunkMetaData, file: u64) -> Result<(u64, u64), String> {
    let (data, size) = (chunk.data_page_offset(), chunk.compressed_size());
    let start = chunk.dictionary_page_offset().unwrap_or(data);
    let inside = |at: i64| u64::try_from(at).ok().filter(|at| *at <= file);
    let range = inside(start).zip(inside(start.saturating_add(size)));
    match range {
        Some((start, end)) if start <= end && chunk.num_values() >= 0 => Ok((start, end)),
        _ => Err(format!(
            "it shall have {} values in {size} bytes from byte {start} of a file of {file}",
            chunk.num_values()
        )),
    }
}

impl Iterator for CheckedPages {
    type Item = Result<Page, ParquetError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl PageReader for CheckedPages {
    fn get_next_page(&mut self) -> Result<Option<Page>, ParquetError> {
        let Some(header) = self.look()? else {
            return Ok(None);
        };
        self.admit(&header)?;
        let page = self.inner.get_next_page()?;
        if let Some(page) = &page {
            self.admit_strings(page)?;
        }
        self.advance(&header);
        Ok(page)
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>, ParquetError> {
        self.look()?;
        self.inner.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<(), ParquetError> {
        let Some(header) = self.look()? else {
            return Ok(());
        };
        // A dictionary that is passed over comes later, when a value needs it.
        if header.is_dictionary() {
            self.admit(&header)?;
        }
        self.inner.skip_next_page()?;
        self.advance(&header);
        Ok(())
    }

    fn at_record_boundary(&mut self) -> Result<bool, ParquetError> {
        self.look()?;
        self.inner.at_record_boundary()
    }

    fn supports_deferred_dictionary(&self) -> bool {
        self.inner.supports_deferred_dictionary()
    }

    fn take_deferred_dictionary(&mut self) -> Result<Option<Page>, ParquetError> {
        self.inner.take_deferred_dictionary()
    }
}
