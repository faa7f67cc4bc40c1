#!/usr/bin/env node
import type { Surroundings } from './command.js';
import { runCommand } from './commands.js';

const { stdout, stderr } = process;
const stop = new AbortController();
let isListening = false;

const surroundings: Surroundings = {
  print: (line) => console.log(line),
  complain: (line) => console.error(line),
  environment: process.env,
  get input() {
    return process.stdin; // opened only by a command that reads it
  },
  columns: stdout.isTTY ? stdout.columns || 80 : null,
  progressTo: stderr.isTTY ? stderr : null,
  get signal() {
    // Only a command that asks is not ended at once; a second signal ends that, too.
    if (!isListening)
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stop.abort());
    isListening = true;
    return stop.signal;
  },
};

stdout.on('error', () => stop.abort()); // whoever reads may stop reading
// No process.exit(): with everything closed, Node ends by itself, and all was written.
process.exitCode = await runCommand(process.argv.slice(2), surroundings);
