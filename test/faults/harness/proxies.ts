import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.js';
import type { Address } from './app-plan.js';

/** Proxies in front of every server that an app may connect to, so that its network can be broken, and nobody else's. */
export class Proxies {
  readonly #byPort: ReadonlyMap<number, TcpProxy>;
  #isCut = false;

  private constructor(byPort: ReadonlyMap<number, TcpProxy>) {
    this.#byPort = byPort;
  }

  static async to(ports: readonly number[]): Promise<Proxies> {
    const started = ports.map(async (port) => [port, await startTcpProxy(port)] as const);
    return new Proxies(new Map(await Promise.all(started)));
  }

  /** For the option `natMap` of ioredis. */
  get natMap(): Record<string, Address> {
    return Object.fromEntries([...this.#byPort].map(([port, proxy]) => [`127.0.0.1:${port}`, addressOf(proxy)]));
  }

  /** As the app is to connect to what listens at `ports`. */
  addressesOf(ports: readonly number[]): Address[] {
    return ports.map((port) => addressOf(this.#byPort.get(port) as TcpProxy));
  }

  /** Ends all connections, and refuses new ones until `mend`. */
  cut(): void {
    this.#isCut = true;
    for (const proxy of this.#byPort.values()) proxy.cut(true);
  }

  /** Holds every byte until `mend`: nobody is told. */
  freeze(): void {
    for (const proxy of this.#byPort.values()) proxy.freeze();
  }

  mend(): void {
    for (const proxy of this.#byPort.values()) {
      if (this.#isCut) proxy.cut(false);
      proxy.thaw(); // what was held arrives late, as packets do that are sent again
    }
    this.#isCut = false;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#byPort.values()].map((proxy) => proxy.stop()));
  }
}

function addressOf({ port }: TcpProxy): Address {
  return { host: '127.0.0.1', port };
}
