import type { OwnerKind } from '../../../lib/index.js';
import type { Setting } from './options.js';

/** Names that are remembered at most, and for how long in ms. They are shown and searched for; nothing is decided by them. */
const MAX_NAMES = 10_000;
const MAX_AGE_MS = 60_000;
/** Users that are asked for at once. */
const CONCURRENCY = 16;

/** The names of owners by their ids. One who is there no more, and a service, is called by the id. */
export class UserNames {
  readonly #setting: Setting;
  readonly #known = new Map<string, { readonly name: string; readonly until: number }>();

  constructor(setting: Setting) {
    this.#setting = setting;
  }

  async of(kind: OwnerKind, id: string): Promise<string> {
    if (kind === 'service') return id;
    const { dialects } = this.#setting.latchkey;
    const nowAt = dialects.now();
    const known = this.#known.get(id);
    if (known !== undefined && nowAt < known.until) return known.name;
    const name = (await dialects.findUser(id))?.userName ?? id;
    this.#known.delete(id);
    this.#known.set(id, { name, until: nowAt + MAX_AGE_MS });
    if (this.#known.size > MAX_NAMES) this.#known.delete(this.#known.keys().next().value as string);
    return name;
  }

  /** Those of all owners, by kind and id. */
  async ofAll(owners: readonly { readonly ownerKind: OwnerKind; readonly ownerId: string }[]): Promise<NameOf> {
    const distinct = [...new Map(owners.map((owner) => [keyOf(owner), owner])).values()];
    const names = new Map<string, string>();
    for (let start = 0; start < distinct.length; start += CONCURRENCY) {
      const some = distinct.slice(start, start + CONCURRENCY);
      const found = await Promise.all(some.map(({ ownerKind, ownerId }) => this.of(ownerKind, ownerId)));
      for (const [index, owner] of some.entries()) names.set(keyOf(owner), found[index] ?? owner.ownerId);
    }
    return (owner) => names.get(keyOf(owner)) ?? owner.ownerId;
  }
}

export type NameOf = (owner: { readonly ownerKind: OwnerKind; readonly ownerId: string }) => string;

function keyOf({ ownerKind, ownerId }: { readonly ownerKind: OwnerKind; readonly ownerId: string }): string {
  return `${ownerKind}:${ownerId}`;
}
