//! Running the binary on a folder of its own, with nothing inherited that could change what it says.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// The passphrase of every test identity that has one.
pub(crate) const PASSPHRASE: &str = "three small stones";

/// A folder for one identity, removed at the end.
pub(crate) struct Home {
    folder: TempDir,
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// A command that goes on; it is killed when dropped.
pub(crate) struct Running {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Home {
    /// A folder without keys.
    pub(crate) fn empty() -> Self {
        Self {
            folder: tempfile::Builder::new()
                .prefix("mcli-")
                .tempdir()
                .expect("a folder for the test"),
        }
    }

    /// A folder with keys that need no passphrase.
    pub(crate) fn with_keys() -> Self {
        let home = Self::empty();
        home.run(&["keys", "new", "--no-passphrase"]).ok();
        home
    }

    /// Where the identity lies.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// A path beside the identity's folder.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file beside the identity's folder and returns its path as text.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.file(name);
        std::fs::write(&path, bytes).expect("the file is written");
        path.display().to_string()
    }

    /// Runs to the end with an empty standard input.
    pub(crate) fn run(&self, args: &[&str]) -> Run {
        self.run_with(args, "", &[])
    }

    /// Runs to the end with this standard input and these variables.
    pub(crate) fn run_with(&self, args: &[&str], stdin: impl AsRef<[u8]>, env: &[(&str, &str)]) -> Run {
        let mut command = self.command(args);
        command.envs(env.iter().copied());
        let mut child = command.stderr(Stdio::piped()).spawn().expect("the binary starts");
        let mut pipe = child.stdin.take().expect("a pipe");
        // A command that does not read its input may be gone by now.
        drop(pipe.write_all(stdin.as_ref()));
        drop(pipe);
        finished(&child.wait_with_output().expect("the binary ends"))
    }

    /// Runs with every file that is written bounded to so many blocks of 512 bytes.
    #[cfg(unix)]
    pub(crate) fn run_bounded(&self, blocks: u32, args: &[&str]) -> Run {
        let inner = self.command(args);
        let mut command = Command::new("sh");
        command
            .arg("-c")
            .arg(format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\""))
            .arg("sh")
            .arg(inner.get_program())
            .args(inner.get_args())
            .envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))))
            .stdin(Stdio::null());
        finished(&command.output().expect("the shell runs"))
    }

    /// Runs without the rights of root, which no mode of a file stops.
    #[cfg(unix)]
    pub(crate) fn run_as_nobody(&self, args: &[&str]) -> Run {
        use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
        use std::os::unix::process::CommandExt as _;
        const NOBODY: u32 = 65_534;
        let inner = self.command(args);
        let is_root = std::fs::metadata("/proc/self").expect("this process").uid() == 0;
        if !is_root {
            return self.run(args);
        }
        // Neither the build folder nor the test's own need be open to everybody.
        let program = self.file("meteorite");
        std::fs::copy(inner.get_program(), &program).expect("a copy of the binary");
        let open = |path: &Path| {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("opened");
        };
        open(&program);
        open(self.folder.path());
        let user_of = |uid| {
            std::os::unix::fs::chown(self.path(), Some(uid), Some(uid)).expect("the owner is set");
            for entry in std::fs::read_dir(self.path()).expect("the folder") {
                let path = entry.expect("an entry").path();
                std::os::unix::fs::chown(path, Some(uid), Some(uid)).expect("the owner is set");
            }
        };
        user_of(NOBODY);
        let mut command = Command::new(program);
        command
            .args(inner.get_args())
            .envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))))
            .current_dir("/")
            .uid(NOBODY)
            .gid(NOBODY)
            .stdin(Stdio::null());
        let output = command.output().expect("it runs");
        user_of(0);
        finished(&output)
    }

    /// Starts a command that goes on.
    pub(crate) fn start(&self, args: &[&str]) -> Running {
        let mut child = self
            .command(args)
            .stderr(Stdio::inherit())
            .spawn()
            .expect("the binary starts");
        drop(child.stdin.take());
        let lines = BufReader::new(child.stdout.take().expect("a pipe"));
        Running { child, lines }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_meteorite"));
        for name in INHERITED {
            command.env_remove(name);
        }
        command
            .env("NO_COLOR", "1")
            .arg("--home")
            .arg(self.path())
            .args(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        command
    }
}

fn finished(output: &std::process::Output) -> Run {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("what is printed is UTF-8");
    Run {
        code: output.status.code().expect("it was not killed"),
        out: text(&output.stdout),
        err: text(&output.stderr),
    }
}

impl Run {
    /// It must have worked.
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.code, 0, "{self:?}");
        self
    }

    /// It must have ended with this code, nothing on standard output, and one message with these parts.
    #[track_caller]
    pub(crate) fn refused(self, code: i32, parts: &[&str]) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        assert_eq!(self.out, "", "results in spite of a refusal");
        assert_eq!(self.err.matches("error:").count(), 1, "one message: {}", self.err);
        for part in parts {
            assert!(self.err.contains(part), "no {part:?} in {}", self.err);
        }
        self
    }

    /// Standard output as one JSON value.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl Running {
    /// Reads lines until one passes; the text of that line.
    #[track_caller]
    pub(crate) fn until(&mut self, passes: impl Fn(&str) -> bool) -> String {
        let mut seen = String::new();
        loop {
            let mut line = String::new();
            let bytes = self.lines.read_line(&mut line).expect("a line");
            assert!(
                bytes > 0,
                "it ended without the line that was waited for, after:\n{seen}"
            );
            if passes(line.trim_end()) {
                return line.trim_end().to_owned();
            }
            seen.push_str(&line);
        }
    }

    /// Asks it to end as a service is ended; its exit code.
    #[cfg(unix)]
    pub(crate) fn terminate(mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill")
            .args(["-TERM", &pid])
            .status()
            .expect("kill runs");
        assert!(sent.success(), "the signal was sent");
        self.child.wait().expect("it ends").code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Variables of the one who runs the tests.
const INHERITED: [&str; 5] = [
    "METEORITE_HOME",
    "METEORITE_PASSPHRASE",
    "METEORITE_NEW_PASSPHRASE",
    "METEORITE_BACKUP_PASSPHRASE",
    "METEORITE_LOG",
];

/// The text of a repository file, from the workspace root.
pub(crate) fn repository_file(path: &str) -> Option<String> {
    let here = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo says where the crate is");
    let root = Path::new(&here)
        .ancestors()
        .nth(2)
        .expect("node/cli lies two folders deep");
    std::fs::read_to_string(root.join(path)).ok()
}
