//! Commands, beside a running server and without one.

use crate::support::{Server, err, out, program, run};
use std::process::Stdio;

#[test]
fn a_worker_says_in_one_sentence_why_it_does_not_run() {
    let output = program().arg("worker").output().unwrap();
    assert!(!output.status.success());
    assert_eq!(err(&output).lines().count(), 1, "{}", err(&output));
}

#[test]
fn an_address_that_others_can_reach_is_refused() {
    let root = tempfile::tempdir().unwrap();
    for command in ["demo", "serve"] {
        let output = run(&root.path().join("data"), &[command, "--listen", "0.0.0.0:0"]);
        assert!(!output.status.success() && err(&output).contains("server.listen"), "{}", err(&output));
        let advice = if command == "demo" { "lakegate serve" } else { "server.trusted_proxies" };
        assert!(err(&output).contains(advice), "{}", err(&output));
        assert_eq!(err(&output).contains("TLS"), command == "serve", "{}", err(&output));
    }
}

#[test]
fn an_unknown_key_is_named() {
    let root = tempfile::tempdir().unwrap();
    let mut command = program();
    command.env("LAKEGATE_SERVER__LISSEN", "x").arg("--data-dir").arg(root.path()).args(["config", "check"]);
    let output = command.output().unwrap();
    assert!(!output.status.success() && err(&output).contains("lissen"), "{}", err(&output));
}

#[test]
fn a_demo_is_whole_and_can_be_copied_rebuilt_and_restored_while_it_runs() {
    let server = Server::start("demo");
    let dir = server.dir.clone();
    let second = run(&dir, &["serve", "--listen", "127.0.0.1:0"]);
    assert!(err(&second).contains("used by another running Lakegate"), "{}", err(&second));
    let reindex = run(&dir, &["reindex"]);
    assert!(reindex.status.success() && out(&reindex).contains("entries"), "{}{}", out(&reindex), err(&reindex));
    let archive = dir.with_file_name("copy.tar.gz");
    let backup = run(&dir, &["backup", archive.to_str().unwrap()]);
    assert!(backup.status.success(), "{}", err(&backup));
    let (ended, _data) = server.end_keeping_data();
    assert!(ended, "the server ends in order");
    let doctor = run(&dir, &["doctor", "--deep"]);
    assert!(doctor.status.success(), "{}", out(&doctor));
    let verify = run(&dir, &["audit", "verify"]);
    assert!(verify.status.success() && out(&verify).contains(" 0 not sealed"), "{}", out(&verify));
}

#[test]
fn a_backup_holds_no_master_key_and_restores_into_a_new_folder() {
    let server = Server::start("demo");
    let copy = server.dir.with_file_name("copy");
    let backup = run(&server.dir, &["backup", copy.to_str().unwrap()]);
    assert!(backup.status.success(), "{}", err(&backup));
    assert!(!copy.join("master.key").exists() && copy.join("lakegate.db").exists());
    let restored = server.dir.with_file_name("restored");
    let restore = run(&restored, &["restore", copy.to_str().unwrap()]);
    assert!(restore.status.success() && out(&restore).contains("master key"), "{}{}", out(&restore), err(&restore));
    std::fs::copy(server.dir.join("master.key"), restored.join("master.key")).unwrap();
    let doctor = run(&restored, &["doctor", "--deep"]);
    assert!(doctor.status.success(), "{}", out(&doctor));
    assert!(server.end());
}

#[test]
fn a_user_is_added_with_a_password_from_standard_input() {
    use std::io::Write;
    let root = tempfile::tempdir().unwrap();
    let mut child = program()
        .args(["user", "add", "petra", "--display-name", "Petra", "--password-stdin", "--admin", "--data-dir"])
        .arg(root.path().join("data"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"seven miles of coast\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && out(&output).contains("petra"), "{}", out(&output));
}

#[test]
fn what_the_program_says_of_itself_is_the_same_each_time() {
    for what in ["openapi", "errors", "rights", "config"] {
        let (first, second) = (program().args(["schema", what]).output(), program().args(["schema", what]).output());
        let (first, second) = (first.unwrap(), second.unwrap());
        assert!(first.status.success() && !first.stdout.is_empty(), "{what}");
        assert_eq!(first.stdout, second.stdout, "{what}");
    }
}
