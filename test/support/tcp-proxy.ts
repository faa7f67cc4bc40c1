import { once } from 'node:events';
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net';

/** Stands between a client and a server on loopback, and does to their connections what networks do. */
export interface TcpProxy {
  /** The loopback port to connect to. */
  readonly port: number;
  /** Connections that are open now. */
  readonly connections: number;
  /** Holds all bytes of every connection, both ways, as a network does that loses its packets: nobody is told. */
  freeze(): void;
  /** Sends on what was held, and lets bytes through again. */
  thaw(): void;
  /** Sends every byte on this much later, in ms, both ways; 0: at once. What is under way keeps its delay. */
  delay(ms: number): void;
  /** Ends every connection; new ones are refused while `isRefusing` is true. */
  cut(isRefusing?: boolean): void;
  /** Ends everything. */
  stop(): Promise<void>;
}

/** Starts a proxy to `targetPort` of loopback on a free port. */
export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const pairs = new Set<{ readonly ends: readonly Socket[]; readonly queues: readonly Queue[] }>();
  let delayMs = 0;
  let isFrozen = false;
  let isRefusing = false;

  const server = createServer((client) => {
    if (isRefusing) {
      client.destroy();
      return;
    }
    const target = createConnection(targetPort, '127.0.0.1');
    const queues = [new Queue(client, target, () => delayMs), new Queue(target, client, () => delayMs)];
    const pair = { ends: [client, target], queues };
    pairs.add(pair);
    for (const queue of queues) if (isFrozen) queue.freeze();
    for (const end of pair.ends) {
      end.setNoDelay(true);
      end.on('error', () => {}); // 'close' follows
      end.on('close', () => {
        pairs.delete(pair);
        for (const other of pair.ends) other.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = () => {
    for (const { ends } of pairs) for (const end of ends) end.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return pairs.size;
    },
    freeze() {
      isFrozen = true;
      for (const { queues } of pairs) for (const queue of queues) queue.freeze();
    },
    thaw() {
      isFrozen = false;
      for (const { queues } of pairs) for (const queue of queues) queue.thaw();
    },
    delay(ms) {
      delayMs = ms;
    },
    cut(refuse = false) {
      isRefusing = refuse;
      cut();
    },
    async stop() {
      server.close();
      cut();
      await once(server, 'close');
    },
  };
}

/** The bytes on their way from one end to the other, in order. */
class Queue {
  readonly #to: Socket;
  readonly #chunks: { readonly chunk: Buffer; readonly dueAt: number }[] = [];
  #isFrozen = false;
  #timer: NodeJS.Timeout | null = null;

  constructor(from: Socket, to: Socket, delayMs: () => number) {
    this.#to = to;
    from.on('data', (chunk) => {
      this.#chunks.push({ chunk, dueAt: performance.now() + delayMs() });
      this.#send();
    });
  }

  freeze(): void {
    this.#isFrozen = true;
  }

  thaw(): void {
    this.#isFrozen = false;
    this.#send();
  }

  #send(): void {
    while (!this.#isFrozen && this.#timer === null) {
      const [next] = this.#chunks;
      if (next === undefined) return;
      const waitMs = next.dueAt - performance.now();
      if (waitMs > 0) {
        this.#timer = setTimeout(() => {
          this.#timer = null;
          this.#send();
        }, waitMs);
        return;
      }
      this.#chunks.shift();
      if (!this.#to.destroyed) this.#to.write(next.chunk);
    }
  }
}
