//! The text of a stored file, from any byte on, whether it came as CSV or as a workbook.

use std::io::{BufReader, Read};
use std::ops::ControlFlow;

use domain::ids::FileId;

use crate::files::FileReader;
use crate::{App, Error, Result, settings, sheet};

/// Bytes that are read at once.
const PIECE_BYTES: usize = 128 << 10;

/// A stored file, read as CSV.
pub struct Source<'a> {
    app: &'a App,
    file: FileId,
    is_workbook: bool,
    most_unpacked: u64,
}

impl<'a> Source<'a> {
    /// The source of a stored file; a workbook that holds more than operators allow is refused
    /// when it is read.
    pub fn open(app: &'a App, file: FileId) -> Result<Source<'a>> {
        let most_unpacked = settings::most_unpacked(&mut app.db.read()?)?;
        Ok(Source { most_unpacked, ..Source::again(app, file)? })
    }

    /// As [`Source::open`], of a file that was let in before.
    pub fn again(app: &'a App, file: FileId) -> Result<Source<'a>> {
        let mut head = Vec::new();
        let mut reader = FileReader::new(app, file).take(8);
        reader.read_to_end(&mut head).map_err(Error::io("read a stored file"))?;
        let is_workbook = sheet::is_workbook(&head);
        Ok(Source { app, file, is_workbook, most_unpacked: sheet::ANY_SIZE })
    }

    /// Hands the text from byte `from` on to `take`, as long as it wants more.
    pub fn each_piece(
        &self,
        from: u64,
        take: &mut dyn FnMut(&[u8]) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        if self.is_workbook {
            let mut skip = from;
            let reader = BufReader::new(FileReader::new(self.app, self.file));
            return sheet::each_piece(reader, self.most_unpacked, &mut |piece| {
                let passed = skip.min(piece.len() as u64);
                skip -= passed;
                take(&piece[passed as usize..])
            });
        }
        let mut reader = FileReader::from(self.app, self.file, from);
        let mut buffer = vec![0; PIECE_BYTES];
        loop {
            let read = reader.read(&mut buffer).map_err(Error::io("read a stored file"))?;
            if read == 0 || take(&buffer[..read])?.is_break() {
                return Ok(());
            }
        }
    }
}
