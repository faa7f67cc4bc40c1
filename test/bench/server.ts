import type { AddressInfo } from 'node:net';
import express from 'express';
import type { Ready } from './contestant.js';
import { CONTESTANTS } from './contestants/index.js';

/** A child of the runner: `server.js <contestant> <redis url>`. Answers every message with the CPU time it has used. */

/** 1 kB as JSON. */
const ORDERS = Array.from({ length: 8 }, (_, index) => ({
  id: `order-${1000 + index}`,
  customer: 'Ada Lovelace',
  total: 1234.5,
  currency: 'EUR',
  state: 'shipped',
  createdAt: '2026-01-01T12:00:00.000Z',
}));

const [name, redisUrl = ''] = process.argv.slice(2);
const contestant = CONTESTANTS.find((candidate) => candidate.name === name);
if (contestant === undefined) throw new Error(`there is no contestant ${name}`);
const { guards, accepted, refusals } = await contestant.prepare(redisUrl);

const app = express();
app.get('/orders', ...guards, (_req, res) => {
  res.json(ORDERS);
});
const listener = app.listen(0, '127.0.0.1', () => {
  const { port } = listener.address() as AddressInfo;
  const ready: Ready = { port, nodeVersion: process.version, accepted, refusals };
  process.send?.(ready);
});

process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.(user + system);
});
process.on('disconnect', () => process.exit(0));
