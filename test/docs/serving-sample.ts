import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';

/** A program that serves, told to on a free port in place of 3000. */
export interface ServingSample {
  readonly port: number;
  /** What it has written. */
  readonly output: () => string;
  stop(): void;
}

const READY_WITHIN_MS = 20_000;

export async function serve(program: string, env: object): Promise<ServingSample> {
  const port = await freePort();
  const here = movedTo(port, program, true);
  const child = spawn(process.execPath, [here], { env: { ...env } as NodeJS.ProcessEnv });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  const giveUpAt = performance.now() + READY_WITHIN_MS;
  while (!(await answers(port))) {
    if (performance.now() > giveUpAt || child.exitCode !== null) {
      child.kill('SIGKILL');
      throw new Error(`${program} does not serve:\n${output}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return { port, output: () => output, stop: () => void child.kill('SIGKILL') };
}

async function answers(port: number): Promise<boolean> {
  return await fetch(`http://127.0.0.1:${port}/`).then(
    () => true,
    () => false,
  );
}

/** The program, listening on `port` in place of 3000; where it does not listen at all, `isServer` has it do so. */
export function movedTo(port: number, program: string, isServer = false): string {
  const text = readFileSync(program, 'utf8');
  const listens = text.includes('listen(3000)');
  if (!listens && !isServer) return program;
  const here = program.replace(/\.js$/, '-moved.js');
  writeFileSync(here, listens ? text.replace('listen(3000)', `listen(${port})`) : `${text}\napp.listen(${port});\n`);
  return here;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
