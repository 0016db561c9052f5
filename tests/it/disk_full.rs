//! A full disk: refused with 507, nothing lost, nothing half-done, and working again once there is room.

use lakegate_tests::{Options, Server, skipped, story::rows, upload};
use rand::{RngCore, SeedableRng, rngs::StdRng};
use serde_json::json;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// A small disk, gone with its owner.
struct Disk(PathBuf);

impl Disk {
    fn mount(at: &Path, megabytes: u32) -> Option<Self> {
        fs::create_dir_all(at).unwrap();
        let size = format!("size={megabytes}m,mode=0700");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(at).output().ok()?;
        mounted.status.success().then(|| Self(at.to_owned()))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _gone = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// Text that does not compress.
fn noise(megabytes: usize) -> Vec<u8> {
    let mut random = StdRng::seed_from_u64(7);
    let mut text = String::from("id,noise\n");
    let mut n = 0_u64;
    while text.len() < megabytes << 20 {
        text.push_str(&format!("{n},{:016x}{:016x}{:016x}\n", random.next_u64(), random.next_u64(), random.next_u64()));
        n += 1;
    }
    text.into_bytes()
}

/// Takes what room is left but for some kilobytes.
fn fill(disk: &Path, leave_kb: usize) -> PathBuf {
    let ballast = disk.join("ballast");
    let mut size = 0_usize;
    let mut file = fs::File::create(&ballast).unwrap();
    while std::io::Write::write_all(&mut file, &[1; 65_536]).is_ok() {
        size += 65_536;
    }
    file.set_len((size - leave_kb * 1024) as u64).unwrap();
    ballast
}

/// What the doctor finds wrong, and that its exit code says so.
async fn wrong(app: &Server, code: i32) -> Vec<String> {
    let said = app.command(&["doctor", "--deep"]).await;
    assert_eq!(said.code, Some(code), "{said:?}");
    assert!(said.out.contains("every row refers to rows that exist"), "{said:?}");
    said.out.lines().filter_map(|line| line.strip_prefix("WRONG  ")).map(str::to_owned).collect()
}

#[tokio::test]
async fn a_full_disk_refuses_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let disk = folder.path().join("disk");
    let Some(_mounted) = Disk::mount(&disk, 80) else {
        return skipped("a full disk", "a small disk cannot be mounted here (needs root)");
    };
    let mut app = Server::start(Options::default().data_dir(&disk.join("data"))).await;
    let domain = app.domain("Sales").await;
    let team = app.team("olga", &domain, "Producer", "lake").await;
    let environment = team.environment.id.clone();
    let kept = upload::upload(&team.owner, &environment, "kept", "a.csv", b"id\n1\n2\n".to_vec()).await;
    upload::asset(kept);
    let mut ballast = fill(&disk, 6 << 10);

    upload::upload(&team.owner, &environment, "large", "a.csv", noise(30)).await.problem(507, "storage_full");
    let count = format!("select count(*) from {}.kept", team.environment.published);
    assert_eq!(rows(&team.acting(), &count).await, [[json!(2)]]);
    let all = team.owner.all(&format!("/api/v1/projects/{}/assets", team.project), 50).await;
    assert_eq!(all.len(), 1, "{all:?}");
    // The refused upload left nothing, and the doctor names the one thing that is wrong.
    let found = wrong(&app, 1).await;
    assert!(found.len() == 1 && found[0].starts_with("disk: only "), "{found:?}");

    // No room at all: changes are refused, not lost and not answered with a mistake of ours.
    fs::remove_file(&ballast).unwrap();
    ballast = fill(&disk, 0);
    let mut acknowledged = 0;
    for n in 0..400 {
        let answer = app.admin.post("/api/v1/domains", json!({ "name": format!("d{n}") })).await;
        match answer.status.as_u16() {
            201 => acknowledged += 1,
            status => {
                assert!([503, 507].contains(&status), "{answer}");
                break;
            }
        }
    }
    fs::remove_file(&ballast).unwrap();
    let listed = app.admin.get("/api/v1/domains").await.ok();
    assert_eq!(listed.as_array().unwrap().len(), acknowledged + 1);
    let again = upload::upload(&team.owner, &environment, "large", "a.csv", noise(4)).await;
    upload::asset(again);
    app.restart().await;
    assert_eq!(wrong(&app, 0).await, [""; 0]);
    app.finish().await;
}
