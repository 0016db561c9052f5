//! The processes of the fleet: started, killed, started again on the same data.

use lakegate_tests::{
    Server,
    command::command,
    log,
    server::signal,
    wait::{PATIENCE, eventually, within},
};
use serde_json::Value;
use std::{
    fs::{self, File, OpenOptions},
    path::PathBuf,
    process::{Child, Stdio},
    sync::{Mutex, MutexGuard},
    time::Duration,
};

/// How long a process may take to end in order.
const STOP: Duration = Duration::from_secs(40);

/// What a process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    Server,
    Worker,
}

/// One process, through all its lives.
#[derive(Debug)]
struct Process {
    role: Role,
    name: String,
    configuration: PathBuf,
    master_key: PathBuf,
    data_dir: PathBuf,
    folder: PathBuf,
    child: Option<Child>,
}

/// All processes; they are killed when it is dropped.
#[derive(Debug)]
pub struct Fleet(Mutex<Vec<Process>>);

impl Process {
    fn new(app: &Server, role: Role, name: &str, data_dir: Option<PathBuf>) -> Self {
        let folder = app.folder.path().join(name);
        fs::create_dir_all(&folder).unwrap();
        Self {
            role,
            name: name.to_owned(),
            configuration: app.configuration(),
            master_key: app.data_dir.join("master.key"),
            data_dir: data_dir.unwrap_or_else(|| folder.join("data")),
            folder,
            child: None,
        }
    }

    fn spawn(&mut self) {
        let (configuration, data_dir) = (self.configuration.display().to_string(), self.data_dir.display().to_string());
        let mut arguments = match self.role {
            Role::Server => vec!["serve", "--listen", "127.0.0.1:0"],
            Role::Worker => vec!["worker"],
        };
        arguments.extend(["--config", &configuration, "--data-dir", &data_dir]);
        let log = OpenOptions::new().create(true).append(true).open(self.log()).unwrap();
        let mut command = command(&arguments);
        command.env("LAKEGATE_KEYS__MASTER_KEY_FILE", &self.master_key).current_dir(&self.folder);
        command.stdin(Stdio::null()).stdout(File::create(self.out()).unwrap()).stderr(log);
        self.child = Some(command.spawn().unwrap());
    }

    fn out(&self) -> PathBuf {
        self.folder.join("out")
    }

    fn log(&self) -> PathBuf {
        self.folder.join("log")
    }

    fn tail(&self) -> String {
        let lines = log::lines(&self.log());
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    /// What it said once it was ready in this life. Nobody but the killer may end it.
    fn is_ready(&mut self) -> Option<Value> {
        let child = self.child.as_mut().expect("a process that was started");
        let ended = child.try_wait().unwrap();
        assert!(ended.is_none(), "{} ended by itself ({ended:?}):\n{}", self.name, self.tail());
        let said = fs::read_to_string(self.out()).unwrap_or_default();
        let events = said.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        events.into_iter().find(|event| event["event"] == "listening" || event["event"] == "working")
    }
}

impl Fleet {
    /// Two servers, one of them on the data directory of `app`, which is stopped, and three workers.
    pub async fn start(app: &Server) -> Self {
        let mut all = vec![
            Process::new(app, Role::Server, "server-1", Some(app.data_dir.clone())),
            Process::new(app, Role::Server, "server-2", None),
        ];
        all.extend((1..=3).map(|number| Process::new(app, Role::Worker, &format!("worker-{number}"), None)));
        all.iter_mut().for_each(Process::spawn);
        let fleet = Self(Mutex::new(all));
        fleet.is_up().await;
        fleet
    }

    fn all(&self) -> MutexGuard<'_, Vec<Process>> {
        self.0.lock().unwrap()
    }

    /// Waits until every process is ready.
    pub async fn is_up(&self) {
        eventually("all processes", async || {
            self.all().iter_mut().all(|process| process.is_ready().is_some()).then_some(())
        })
        .await;
    }

    pub fn len(&self) -> usize {
        self.all().len()
    }

    /// The processes by their ids, as far as they are ready: one that starts still has nothing to lose.
    pub fn ready(&self) -> Vec<(usize, u32)> {
        let mut all = self.all();
        let ready = |(place, process): (usize, &mut Process)| {
            process.is_ready().map(|_| (place, process.child.as_ref().unwrap().id()))
        };
        all.iter_mut().enumerate().filter_map(ready).collect()
    }

    /// The addresses at which servers listen.
    pub fn urls(&self) -> Vec<String> {
        let mut all = self.all();
        let servers = all.iter_mut().filter(|process| process.role == Role::Server);
        let ready = servers.filter_map(Process::is_ready);
        ready.map(|event| event["url"].as_str().unwrap().to_owned()).collect()
    }

    /// Kills a process as a power cut does to it.
    pub fn kill(&self, place: usize) -> Role {
        let mut all = self.all();
        let process = &mut all[place];
        let mut child = process.child.take().expect("a process that was started");
        child.kill().unwrap();
        child.wait().unwrap();
        process.role
    }

    /// Starts a killed process on its data, without waiting for it.
    pub fn start_again(&self, place: usize) {
        self.all()[place].spawn();
    }

    /// Asserts that no process made a mistake that it would have to answer with 500.
    pub fn made_no_mistakes(&self) {
        for process in self.all().iter() {
            let mistakes = log::mistakes(&process.log());
            assert!(mistakes.is_empty(), "{} made mistakes:\n{}", process.name, mistakes.join("\n"));
        }
    }

    /// Ends all processes in order.
    pub async fn stop(&self) {
        let mut children: Vec<(String, Child)> =
            self.all().iter_mut().map(|process| (process.name.clone(), process.child.take().unwrap())).collect();
        children.iter().for_each(|(_, child)| signal(child.id(), "TERM"));
        for (name, child) in &mut children {
            let code = within(STOP.max(PATIENCE), "the end of a process", async || child.try_wait().unwrap()).await;
            assert_eq!(code.code(), Some(0), "{name} ends in order");
        }
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        let Ok(all) = self.0.get_mut() else { return };
        for process in all {
            if let Some(mut child) = process.child.take() {
                let _gone = child.kill();
                let _gone = child.wait();
            }
            if std::thread::panicking() {
                eprintln!("the last words of {}:\n{}", process.name, process.tail());
            }
        }
    }
}
