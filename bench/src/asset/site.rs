//! The application over a folder, its router on a socket of this machine, and a caller with a token.

use anyhow::{Context, Result, anyhow};
use lakegate_app::{
    App, Caller, Identity, Services, Settings,
    accounts::{
        api_tokens::{self, NewToken},
        sign_in, users,
    },
    catalog::hub::SearchHub,
    keys::Keys,
    places::outgoing::OutgoingRules,
};
use lakegate_engine::{Engine, EngineConfig, Limits};
use lakegate_lake::{Sandbox, import::UploadLimits};
use lakegate_model::{Code, Fault, Random, clock::SystemClock, words::TokenScope};
use lakegate_store::{Db, migrate};
use lakegate_web::{Metrics, WebConfig, router, web};
use rand::{RngCore, rngs::OsRng};
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Who asks.
pub const CALLER: &str = "caller";

/// The file of the database in a folder.
pub fn database(dir: &Path) -> PathBuf {
    dir.join("lakegate.db")
}

#[derive(Debug)]
struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, buffer: &mut [u8]) {
        OsRng.fill_bytes(buffer);
    }
}

/// The application.
pub struct Site {
    pub app: App,
}

/// How to reach the served application.
#[derive(Debug, Clone)]
pub struct Door {
    pub address: SocketAddr,
    /// The value of `Authorization`.
    pub bearer: String,
}

/// Makes an error of a fault, with its cause.
pub fn failed(fault: Fault) -> anyhow::Error {
    anyhow!("{fault:?}")
}

impl Site {
    /// Opens the folder; makes and migrates what is absent.
    pub async fn open(dir: &Path) -> Result<Self> {
        std::fs::create_dir_all(dir).with_context(|| format!("{} cannot be made", dir.display()))?;
        let db = Db::sqlite(&database(dir)).await?;
        migrate::run(&db).await?;
        let settings = Settings {
            data_dir: dir.to_owned(),
            oidc: None,
            // Signs the caller in without a password.
            demo: true,
            local_lake: true,
            new_databases: lakegate_model::words::AccessMode::Fine,
            outgoing: OutgoingRules { allow: Vec::new() },
            query_limits: Limits::default(),
            upload_limits: UploadLimits::default(),
            break_glass: lakegate_app::access::break_glass::Lasting::default(),
            notices: lakegate_app::jobs::notices::NoticeSettings::default(),
        };
        let random = Arc::new(SystemRandom);
        let app = App::new(db, Arc::new(SystemClock), random, Keys::from_bytes([7; 32]), settings, services(dir)?);
        make_caller(&app).await.map_err(failed)?;
        Ok(Self { app })
    }

    /// Serves on a free port of this machine, as the program does.
    pub async fn serve(&self) -> Result<Door> {
        let bearer = token(&self.app).await.map_err(failed)?;
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let router = router(web(self.app.clone(), WebConfig::default(), Metrics::default()));
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(axum::serve(listener, service).into_future());
        Ok(Door { address, bearer })
    }

    /// Closes the database.
    pub async fn close(&self) {
        self.app.db.close().await;
    }
}

fn services(dir: &Path) -> Result<Services> {
    let engine = EngineConfig {
        spill_dir: dir.join("spill"),
        memory_bytes: 64 << 20,
        spill_quota_bytes: 64 << 20,
        worker_threads: 1,
    };
    Ok(Services {
        engine: Engine::new(engine).map_err(failed)?,
        search: SearchHub::open(&dir.join("index")).map_err(failed)?,
        sandbox: Sandbox::in_process(),
    })
}

async fn make_caller(app: &App) -> Result<(), Fault> {
    let input = users::UserInput {
        username: CALLER.to_owned(),
        display_name: CALLER.to_owned(),
        email: None,
        password: None,
        roles: Vec::new(),
    };
    match users::create(app, &Caller::system("bench"), &input).await {
        Err(fault) if fault.code != Code::Conflict => Err(fault),
        _ => Ok(()),
    }
}

async fn token(app: &App) -> Result<String, Fault> {
    let anonymous = Caller::anonymous("bench".to_owned(), None);
    let started = sign_in::demo_sign_in(app, &anonymous, CALLER, "bench").await?;
    let caller = Caller { identity: Identity::Session(started.session.id), ..anonymous };
    let new = NewToken { name: "bench".to_owned(), scopes: vec![TokenScope::Read], days: 1, account: None };
    Ok(format!("Bearer {}", api_tokens::create(app, &caller, &new).await?.secret))
}
