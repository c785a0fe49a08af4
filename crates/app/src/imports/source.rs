//! The text of a file that was sent, from any byte on, whether it came as CSV or as a workbook.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::ops::ControlFlow;

use domain::ids::FileId;

use crate::files::FileReader;
use crate::{App, Error, Result, settings, sheet};

/// Bytes that are read at once.
const PIECE_BYTES: usize = 128 << 10;

/// A file, read as CSV.
pub struct Source<'a> {
    bytes: Bytes<'a>,
    is_workbook: bool,
    most_unpacked: u64,
}

/// Where the bytes are.
#[derive(Clone, Copy)]
enum Bytes<'a> {
    /// In the database.
    Stored(&'a App, FileId),
    /// On disk for as long as they are looked at.
    Aside(&'a File),
}

trait ReadSeek: Read + Seek {}

impl<T: Read + Seek> ReadSeek for T {}

impl<'a> Bytes<'a> {
    fn from(self, offset: u64) -> Result<Box<dyn ReadSeek + 'a>> {
        match self {
            Bytes::Stored(app, file) => Ok(Box::new(FileReader::from(app, file, offset))),
            Bytes::Aside(mut file) => {
                file.seek(SeekFrom::Start(offset)).map_err(Error::io("read a file"))?;
                Ok(Box::new(file))
            }
        }
    }
}

impl<'a> Source<'a> {
    /// The source of a stored file; a workbook that holds more than operators allow is refused
    /// when it is read.
    pub fn open(app: &'a App, file: FileId) -> Result<Source<'a>> {
        let most_unpacked = settings::most_unpacked(&mut app.db.read()?)?;
        Source::of(Bytes::Stored(app, file), most_unpacked)
    }

    /// As [`Source::open`], of a file that is on disk.
    pub fn aside(app: &App, file: &'a File) -> Result<Source<'a>> {
        let most_unpacked = settings::most_unpacked(&mut app.db.read()?)?;
        Source::of(Bytes::Aside(file), most_unpacked)
    }

    /// As [`Source::open`], of a file that was let in before.
    pub fn again(app: &'a App, file: FileId) -> Result<Source<'a>> {
        Source::of(Bytes::Stored(app, file), sheet::ANY_SIZE)
    }

    fn of(bytes: Bytes<'a>, most_unpacked: u64) -> Result<Source<'a>> {
        let mut head = Vec::new();
        let read = bytes.from(0)?.take(8).read_to_end(&mut head);
        read.map_err(Error::io("read a file"))?;
        Ok(Source { bytes, is_workbook: sheet::is_workbook(&head), most_unpacked })
    }

    /// Hands the text from byte `from` on to `take`, as long as it wants more.
    pub fn each_piece(
        &self,
        from: u64,
        take: &mut dyn FnMut(&[u8]) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        if self.is_workbook {
            let mut skip = from;
            let reader = BufReader::new(self.bytes.from(0)?);
            return sheet::each_piece(reader, self.most_unpacked, &mut |piece| {
                let passed = skip.min(piece.len() as u64);
                skip -= passed;
                take(&piece[passed as usize..])
            });
        }
        let mut reader = self.bytes.from(from)?;
        let mut buffer = vec![0; PIECE_BYTES];
        loop {
            let read = reader.read(&mut buffer).map_err(Error::io("read a file"))?;
            if read == 0 || take(&buffer[..read])?.is_break() {
                return Ok(());
            }
        }
    }
}
