//! Files that are drawn from the code and reviewed as a contract: reference pages, the API.

use std::fs;
use std::path::{Path, PathBuf};

/// Fails the test unless the file, named from the top of the project, holds exactly this text.
///
/// With `UPDATE_GOLDEN` set (`./dev docs`) it writes the file instead. Tests that call this have
/// `golden` in their name, so that they can be run alone.
pub fn check(file: &str, text: &str) {
    let path = top().join(file);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        let folder = path.parent().expect("the file is in the project");
        fs::create_dir_all(folder).expect("the file's folder can be made");
        fs::write(&path, text).expect("the file can be written");
        return;
    }
    if let Some(difference) = difference(&fs::read_to_string(&path).unwrap_or_default(), text) {
        panic!("{file} is not what the code says; `./dev docs` draws it anew.\n{difference}");
    }
}

/// The top folder of the project.
pub fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The first line that differs, as the file has it and as the code says it.
fn difference(kept: &str, drawn: &str) -> Option<String> {
    if kept == drawn {
        return None;
    }
    let mut lines = kept.split('\n').zip(drawn.split('\n'));
    let same = lines.by_ref().take_while(|(kept, drawn)| kept == drawn).count();
    let line = |text: &str| text.split('\n').nth(same).map_or("(the end)".into(), str::to_owned);
    Some(format!("line {}\n- {}\n+ {}", same + 1, line(kept), line(drawn)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference_is_shown() {
        assert_eq!(difference("one\ntwo\n", "one\ntwo\n"), None);
        let shown = |kept, drawn| difference(kept, drawn).unwrap();
        assert_eq!(shown("one\ntwo\n", "one\n2\n"), "line 2\n- two\n+ 2");
        assert_eq!(shown("", "one\n"), "line 1\n- \n+ one");
        assert_eq!(shown("one", "one\ntwo"), "line 2\n- (the end)\n+ two");
        assert_eq!(shown("one\n", "one"), "line 2\n- \n+ (the end)");
    }
}
