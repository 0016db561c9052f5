// Runs the program under test: `$LAKEGATE_BIN` as a child process on a free port with its own data directory.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const START_SECONDS = 60;
const STOP_SECONDS = 30;
const LOG_LINES_SHOWN = 40;

function binary() {
  assert.ok(process.env.LAKEGATE_BIN, "LAKEGATE_BIN must name the lakegate program");
  return process.env.LAKEGATE_BIN;
}

export async function temporaryFolder() {
  return mkdtemp(join(tmpdir(), "lakegate-browser-"));
}

/** Runs one command to its end, with `input` on its stdin; gives its stdout. Fails when the exit code is not 0. */
export async function runCommand(args, { input = "", env = {} } = {}) {
  const child = spawn(binary(), args, { env: { ...process.env, ...env }, stdio: ["pipe", "pipe", "pipe"] });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"]) child[name].on("data", (chunk) => (output[name] += chunk));
  child.stdin.end(input);
  const [code] = await once(child, "close");
  assert.equal(code, 0, `lakegate ${args[0]} ended with ${code}: ${output.stderr}`);
  return output.stdout;
}

function listeningUrl(line) {
  try {
    const event = JSON.parse(line);
    return event.event === "listening" ? event.url : undefined;
  } catch {
    return undefined; // Lines for people stand on stdout too.
  }
}

function firstUrl(child, log) {
  return new Promise((resolve, reject) => {
    const refuse = (why) => reject(new Error(`the server ${why}:\n${log.slice(-LOG_LINES_SHOWN).join("\n")}`));
    const timer = setTimeout(() => refuse(`did not listen within ${START_SECONDS} s`), START_SECONDS * 1000);
    child.once("error", (error) => refuse(`did not start: ${error.message}`));
    child.once("exit", (code, signal) => {
      clearTimeout(timer);
      refuse(`ended with ${code ?? signal} before it listened`);
    });
    createInterface({ input: child.stdout }).on("line", (line) => {
      log.push(line);
      const url = listeningUrl(line);
      if (url) {
        clearTimeout(timer);
        resolve(url);
      }
    });
  });
}

async function stop(child, log) {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_SECONDS * 1000);
    await once(child, "exit");
    clearTimeout(timer);
  }
  const outcome = child.exitCode ?? child.signalCode;
  assert.equal(outcome, 0, `the server should stop cleanly:\n${log.slice(-LOG_LINES_SHOWN).join("\n")}`);
}

/**
 * Starts `serve` or `demo` and waits until it listens.
 * Gives `{ url, dataDir, log, stop }`; `stop()` asks it to end, asserts that it ended cleanly and removes a data
 * directory that was made here.
 */
export async function startServer({ command = "serve", dataDir, env = {}, args = [] } = {}) {
  const folder = dataDir ?? (await temporaryFolder());
  const all = [command, "--listen", "127.0.0.1:0", "--data-dir", folder, ...args];
  const child = spawn(binary(), all, { env: { ...process.env, ...env }, cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  const log = [];
  createInterface({ input: child.stderr }).on("line", (line) => log.push(line));
  const killWithUs = () => child.kill("SIGKILL");
  process.once("exit", killWithUs);
  const url = await firstUrl(child, log).catch((error) => {
    child.kill("SIGKILL");
    throw error;
  });
  return {
    url,
    dataDir: folder,
    log,
    async stop() {
      process.removeListener("exit", killWithUs);
      await stop(child, log);
      if (!dataDir) await rm(folder, { recursive: true, force: true });
    },
  };
}
