import { createRequire, register } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { MessageChannel } from 'node:worker_threads';

/** A child of the runner: says which files the import of `latchkey` has loaded. */

/** The loader thread's last messages come a little later, in ms. */
const LATE_MS = 300;

const { port1, port2 } = new MessageChannel();
const urls: string[] = [];
port1.on('message', (url: string) => urls.push(url));
register('./module-hooks.js', { parentURL: import.meta.url, data: { port: port2 }, transferList: [port2] });
await import('latchkey');
await sleep(LATE_MS);
const imported = urls.filter((url) => url.startsWith('file:')).map((url) => fileURLToPath(url));
// What CommonJS modules require does not pass through the hooks of every Node.
const required = Object.keys(createRequire(import.meta.url).cache);
process.send?.([...new Set([...imported, ...required])], () => process.disconnect());
