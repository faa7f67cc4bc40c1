// Runs the tests on every supported Node with every supported Express, one after the other; prints a table, and ends with 1
// when anything failed.
//   npm run test:matrix -- --node 24,26 --express 4.18 -- test/express test/seeds
//   npm run test:matrix -- --node 20 --peers oldest -- test/stores test/express
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, readFileSync, rmSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { finished } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { ensureNode, ensurePackage, resultFolder } from './downloads.mjs';

const ROOT = join(import.meta.dirname, '..', '..');
const NODES = ['20', '22', '24', '26'];
/** Packages in place of those of node_modules. `express4` is the other Express of tests that run on two. */
const EXPRESSES = new Map([
  ['4.18', { express: '4.18.2', express4: '4.18.2' }],
  ['5', {}],
]);
/** The oldest that package.json takes; only asked for by name. */
const PEERS = new Map([
  ['newest', {}],
  ['oldest', { ioredis: '5.4.0', passport: '0.6.0', 'express-session': '1.18.0' }],
]);
/** Of all tests on one Node with one Express; then it counts as failed. */
const RUN_TIMEOUT_MS = 3_600_000;
/** Failures that are named for each run. */
const MAX_NAMED = 20;

const { values, positionals } = parseArgs({
  options: { node: { type: 'string' }, express: { type: 'string' }, peers: { type: 'string', default: 'newest' } },
  allowPositionals: true,
});
const nodes = chosen('node', values.node, NODES);
const expresses = chosen('express', values.express, [...EXPRESSES.keys()]);
const peers = chosen('peers', values.peers, [...PEERS.keys()]);

const results = [];
for (const major of nodes) {
  const node = ensureNode(major);
  for (const express of expresses) {
    for (const age of peers) {
      const versions = { ...EXPRESSES.get(express), ...PEERS.get(age) };
      const result = await run({ node, express, peers: age, modules: foldersOf(versions) });
      results.push(result);
      process.stdout.write(`${row(result)}\n${result.failures.map((name) => `    ${name}\n`).join('')}`);
    }
  }
}
process.stdout.write(`\n${table(results)}\n`);
process.exitCode = results.every(({ isGood }) => isGood) ? 0 : 1;

function chosen(name, text, all) {
  const wanted = text?.split(',') ?? all;
  const strange = wanted.find((each) => !all.includes(each));
  if (strange === undefined) return wanted;
  process.stderr.write(`--${name} takes ${all.join(',')} or some of them\n`);
  process.exit(2);
}

/** Downloads what is not there. */
function foldersOf(versions) {
  const folders = Object.entries(versions).map(([name, version]) => {
    return [name, ensurePackage(name === 'express4' ? 'express' : name, version)];
  });
  return Object.fromEntries(folders);
}

async function run({ node, express, peers, modules }) {
  const base = join(resultFolder(), `node-${node.version}-express-${express}-peers-${peers}`);
  const [outputFile, logFile] = [`${base}.json`, `${base}.log`];
  rmSync(outputFile, { force: true });
  const jest = join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js');
  const args = [jest, '--config', join(import.meta.dirname, 'jest.config.mjs'), '--json', `--outputFile=${outputFile}`];
  const child = spawn(node.binary, [...args, ...positionals], {
    cwd: ROOT,
    env: {
      ...process.env,
      PATH: `${dirname(node.binary)}${delimiter}${process.env.PATH}`, // npm, too, runs on it
      LATCHKEY_MATRIX_MODULES: JSON.stringify(modules),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: RUN_TIMEOUT_MS,
  });
  const log = createWriteStream(logFile);
  for (const stream of [child.stdout, child.stderr]) stream.pipe(log, { end: false });
  const startedAt = performance.now();
  const [exitCode] = await once(child, 'close');
  log.end();
  await finished(log);
  const { passed, failed, failures } = outcomeIn(outputFile);
  const isGood = exitCode === 0 && failed === 0 && passed > 0;
  const seconds = Math.round((performance.now() - startedAt) / 1_000);
  return { node: node.version, express, peers, passed, failed, failures, isGood, seconds, logFile };
}

function outcomeIn(file) {
  try {
    const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(file, 'utf8'));
    const failures = testResults.flatMap(({ name, message, assertionResults }) => {
      const failed = assertionResults.filter(({ status }) => status === 'failed').map(({ fullName }) => fullName);
      return failed.length > 0 || message === '' ? failed : [`${name} could not be run`];
    });
    const brokenSuites = testResults.filter(
      ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
    );
    return {
      passed: numPassedTests,
      failed: numFailedTests + brokenSuites.length,
      failures: failures.slice(0, MAX_NAMED),
    };
  } catch {
    return { passed: 0, failed: 0, failures: ['jest did not come to an end: see the log'] };
  }
}

function row({ node, express, peers, passed, failed, isGood, seconds, logFile }) {
  const fields = [
    node,
    express,
    peers,
    String(passed),
    String(failed),
    `${seconds} s`,
    isGood ? 'passed' : `FAILED, see ${logFile}`,
  ];
  return `| ${fields.join(' | ')} |`;
}

function table(all) {
  const head = '| Node | Express | peers | passed | failed | took | |\n| --- | --- | --- | --: | --: | --: | --- |';
  return [head, ...all.map(row)].join('\n');
}
