import { spawnSync } from 'node:child_process';
import { installSystemPackage } from '../support/programs.js';

/** Debian's packages are for its own Python, which need not be the first on the PATH. */
const PYTHONS = ['python3', '/usr/bin/python3'];

/**
 * A Python that has the package `requests`; else the system's, installed with it.
 * @throws Error of one line that says how to get it.
 */
export function pythonWithRequests(): string {
  if (find() === undefined) installSystemPackage({ apt: 'python3-requests', brew: 'python-requests' });
  const found = find();
  if (found !== undefined) return found;
  throw new Error(
    'python3 with requests was not found: install it (apt-get install python3-requests, pip install requests).',
  );
}

function find(): string | undefined {
  return PYTHONS.find((python) => spawnSync(python, ['-c', 'import requests']).status === 0);
}
