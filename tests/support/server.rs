//! The program as a server of its own: started, killed, started again.

use lakegate_model::failpoint;
use std::{
    fs::{self, File, OpenOptions},
    io::Write as _,
    os::unix::process::ExitStatusExt as _,
    path::{Path, PathBuf},
    process::{Child, Command},
    time::Duration,
};
use tempfile::TempDir;

use crate::{
    Browser, Client, Database,
    command::{self, Said},
    database::drop_database,
    log,
    people::{PASSWORD, Person},
    wait::{eventually, within},
};

/// How long a server may take to end in order.
const STOP: Duration = Duration::from_secs(40);

/// The signal of a process that aborts itself.
const ABORTED: i32 = 6;

/// How a server is started.
#[derive(Debug, Clone, Default)]
pub struct Options {
    database: Database,
    toml: String,
    demo: bool,
    data_dir: Option<PathBuf>,
    mistakes_expected: bool,
}

impl Options {
    /// On this database.
    #[must_use]
    pub fn on(self, database: Database) -> Self {
        Self { database, ..self }
    }

    /// With this configuration besides the harness's own; whole sections.
    #[must_use]
    pub fn toml(mut self, text: &str) -> Self {
        self.toml.push_str(text);
        self.toml.push('\n');
        self
    }

    /// The demo, which comes with its own people.
    #[must_use]
    pub fn demo(self) -> Self {
        Self { demo: true, ..self }
    }

    /// With the data directory in this folder, such as a small disk.
    #[must_use]
    pub fn data_dir(self, folder: &Path) -> Self {
        Self { data_dir: Some(folder.to_owned()), ..self }
    }
}

/// A running program.
#[derive(Debug)]
pub struct Server {
    pub url: String,
    /// The administrator `ada`, who made the set-up; nobody in a demo.
    pub admin: Person,
    pub data_dir: PathBuf,
    /// Folder of the test itself; `files` in it is a root that sources may read.
    pub folder: TempDir,
    options: Options,
    database_url: Option<String>,
    child: Option<Child>,
}

impl Server {
    /// A server with the administrator `ada`.
    pub async fn start(options: Options) -> Self {
        let mut server = Self::start_unset(options).await;
        if !server.options.demo {
            server.set_up().await;
        }
        server
    }

    /// A server without users.
    pub async fn start_unset(options: Options) -> Self {
        let mut server = Self::prepare(options).await;
        server.launch().await;
        server
    }

