import { execFileSync } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { MATRIX_DOWNLOADS } from './places.js';

/** A Node that runs servers. */
export interface NodeCommand {
  readonly path: string;
  /** Its own arguments. */
  readonly args: readonly string[];
  /** Such as `v24.21.0`. */
  readonly version: string;
}

/** A number of this many digits, or fewer, is a major version and no path. */
const MAJOR = /^\d{1,2}$/;

/** What `--node` names: major versions, which are downloaded from npm unless they are this one, or paths of binaries. */
export async function nodesFor(names: readonly string[], args: readonly string[]): Promise<readonly NodeCommand[]> {
  const nodes: NodeCommand[] = [];
  for (const name of names) nodes.push({ ...(await find(name)), args });
  return nodes;
}

export function majorOf(version: string): string {
  return /^v?(\d+)\./.exec(version)?.[1] ?? version;
}

async function find(name: string): Promise<Pick<NodeCommand, 'path' | 'version'>> {
  if (name === majorOf(process.version)) return { path: process.execPath, version: process.version };
  if (!MAJOR.test(name)) return { path: name, version: versionOf(name) };
  const { ensureNode } = (await import(pathToFileURL(MATRIX_DOWNLOADS).href)) as {
    ensureNode(major: string): { readonly binary: string; readonly version: string };
  };
  const { binary, version } = ensureNode(name);
  return { path: binary, version };
}

function versionOf(path: string): string {
  try {
    return execFileSync(path, ['--version'], { encoding: 'utf8' }).trim();
  } catch (error) {
    throw new TypeError(`--node: ${path} is neither a major version nor a Node that runs`, { cause: error });
  }
}
