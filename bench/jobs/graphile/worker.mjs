// graphile-worker with the settings that its own page on performance gives for the highest rate.
//
//   node worker.mjs fill ADDRESS RUNS   makes its tables and puts jobs in
//   node worker.mjs work ADDRESS        says "ready", begins at the line "go", ends at the line "stop"
import { createInterface } from "node:readline";
import { Logger, makeWorkerUtils, run } from "graphile-worker";

const [mode, connectionString, runs] = process.argv.slice(2);
const preset = {
  worker: {
    connectionString,
    concurrentJobs: 24,
    maxPoolSize: 25,
    localQueue: { size: 500 },
    completeJobBatchDelay: 0,
    failJobBatchDelay: 0,
    logger: new Logger(() => () => {}),
  },
};

async function fill() {
  const utils = await makeWorkerUtils({ preset });
  await utils.migrate();
  await utils.withPgClient((client) =>
    client.query(
      `select count(*) from graphile_worker.add_jobs(array(
         select json_populate_record(null::graphile_worker.job_spec,
           json_build_object('identifier', 'noop', 'payload', json_build_object('n', n)))
         from generate_series(0, $1::int - 1) n))`,
      [Number(runs)],
    ),
  );
  await utils.release();
}

async function work() {
  const effects = [];
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  process.stdout.write("ready\n");
  await lines.next();
  const noop = async ({ n }) => {
    effects.push(n);
  };
  const runner = await run({ preset, taskList: { noop }, parsedCronItems: [], noHandleSignals: true });
  let said = 0;
  const telling = setInterval(() => {
    if (effects.length !== said) process.stdout.write(`count ${(said = effects.length)}\n`);
  }, 5);
  await lines.next();
  clearInterval(telling);
  await runner.stop();
  process.stdout.write(`effects ${effects.join(",")}\n`, () => process.exit(0));
}

await (mode === "fill" ? fill() : work());