    /// A server that was never started: configured, and nothing else.
    pub async fn prepare(options: Options) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("files")).unwrap();
        let data_dir = options.data_dir.clone().unwrap_or_else(|| folder.path().join("data"));
        let database_url = options.database.create().await;
        let nobody = Client::anonymous("");
        let admin = Person { id: String::new(), username: "ada".to_owned(), client: nobody };
        let server = Self { url: String::new(), admin, data_dir, folder, options, database_url, child: None };
        server.write_configuration();
        if server.database_url.is_some() {
            server.command(&["migrate"]).await.ok();
        }
        server
    }

    /// The secret of the set-up link of this start.
    pub async fn set_up_secret(&self) -> String {
        eventually("the set-up link", async || {
            let said = self.said();
            let (_, rest) = said.split_once("/set-up/")?;
            rest.split_once('\n').map(|(secret, _)| secret.trim().to_owned())
        })
        .await
    }

    /// Makes the administrator `ada` of a server that has no users.
    pub async fn set_up(&mut self) {
        let link = format!("/set-up/{}", self.set_up_secret().await);
        let form = [("username", "ada"), ("password", PASSWORD)];
        Browser::new(&self.url).submit_bare(&link, &form).await.is(303);
        self.admin.client = self.signed_in("ada").await;
        let me = self.admin.get("/api/v1/me").await.ok();
        self.admin.id = crate::answer::id(&me["user"]);
    }

    fn write_configuration(&self) {
        let root = self.files().canonicalize().unwrap();
        let mut text = format!("[log]\nformat = \"json\"\nlevel = \"info\"\n[sources]\nroots = [{root:?}]\n");
        if let Some(url) = &self.database_url {
            text.push_str(&format!("[database]\nurl = {url:?}\n"));
        }
        text.push_str(&self.options.toml);
        fs::write(self.configuration(), text).unwrap();
    }

    /// The configuration file.
    pub fn configuration(&self) -> PathBuf {
        self.folder.path().join("lakegate.toml")
    }

    /// The folder that data sources may read.
    pub fn files(&self) -> PathBuf {
        self.folder.path().join("files")
    }

    /// The program's log of all its lives.
    pub fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// Everything the program said on standard output in this life.
    pub fn said(&self) -> String {
        fs::read_to_string(self.folder.path().join("out")).unwrap_or_default()
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("a running server").id()
    }

    fn program(&self, arguments: &[&str]) -> Command {
        let mut command = command::command(arguments);
        command.arg("--config").arg(self.configuration()).arg("--data-dir").arg(&self.data_dir);
        command.current_dir(self.folder.path());
        command
    }

    /// Starts the process and waits until it listens.
    async fn launch(&mut self) {
        self.spawn(None);
        self.url = eventually("the line of the listening server", async || self.listening()).await;
        self.admin.client.base.clone_from(&self.url);
    }

    fn spawn(&mut self, failpoint: Option<&str>) {
        let word = if self.options.demo { "demo" } else { "serve" };
        let mut command = self.program(&[word, "--listen", "127.0.0.1:0"]);
        let log = OpenOptions::new().create(true).append(true).open(self.log()).unwrap();
        let out = File::create(self.folder.path().join("out")).unwrap();
        if let Some(point) = failpoint {
            command.env(failpoint::VARIABLE, point);
        }
        self.child = Some(command.stdin(std::process::Stdio::null()).stdout(out).stderr(log).spawn().unwrap());
    }

    /// Starts the process such that it dies when it reaches a point; returns once it listens, or died before.
    pub async fn start_to_die_at(&mut self, point: &str) {
        assert!(self.child.is_none(), "the server still runs");
        self.spawn(Some(point));
        let url = eventually("the listening or dead server", async || {
            let dead = self.child.as_mut().unwrap().try_wait().unwrap().is_some();
            if dead { Some(None) } else { self.listening().map(Some) }
        })
        .await;
        if let Some(url) = url {
            self.url = url;
            self.admin.client.base.clone_from(&self.url);
        }
    }

    /// Waits until the process is dead, and asserts that it died at this point and nowhere else.
    pub async fn is_dead_at(&mut self, point: &str) {
        let mut child = self.child.take().expect("a running server");
        let ended = eventually(&format!("the death at {point}"), async || child.try_wait().unwrap()).await;
        let name = point.split(':').next().unwrap();
        let said = format!("failpoint {name} reached");
        assert_eq!(ended.signal(), Some(ABORTED), "{point}: {ended:?}\n{}", self.tail());
        let last_words = self.tail().lines().rev().take(5).any(|line| line == said);
        assert!(last_words, "it died elsewhere than at {point}:\n{}", self.tail());
    }

    /// Runs a command that has to die at a point.
    pub async fn command_dies_at(&self, arguments: &[&str], point: &str) {
        let mut command = self.program(arguments);
        command.env(failpoint::VARIABLE, point);
        let said = command::run(command, "").await;
        assert!(said.code.is_none() && said.err.contains(&format!("failpoint {point} reached")), "{said:?}");
    }

    /// The address once it is known.
    fn listening(&mut self) -> Option<String> {
        let ended = self.child.as_mut().unwrap().try_wait().unwrap();
        assert!(ended.is_none(), "the server ended before it listened ({ended:?}):\n{}", self.tail());
        let said = self.said();
        let line = said.lines().find(|line| line.starts_with("{\"event\":\"listening\""))?;
        let event: serde_json::Value = serde_json::from_str(line).ok()?;
        event["url"].as_str().map(str::to_owned)
    }

    fn tail(&self) -> String {
        let lines = log::lines(&self.log());
        lines[lines.len().saturating_sub(30)..].join("\n")
    }

    /// Kills the process as a power cut does to it.
    pub fn kill9(&mut self) {
        let mut child = self.child.take().expect("a running server");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Asks the process to end; gives its exit code.
    pub async fn stop(&mut self) -> Option<i32> {
        let mut child = self.child.take().expect("a running server");
        signal(child.id(), "TERM");
        within(STOP, "the end of the server", async || child.try_wait().unwrap()).await.code()
    }

    /// Starts the process again on the same data.
    pub async fn start_again(&mut self) {
        assert!(self.child.is_none(), "the server still runs");
        self.launch().await;
    }

    /// Ends the process in order and starts it again.
    pub async fn restart(&mut self) {
        assert_eq!(self.stop().await, Some(0), "{}", self.tail());
        self.start_again().await;
    }

    /// Runs a command on the same configuration and data.
    pub async fn command(&self, arguments: &[&str]) -> Said {
        command::run(self.program(arguments), "").await
    }

    /// Runs a command with words on its standard input.
    pub async fn command_with(&self, arguments: &[&str], input: &str) -> Said {
        command::run(self.program(arguments), input).await
    }

    /// Adds to the configuration; takes effect with the next start.
    pub fn configure(&mut self, toml: &str) {
        let mut file = OpenOptions::new().append(true).open(self.configuration()).unwrap();
        writeln!(file, "{toml}").unwrap();
    }

    /// The test provokes mistakes of the program on purpose: do not fail for them.
    pub fn expect_mistakes(&mut self) {
        self.options.mistakes_expected = true;
    }

    /// The PostgreSQL database, if it is one.
    pub fn database_url(&self) -> Option<&str> {
        self.database_url.as_deref()
    }

    /// The end of a test that went well: the program ends in order and is free of mistakes.
    pub async fn finish(mut self) {
        if self.child.is_some() {
            let code = self.stop().await;
            assert_eq!(code, Some(0), "the server should end in order:\n{}", self.tail());
        }
        if let Some(url) = &self.database_url {
            drop_database(url).await;
        }
    }
}

/// Sends a signal to a process of ours.
pub fn signal(pid: u32, name: &str) {
    let sent = Command::new("kill").args(["-s", name, &pid.to_string()]).status().unwrap();
    assert!(sent.success(), "kill -s {name} {pid}");
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _gone = child.kill();
            let _gone = child.wait();
        }
        if std::thread::panicking() {
            eprintln!("the server's last words:\n{}", self.tail());
            return;
        }
        let mistakes = if self.options.mistakes_expected { Vec::new() } else { log::mistakes(&self.log()) };
        assert!(mistakes.is_empty(), "the server made mistakes:\n{}", mistakes.join("\n"));
    }
}
