//! Whether a fastText file is what its own header says, before a loader trusts it.
//!
//! A flipped byte in a size makes loaders allocate without bound or index outside a table, and
//! fastText's format has no checksum. So the file is walked once, by its own sizes, without
//! allocating: every table must fit the bytes that are there and the counts that use it.
//! The layout is that of `FastText::saveModel`, `Dictionary::save`, `DenseMatrix::save`,
//! `QuantMatrix::save` and `ProductQuantizer::save` in fastText 0.9.2.

const MAGIC: i32 = 793_712_314;
/// Centroids of one sub-quantiser.
const CENTROIDS: u64 = 256;

/// What the walk found wrong.
pub(super) type Fault = &'static str;

/// Checks that `bytes` hold one supervised model of consistent sizes and nothing else.
pub(super) fn check(bytes: &[u8]) -> Result<(), Fault> {
    let mut walk = Walk { rest: bytes };
    if walk.i32()? != MAGIC {
        return Err("it does not begin as a fastText model");
    }
    if !(11..=12).contains(&walk.i32()?) {
        return Err("its format version is neither 11 nor 12");
    }
    let args = walk.args()?;
    let dictionary = walk.dictionary()?;
    let quantised = walk.flag()?;
    let input = walk.matrix(quantised, args.dim)?;
    let hashed = match dictionary.pruned {
        Some(kept) => kept,
        None => args.bucket,
    };
    if input != dictionary.words + hashed {
        return Err("its input table does not match its dictionary");
    }
    let quantised_output = walk.flag()?;
    let output = walk.matrix(quantised && quantised_output, args.dim)?;
    if output != dictionary.labels {
        return Err("its output table does not match its labels");
    }
    if !walk.rest.is_empty() {
        return Err("it has bytes too many");
    }
    Ok(())
}

struct Args {
    dim: u64,
    /// Rows of hashed n-grams, where there are any.
    bucket: u64,
}

struct Dictionary {
    words: u64,
    labels: u64,
    /// Hashed rows that pruning kept; `None` where the model was not pruned.
    pruned: Option<u64>,
}

struct Walk<'b> {
    rest: &'b [u8],
}

impl<'b> Walk<'b> {
    fn skip(&mut self, count: u64) -> Result<&'b [u8], Fault> {
        let count = usize::try_from(count).map_err(|_| "a table is larger than the file")?;
        let (taken, rest) = self
            .rest
            .split_at_checked(count)
            .ok_or("it is cut short, or a table is larger than the file")?;
        self.rest = rest;
        Ok(taken)
    }

    fn i32(&mut self) -> Result<i32, Fault> {
        let mut raw = [0; 4];
        raw.copy_from_slice(self.skip(4)?);
        Ok(i32::from_le_bytes(raw))
    }

    fn i64(&mut self) -> Result<i64, Fault> {
        let mut raw = [0; 8];
        raw.copy_from_slice(self.skip(8)?);
        Ok(i64::from_le_bytes(raw))
    }

    /// A size that may not be negative.
    fn size(&mut self) -> Result<u64, Fault> {
        u64::try_from(self.i32()?).map_err(|_| "a size is negative")
    }

    fn long_size(&mut self) -> Result<u64, Fault> {
        u64::try_from(self.i64()?).map_err(|_| "a size is negative")
    }

    fn flag(&mut self) -> Result<bool, Fault> {
        match self.skip(1)?[0] {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err("a flag is neither 0 nor 1"),
        }
    }

    /// Twelve integers and the sampling threshold.
    fn args(&mut self) -> Result<Args, Fault> {
        let mut fields = [0i32; 12];
        for field in &mut fields {
            *field = self.i32()?;
        }
        self.skip(8)?;
        let [dim, .., bucket, shortest, longest, _] = fields;
        let (grams, loss, model) = (fields[5], fields[6], fields[7]);
        if !(1..=1 << 16).contains(&dim) {
            return Err("its dimension is not between 1 and 65,536");
        }
        if !(1..=4).contains(&loss) {
            return Err("its loss is unknown");
        }
        if model != 3 {
            return Err("it is no supervised model");
        }
        if !(0..=64).contains(&grams) || !(0..=1_000).contains(&longest) || shortest < 0 {
            return Err("its n-gram sizes are impossible");
        }
        let bucket = u64::try_from(bucket).map_err(|_| "a size is negative")?;
        if bucket == 0 && (grams > 1 || longest > 0) {
            return Err("it has n-grams but no room for them");
        }
        Ok(Args {
            dim: dim.unsigned_abs().into(),
            bucket,
        })
    }

    fn dictionary(&mut self) -> Result<Dictionary, Fault> {
        let (size, words, labels) = (self.size()?, self.size()?, self.size()?);
        self.i64()?;
        let pruned = self.i64()?;
        if size != words + labels || labels == 0 {
            return Err("its dictionary is not the sum of its words and labels");
        }
        for entry in 0..size {
            let end = self.rest.iter().position(|&byte| byte == 0);
            self.skip(end.ok_or("a word of its dictionary has no end")? as u64 + 1)?;
            self.i64()?;
            if self.skip(1)?[0] != u8::from(entry >= words) {
                return Err("its dictionary has a label among its words");
            }
        }
        let pruned = u64::try_from(pruned).ok();
        for _ in 0..pruned.unwrap_or(0) {
            self.i32()?;
            if self.size()? >= pruned.unwrap_or(0) {
                return Err("its pruning index points outside its table");
            }
        }
        Ok(Dictionary {
            words,
            labels,
            pruned,
        })
    }

    /// Skips a matrix of `dim` columns and gives its rows.
    fn matrix(&mut self, quantised: bool, dim: u64) -> Result<u64, Fault> {
        let normed = quantised && self.flag()?;
        let (rows, columns) = (self.long_size()?, self.long_size()?);
        if columns != dim {
            return Err("a table is not as wide as its dimension");
        }
        if !quantised {
            let floats = rows.checked_mul(columns).and_then(|n| n.checked_mul(4));
            self.skip(floats.ok_or("a table is larger than the file")?)?;
            return Ok(rows);
        }
        let codes = self.size()?;
        self.skip(codes)?;
        let parts = self.quantiser(dim)?;
        if rows.checked_mul(parts) != Some(codes) {
            return Err("a quantised table does not match its codes");
        }
        if normed {
            self.skip(rows)?;
            self.quantiser(1)?;
        }
        Ok(rows)
    }

    /// Skips a product quantiser of vectors of `dim` numbers and gives its parts.
    fn quantiser(&mut self, dim: u64) -> Result<u64, Fault> {
        let (own, parts, width, last) = (self.size()?, self.size()?, self.size()?, self.size()?);
        let whole = parts.checked_sub(1).map(|whole| whole * width + last);
        if own != dim || whole != Some(dim) || last == 0 || last > width {
            return Err("a quantiser does not divide its dimension");
        }
        self.skip(dim * CENTROIDS * 4)?;
        Ok(parts)
    }
}
