//! The program as its users have it: run to its end, or serving until it is stopped or killed.

use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::keeper::Keeper;

/// Long enough for a start that first recovers or migrates on a busy machine.
const LONGEST_START: Duration = Duration::from_secs(120);

/// Ends the server if the tests end without having done so.
const KEEPER: &str = r#"read -r _ || kill -s KILL "$1""#;

/// The program and the database that it is to use.
#[derive(Clone, Debug)]
pub struct Program {
    path: PathBuf,
    database: String,
    folder: Option<PathBuf>,
    environment: Vec<(String, String)>,
}

/// What a run of the program came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// The exit code; none if a signal ended it.
    pub code: Option<i32>,
    /// What it printed.
    pub out: String,
    /// What it complained of.
    pub err: String,
}

impl Program {
    /// `path` is `env!("CARGO_BIN_EXE_hubstock")` in the program's own tests.
    pub fn new(path: impl Into<PathBuf>, database: &str) -> Program {
        let (folder, environment) = (None, Vec::new());
        Program { path: path.into(), database: database.to_owned(), folder, environment }
    }

    /// The same, begun in this folder.
    pub fn in_folder(mut self, folder: impl Into<PathBuf>) -> Program {
        self.folder = Some(folder.into());
        self
    }

    /// The same with these variables in its environment.
    pub fn with_environment(mut self, variables: Vec<(String, String)>) -> Program {
        self.environment = variables;
        self
    }

    /// Runs the program to its end.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, b"")
    }

    /// Runs the program to its end and gives it these bytes to read.
    pub fn run_with(&self, arguments: &[&str], input: &[u8]) -> Ran {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program is built");
        // It may well end without having read anything.
        let _ = child.stdin.take().map(|mut stdin| stdin.write_all(input));
        ran(&child.wait_with_output().expect("a child can be waited for"))
    }

    /// Runs the program, and kills it with `kill -9` if it still runs after `longest`. None if it
    /// was killed.
    pub fn run_killed(&self, arguments: &[&str], longest: Duration) -> Option<Ran> {
        let mut command = self.command(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program is built");
        let until = Instant::now() + longest;
        while Instant::now() < until {
            if child.try_wait().expect("a child can be asked").is_some() {
                return Some(ran(&child.wait_with_output().expect("a child can be waited for")));
            }
            std::thread::sleep(Duration::from_micros(500));
        }
        // It may end by itself in this very instant.
        let _ = child.kill();
        let output = child.wait_with_output().expect("a child can be waited for");
        output.status.code().map(|_| ran(&output))
    }

    /// Starts `hubstock serve` on a free port, in a folder of its own, and waits until it says that
    /// it serves.
    pub fn serve(&self, arguments: &[&str]) -> Server {
        let folder = tempfile::tempdir().expect("a folder for temporary files");
        let log = File::create(folder.path().join("log")).expect("a log can be made");
        let child = self
            .command(&["serve", "--listen", "127.0.0.1:0"])
            .args(arguments)
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("the program is built");
        let keeper = Keeper::start(KEEPER, child.id().to_string(), None);
        let keeper = keeper.expect("every machine has sh");
        let mut server = Server { address: String::new(), child, keeper, folder };
        server.address = server.wait_for_address();
        server
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.path);
        command.arg("--database").arg(&self.database).args(arguments);
        command.envs(self.environment.iter().cloned());
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        command
    }
}

/// A running `hubstock serve`. Dropped, it is killed.
#[derive(Debug)]
pub struct Server {
    /// Where it is, `http://127.0.0.1:8140` for one.
    pub address: String,
    child: Child,
    keeper: Keeper,
    folder: TempDir,
}

impl Server {
    /// `kill -9`. It is gone when this returns.
    pub fn kill(mut self) {
        self.end();
    }

    /// Asks it to stop, as a service manager would, and waits until it has; its exit code.
    pub fn stop(mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        let asked = Command::new("sh").args(["-c", "kill -s TERM \"$0\"", &pid]).status();
        assert!(asked.is_ok_and(|status| status.success()), "the server has ended by itself");
        self.child.wait().expect("a child can be waited for").code()
    }

    /// Its exit code, if it has ended by itself.
    pub fn ended(&mut self) -> Option<i32> {
        self.child.try_wait().expect("a child can be asked").and_then(|status| status.code())
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// The log is JSON, one event a line; the one that says `serving` has the address.
    fn wait_for_address(&mut self) -> String {
        let until = Instant::now() + LONGEST_START;
        loop {
            let log = self.log();
            let serving = log.lines().find(|line| line.contains("\"serving\""));
            let address = serving.and_then(|line| line.split("\"address\":\"").nth(1));
            if let Some((address, _)) = address.and_then(|rest| rest.split_once('"')) {
                return format!("http://{address}");
            }
            let ended = self.child.try_wait().expect("a child can be asked");
            assert!(ended.is_none() && Instant::now() < until, "the server does not start:\n{log}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn end(&mut self) {
        // Both fail only for a server that has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
        if let Err(error) = self.keeper.dismiss() {
            eprintln!("the server's keeper could not be dismissed: {error}");
        }
    }
}

fn ran(output: &Output) -> Ran {
    Ran {
        code: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A program that starts and stops as the real one does, whose own tests use the rest.
    const STAND_IN: &str = r#"#!/bin/sh
if [ "$3" = serve ]; then
    trap 'exit 7' TERM
    echo '{"fields":{"message":"serving","address":"127.0.0.1:4"}}' >&2
    while :; do read -r _ <"$0.never"; done
fi
cat; echo "$@" >&2; exit 3
"#;

    fn stand_in() -> (TempDir, Program) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stand-in");
        // Not written by this process: a fork of another test's would hold it open for writing.
        let script = "printf %s \"$1\" >\"$0\" && chmod +x \"$0\" && mkfifo \"$0.never\"";
        let made = Command::new("sh").args(["-c", script]).arg(&path).arg(STAND_IN).status();
        assert!(made.unwrap().success());
        (folder, Program::new(path, "file.db"))
    }

    #[test]
    fn a_run_tells_code_and_words() {
        let (_folder, program) = stand_in();
        let ran = program.run_with(&["hub", "1"], b"typed");
        let (out, err) = ("typed".to_owned(), "--database file.db hub 1\n".to_owned());
        assert_eq!(ran, Ran { code: Some(3), out, err });
    }

    #[test]
    fn a_server_is_gone_however_it_ends() {
        let (_folder, program) = stand_in();
        let ends: [fn(Server); 3] =
            [drop, Server::kill, |server| assert_eq!(server.stop(), Some(7))];
        for end in ends {
            let server = program.serve(&[]);
            assert_eq!(server.address, "http://127.0.0.1:4");
            let process = PathBuf::from(format!("/proc/{}", server.child.id()));
            assert!(process.exists());
            end(server);
            assert!(!process.exists());
        }
    }
}
