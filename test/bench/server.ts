import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import express from 'express';
import type { Answers, Guarded, Ready } from './contestant.js';
import { ALL } from './contestants/index.js';

/** A child of the runner: `server.js <contestant> <redis url>`. Answers every message, the name of one of `Answers`. */

/** 1 kB as JSON. */
const ORDERS = Array.from({ length: 8 }, (_, index) => ({
  id: `order-${1000 + index}`,
  customer: 'Ada Lovelace',
  total: 1234.5,
  currency: 'EUR',
  state: 'shipped',
  createdAt: '2026-01-01T12:00:00.000Z',
}));

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const ANSWERS: { readonly [Question in keyof Answers]: () => Answers[Question] } = {
  cpu() {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
  memory() {
    collectGarbage();
    const { rss, heapUsed } = process.memoryUsage();
    return { rssBytes: rss, heapBytes: heapUsed };
  },
};

const [name, redisUrl = ''] = process.argv.slice(2);
const contestant = ALL.find((candidate) => candidate.name === name);
if (contestant === undefined) throw new Error(`there is no contestant ${name}`);
const guarded = await contestant.prepare(redisUrl);
const server = createServer(listenerOf(guarded));
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  const { accepted, refusals } = guarded;
  process.send?.({ port, accepted, refusals } satisfies Ready);
});

process.on('message', (question: keyof Answers) => {
  process.send?.(ANSWERS[question]());
});
process.on('disconnect', () => process.exit(0));

function listenerOf({ guards, auth, onError, listener }: Guarded) {
  if (listener !== undefined) return listener(() => JSON.stringify(ORDERS));
  const app = express();
  if (auth !== undefined) app.use('/auth', auth);
  app.get('/orders', ...guards, (_req, res) => {
    res.json(ORDERS);
  });
  if (onError !== undefined) app.use(onError);
  return app;
}
