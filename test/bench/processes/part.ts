import { machine, today } from '../comparison/report.js';
import { count, type Figure, fact, figureTable, ms } from '../figure.js';
import { demandStatuses, generateLoad, type LoadResult } from '../load/generate-load.js';
import { prepareLoad } from '../load/generator-process.js';
import { requestBytes } from '../load/http-request.js';
import { note } from '../note.js';
import { missesOf, type Part } from '../part.js';
import { median } from '../statistics.js';
import { type RunningCluster, withCluster } from './cluster-process.js';
import { feedTraffic } from './feed-traffic.js';
import { revocationDelays } from './revocations.js';

const REVOCATIONS = 100;
const RATE_ROUNDS = 8;
const RATE_SECONDS = 1;
const WARM_UP_SECONDS = 2;
/** Longer than a hundred revocations take. */
const BUSY_SECONDS = 15;

export const processes: Part = {
  seconds: () => 2 * (WARM_UP_SECONDS + RATE_ROUNDS * RATE_SECONDS) + BUSY_SECONDS + 30,

  async run(node, { connections }) {
    const figures: Figure[] = [];
    note(`Node ${node.version}: one process, then two`);
    for (const workers of [1, 2]) {
      await withCluster(node, workers, 3 * REVOCATIONS + connections, async (cluster) => {
        figures.push(await totalRate(cluster, workers, connections));
        if (workers > 1) figures.push(...(await changes(cluster, connections)));
      });
    }
    const markdown = `${figureTable(figures)}\n\n${machine(node.version)}; ${connections} connections; ${today()}`;
    return { markdown, data: { figures }, misses: missesOf(figures, node) };
  },
};

async function totalRate(cluster: RunningCluster, workers: number, connections: number): Promise<Figure> {
  const load = { port: cluster.port, connections, next: requestsOf(cluster, connections) };
  await generateLoad({ ...load, seconds: WARM_UP_SECONDS });
  const rounds: LoadResult[] = [];
  while (rounds.length < RATE_ROUNDS) rounds.push(await generateLoad({ ...load, seconds: RATE_SECONDS }));
  for (const round of rounds) demandStatuses('a cluster', round, [200]);
  const rate = median(rounds.map((round) => round.requestsPerSecond));
  const p99 = median(rounds.map((round) => round.p99Ms));
  const what = `total rate of ${workers} ${workers === 1 ? 'worker' : 'workers'} of node:cluster`;
  return fact(what, `${count(rate)} requests/s, p99 ${ms(p99)}`);
}

async function changes(cluster: RunningCluster, connections: number): Promise<readonly Figure[]> {
  const keysFrom = (start: number) => cluster.keys.slice(connections + start, connections + start + REVOCATIONS);
  const idle = await revocationDelays(cluster, keysFrom(0));

  const busyLoad = await prepareLoad({
    port: cluster.port,
    connections,
    seconds: BUSY_SECONDS,
    headers: cluster.keys.slice(0, connections),
  });
  const running = busyLoad.run();
  const busy = await revocationDelays(cluster, keysFrom(REVOCATIONS));
  demandStatuses('traffic beside revocations', await running, [200]);

  const what = `from the answer to a revocation to the first refusal by the other worker, ${REVOCATIONS} times`;
  const delay = ({ p50Ms, maxMs }: typeof idle) => `p50 ${p50Ms.toFixed(2)} ms, longest ${maxMs.toFixed(2)} ms`;
  return [
    fact(`${what}, both idle`, delay(idle)),
    fact(`${what}, both filled with traffic`, delay(busy)),
    fact('requests let in after that answer', `${idle.letIn} idle, ${busy.letIn} filled`),
    ...(await feedTraffic(cluster, keysFrom(2 * REVOCATIONS))),
  ];
}

function requestsOf(cluster: RunningCluster, connections: number): (connection: number) => Buffer {
  const requests = cluster.keys.slice(0, connections).map((headers) => requestBytes({ headers }));
  return (connection) => requests[connection % requests.length] as Buffer;
}
