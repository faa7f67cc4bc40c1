import { Redis } from 'ioredis';

/** Commands whose first argument is part of their name. */
const CONTAINERS = new Set([
  ...['acl', 'client', 'cluster', 'command', 'config', 'debug', 'function', 'latency', 'memory', 'module', 'object'],
  ...['pubsub', 'script', 'sentinel', 'slowlog', 'xgroup', 'xinfo'],
]);

/** Notes every command that any client of this process sends, those of ioredis itself included, with its options. */
export class CommandRecorder {
  /** By name in lower case, of `CLIENT ID` and the like both words: the options in upper case. */
  readonly used = new Map<string, Set<string>>();
  readonly #optionsOf: (name: string) => ReadonlyMap<string, unknown>;
  readonly #monitors: Redis[] = [];
  #isOn = false;

  /** `optionsOf` tells which arguments of a command are options. */
  constructor(optionsOf: (name: string) => ReadonlyMap<string, unknown>) {
    this.#optionsOf = optionsOf;
    const { sendCommand } = Redis.prototype;
    const note = (client: Redis, name: string, args: readonly unknown[]) => {
      if (!this.#monitors.includes(client)) this.#note(name, args);
    };
    jest.spyOn(Redis.prototype, 'sendCommand').mockImplementation(function (this: Redis, command, stream) {
      note(this, command.name, command.args);
      return sendCommand.call(this, command, stream);
    });
  }

  /** Notes, too, what scripts do on the server at that port. */
  async followScripts(port: number): Promise<void> {
    const client = new Redis(port, '127.0.0.1', { protocol: 2 });
    this.#monitors.push(client);
    const monitor = await client.monitor();
    this.#monitors.push(monitor);
    monitor.on('monitor', (_time: string, [name = '', ...args]: string[], source: string) => {
      if (source === 'lua') this.#note(name, args);
    });
  }

  start(): void {
    this.#isOn = true;
  }

  /** What the test itself asks from now on is not noted. */
  pause(): void {
    this.#isOn = false;
  }

  end(): void {
    jest.restoreAllMocks();
    for (const client of this.#monitors) client.disconnect();
  }

  #note(command: string, given: readonly unknown[]): void {
    if (!this.#isOn) return;
    const args = given.flat().map(String);
    const isContainer = CONTAINERS.has(command.toLowerCase()) && args.length > 0;
    const name = (isContainer ? `${command}|${args.shift()}` : command).toLowerCase();
    const noted = this.used.get(name) ?? new Set();
    this.used.set(name, noted);
    const options = this.#optionsOf(name);
    for (const arg of args) if (options.has(arg.toUpperCase())) noted.add(arg.toUpperCase());
  }
}
