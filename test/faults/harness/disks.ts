import { execFileSync } from 'node:child_process';
import { closeSync, cpSync, mkdtempSync, openSync, readlinkSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RedisServer } from '../../support/redis-server.js';
import type { Topology } from './topology.js';

/** Room for the files of a run; Redis rewrites them long before. */
const SIZE = '96m';
const BLOCK = Buffer.alloc(65_536);

/**
 * A disk of its own for each server with its append-only file: a tmpfs of 96 MB. That takes the right to mount. Full means
 * that every byte of it is taken.
 */
export class Disks {
  readonly #folders: Map<RedisServer, string>;

  private constructor(folders: Map<RedisServer, string>) {
    this.#folders = folders;
  }

  /** Restarts every server on a disk of its own. Null where nothing may be mounted. */
  static async under({ servers }: Topology): Promise<Disks | null> {
    if (!mayMount()) return null;
    const folders = new Map<RedisServer, string>();
    const disks = new Disks(folders);
    process.once('exit', () => disks.unmount()); // however the run ends
    for (const server of servers) {
      const folder = readlinkSync(`/proc/${server.pid}/cwd`);
      const copy = mkdtempSync(join(tmpdir(), 'latchkey-disk-'));
      await server.kill();
      cpSync(folder, copy, { recursive: true });
      mount(folder);
      folders.set(server, folder);
      cpSync(copy, folder, { recursive: true });
      rmSync(copy, { recursive: true });
      await server.restart();
    }
    return disks;
  }

  fill(server: RedisServer): void {
    const file = openSync(this.#ballast(server), 'w');
    try {
      for (let size = BLOCK.length; size >= 1; ) {
        try {
          writeSync(file, BLOCK, 0, size);
        } catch {
          size = Math.floor(size / 2); // ENOSPC: what is left is smaller
        }
      }
    } finally {
      closeSync(file);
    }
  }

  free(server: RedisServer): void {
    rmSync(this.#ballast(server), { force: true });
  }

  /** Idempotent. */
  unmount(): void {
    for (const folder of this.#folders.values()) {
      try {
        execFileSync('umount', ['-l', folder], { stdio: 'ignore' });
      } catch {
        // it is gone already
      }
    }
    this.#folders.clear();
  }

  #ballast(server: RedisServer): string {
    return join(this.#folders.get(server) as string, 'ballast');
  }
}

function mount(folder: string): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE}`, 'tmpfs', folder], { stdio: 'ignore' });
}

function mayMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-disk-'));
  try {
    mount(folder);
    execFileSync('umount', [folder], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
