import { spawnSync } from 'node:child_process';

/** @throws Error of one line when there is no Python with the package `requests`. */
export function ensureRequests(): void {
  if (spawnSync('python3', ['-c', 'import requests']).status === 0) return;
  throw new Error(
    'python3 with requests was not found: install it (apt-get install python3-requests, pip install requests).',
  );
}
