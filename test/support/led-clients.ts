import type { Cluster, Redis } from 'ioredis';

const actual = jest.requireActual<typeof import('ioredis')>('ioredis');

/** Where no server listens. */
const NOWHERE = { url: 'redis://led.invalid', port: 1 };

let lead: (() => Redis | Cluster) | null = null;

/** From now on every `new Redis()` to where this returns is what `connect` makes. */
export function leadClients(connect: () => Redis | Cluster): { readonly url: string; readonly port: number } {
  lead = connect;
  return NOWHERE;
}

/** In place of `ioredis`. */
export const clients = {
  ...actual,
  Redis: new Proxy(actual.Redis, {
    construct(target, args: unknown[], newTarget) {
      const isLed = args[0] === NOWHERE.url || args[0] === NOWHERE.port;
      if (!isLed || lead === null) return Reflect.construct(target, args, newTarget);
      const client = lead();
      client.on('error', () => {});
      return client;
    },
  }),
};
