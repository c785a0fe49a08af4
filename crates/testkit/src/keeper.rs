//! A small shell process that cleans up after this one, however this one ends.
//!
//! It waits on a pipe whose other end only this process holds. The kernel closes that end when the
//! test passes, panics or is killed, so nothing here depends on a destructor being run.

use std::ffi::OsStr;
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};

/// Whom to run as.
#[derive(Clone, Copy, Debug)]
pub struct Owner {
    /// The number of the user.
    pub user: u32,
    /// The number of its group.
    pub group: u32,
}

/// The waiting process, and the end of the pipe that keeps it waiting.
#[derive(Debug)]
pub struct Keeper {
    child: Child,
}

impl Keeper {
    /// Runs a shell script with an argument, `$1`; its standard input ends when this process does.
    pub fn start(
        script: &str,
        argument: impl AsRef<OsStr>,
        owner: Option<Owner>,
    ) -> io::Result<Keeper> {
        let mut command = Command::new("sh");
        run_as(&mut command, owner);
        command.args(["-c", script, "keeper"]).arg(argument).current_dir("/");
        // A group of its own, so that Ctrl-C does not end it before it has cleaned up.
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(Keeper { child: command.spawn()? })
    }

    /// Says that there is nothing left to clean up: the script reads a line instead of the end.
    pub fn dismiss(&mut self) -> io::Result<ExitStatus> {
        if let Some(stdin) = &mut self.child.stdin {
            stdin.write_all(b"\n")?;
        }
        self.finish()
    }

    /// Has the cleaning done now, and waits for it.
    pub fn finish(&mut self) -> io::Result<ExitStatus> {
        drop(self.child.stdin.take());
        self.child.wait()
    }
}

/// Has the command run as somebody else, where that is wanted.
pub fn run_as(command: &mut Command, owner: Option<Owner>) {
    if let Some(owner) = owner {
        command.uid(owner.user).gid(owner.group);
    }
}
