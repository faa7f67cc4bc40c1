import type { Cluster, Redis } from 'ioredis';

/** By client: several stores may have one. */
const COUNTS = new WeakMap<object, { breaks: number }>();

/**
 * How many connections of a client have broken, since it was first asked for. ioredis sends again what had no answer then:
 * what reads as "not done" may be the second answer to what was done the first time.
 */
export function breaksOf(client: Redis | Cluster): { readonly breaks: number } {
  const known = COUNTS.get(client);
  if (known !== undefined) return known;
  const counted = { breaks: 0 };
  COUNTS.set(client, counted);
  const follow = (connection: Redis) => {
    connection.on('close', () => {
      counted.breaks++;
    });
  };
  if (client.isCluster) {
    for (const node of (client as Cluster).nodes('all')) follow(node);
    client.on('+node', follow);
  } else {
    follow(client as Redis);
  }
  return counted;
}
