//! A file that has its name only when it is whole and on the disk.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// The place of a file that is not whole yet; it is gone when this is.
#[derive(Debug)]
pub struct Aside(PathBuf);

impl Aside {
    /// This one, for those who can tell whose it was if the process dies.
    pub fn at(path: PathBuf) -> Aside {
        Aside(path)
    }

    /// In the same folder, so that it can be given the name at once.
    pub fn beside(path: &Path) -> Aside {
        Aside(with_ending(path, &format!(".{}.partial", uuid::Uuid::new_v4().simple())))
    }

    /// The same with an empty file in it: a folder that is not there, or not theirs, is said before
    /// anything else fails for it.
    pub fn begun_beside(path: &Path) -> Result<Aside> {
        let aside = Aside::beside(path);
        File::create(&aside.0).map_err(Error::io(format!("write {}", path.display())))?;
        Ok(aside)
    }

    /// Where to write.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Gives the file, which is whole now, its name, durably.
    pub fn settle(self, name: &Path) -> Result<()> {
        let doing = || Error::io(format!("write {}", name.display()));
        File::open(&self.0).and_then(|file| file.sync_all()).map_err(doing())?;
        fs::rename(&self.0, name).map_err(doing())?;
        let folder = name.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = File::open(folder.unwrap_or(Path::new("."))).map_err(doing())?;
        folder.sync_all().map_err(doing())
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        for ending in ["", "-wal", "-shm"] {
            // What is not there any more has its name by now.
            let _ = remove(&with_ending(&self.0, ending));
        }
    }
}

/// Whether a plain file is there, or nothing yet: [`write_whole`] puts a new file in its place.
pub fn is_plain(name: &Path) -> bool {
    fs::metadata(name).map_or(true, |there| there.is_file())
}

/// Writes the file `name` whole or leaves it as it was: `write` is given the place to write to.
///
/// What is no plain file, such as `/dev/stdout`, is written to where it is.
pub fn write_whole<T>(name: &Path, write: impl FnOnce(&Path) -> Result<T>) -> Result<T> {
    // A link stays a link.
    let name = &fs::canonicalize(name).unwrap_or_else(|_| name.to_owned());
    let before = fs::metadata(name).ok();
    if before.as_ref().is_some_and(|there| !there.is_file()) {
        return write(name);
    }
    let aside = Aside::beside(name);
    let done = write(aside.path())?;
    if let Some(before) = before {
        fs::set_permissions(aside.path(), before.permissions())
            .map_err(Error::io(format!("write {}", name.display())))?;
    }
    aside.settle(name)?;
    Ok(done)
}

/// The same path with more at its end.
pub fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Removes a file, if it is there.
pub fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
