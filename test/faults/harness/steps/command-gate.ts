import { once } from 'node:events';
import { type AddressInfo, createConnection, createServer, type Server, type Socket } from 'node:net';

/** Commands that change nothing, and so are no steps of a write. */
const NO_STEP = new Set([
  ...['PING', 'ROLE', 'INFO', 'CLIENT', 'SUBSCRIBE', 'HELLO', 'COMMAND', 'CONFIG', 'ACL', 'TIME', 'SCRIPT'],
  ...['GET', 'MGET', 'EXISTS', 'PTTL', 'ZRANGE', 'HGETALL', 'HMGET', 'XREVRANGE'],
]);
/** For the server to do what it was sent, where it does not answer at once (WAIT). */
const DONE_AFTER_MS = 150;
/** An answer may be that of a command before it, sent in one go. */
const ANSWERED_AFTER_MS = 10;

interface Armed {
  left: number;
  readonly struck: (step: string) => void;
}

/** Stands between an app and its server, and lets through exactly so many steps of what the app writes. */
export class CommandGate {
  readonly #targetPort: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #armed: Armed | null = null;
  #isShut = false;

  private constructor(targetPort: number) {
    this.#targetPort = targetPort;
    this.#server = createServer((client) => this.#serve(client));
  }

  static async before(targetPort: number): Promise<CommandGate> {
    const gate = new CommandGate(targetPort);
    gate.#server.listen(0, '127.0.0.1');
    await once(gate.#server, 'listening');
    return gate;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** After `steps` more nothing goes through. Resolves then, with the last one, when the server has done it. */
  arm(steps: number): Promise<string> {
    return new Promise((struck) => {
      this.#armed = { left: steps, struck };
    });
  }

  /** Ends what was open, and lets everything through. */
  reset(): void {
    this.#armed = null;
    this.#isShut = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    this.reset();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #serve(client: Socket): void {
    const target = createConnection(this.#targetPort, '127.0.0.1');
    const commands = new CommandReader();
    let isLast = false;
    const finish = (step: string) => {
      const struck = this.#armed?.struck;
      this.#armed = null;
      struck?.(step);
    };
    let last = '';
    client.on('data', (chunk: Buffer) => {
      for (const { name, bytes } of commands.read(chunk)) {
        if (this.#isShut) return;
        target.write(bytes);
        if (this.#armed === null || NO_STEP.has(name) || --this.#armed.left > 0) continue;
        this.#isShut = true;
        [isLast, last] = [true, name];
        setTimeout(() => finish(name), DONE_AFTER_MS);
      }
    });
    target.on('data', (chunk: Buffer) => {
      if (isLast) setTimeout(() => finish(last), ANSWERED_AFTER_MS);
      else if (!this.#isShut) client.write(chunk);
    });
    for (const [end, other] of [
      [client, target],
      [target, client],
    ] as const) {
      this.#sockets.add(end);
      end.setNoDelay(true);
      end.on('error', () => {}); // 'close' follows
      end.on('close', () => {
        this.#sockets.delete(end);
        other.destroy();
      });
    }
  }
}

/** Cuts what a client sends into commands: RESP arrays of bulk strings. https://redis.io/docs/latest/develop/reference/protocol-spec/ */
export class CommandReader {
  #rest: Buffer = Buffer.alloc(0);

  /** The commands that are complete with `chunk`. */
  read(chunk: Buffer): { readonly name: string; readonly bytes: Buffer }[] {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    const found = [];
    for (let command = this.#next(); command !== null; command = this.#next()) found.push(command);
    return found;
  }

  #next(): { name: string; bytes: Buffer } | null {
    const head = this.#number(0, '*');
    if (head === null) return null;
    let at = head.end;
    let name = '';
    for (let left = head.value; left > 0; left--) {
      const size = this.#number(at, '$');
      if (size === null || this.#rest.length < size.end + size.value + 2) return null;
      if (name === '') name = this.#rest.toString('latin1', size.end, size.end + size.value).toUpperCase();
      at = size.end + size.value + 2;
    }
    const bytes = this.#rest.subarray(0, at);
    this.#rest = this.#rest.subarray(at);
    return { name, bytes };
  }

  /** A line such as `*3`; null where it is not complete. @throws Error for anything else. */
  #number(at: number, sign: string): { value: number; end: number } | null {
    const end = this.#rest.indexOf('\r\n', at);
    if (end < 0) return null;
    const line = this.#rest.toString('latin1', at, end);
    if (line[0] !== sign) throw new Error(`a client of Redis sent ${JSON.stringify(line.slice(0, 20))}`);
    return { value: Number(line.slice(1)), end: end + 2 };
  }
}
