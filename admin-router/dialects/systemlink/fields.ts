import type { FaultName, SkylineError } from './errors.js';
import { fault, refuse, refuseAll } from './errors.js';

/** Entries of a list in a body. */
const MAX_LIST = 100;

/**
 * The members of a body, each asked for by its type. Null stands for a member that is not given; unknown ones are ignored.
 * `done` throws what was found to be wrong, all at once.
 */
export class Fields {
  readonly #members: Readonly<Record<string, unknown>>;
  readonly #faults: SkylineError[];

  /** @throws DialectError for a body that is empty or no object. */
  constructor(body: unknown, faults: SkylineError[] = []) {
    if (body === undefined) throw refuse('emptyBody');
    if (typeof body !== 'object' || body === null || Array.isArray(body)) throw refuse('malformedBody');
    this.#members = body as Record<string, unknown>;
    this.#faults = faults;
  }

  /** Also for a member that is null. */
  has(name: string): boolean {
    return Object.hasOwn(this.#members, name);
  }

  isGiven(name: string): boolean {
    return this.#given(name) !== undefined;
  }

  text(name: string): string | undefined {
    const value = this.#given(name);
    if (value === undefined) return undefined;
    if (typeof value !== 'string') return this.#fault('invalidType', name);
    return value.isWellFormed() ? value : this.#fault('invalidValue', name);
  }

  flag(name: string): boolean | undefined {
    const value = this.#given(name);
    return value === undefined || typeof value === 'boolean' ? value : this.#fault('invalidType', name);
  }

  choice<Choice extends string>(name: string, choices: readonly Choice[]): Choice | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    return choices.find((each) => each === text) ?? this.#fault('invalidValue', name);
  }

  /** A whole number of `least` to `most`. */
  integer(name: string, least: number, most: number): number | undefined {
    const value = this.#given(name);
    if (value === undefined) return undefined;
    if (typeof value !== 'number') return this.#fault('invalidType', name);
    return Number.isInteger(value) && value >= least && value <= most ? value : this.#fault('invalidValue', name);
  }

  texts(name: string): string[] | undefined {
    const list = this.#list(name);
    if (list === undefined) return undefined;
    if (!list.every((value) => typeof value === 'string')) return this.#fault('invalidType', name);
    return list.every((value) => value.isWellFormed()) ? list : this.#fault('invalidValue', name);
  }

  map(name: string): Record<string, string> | undefined {
    const value = this.#given(name);
    if (value === undefined) return undefined;
    const isObject = typeof value === 'object' && !Array.isArray(value);
    const isMap = isObject && Object.values(value as object).every((each) => typeof each === 'string');
    return isMap ? (value as Record<string, string>) : this.#fault('invalidType', name);
  }

  /** A list of objects, whose faults are told with those of the body. */
  objects(name: string): Fields[] | undefined {
    const list = this.#list(name);
    if (list === undefined) return undefined;
    const isObject = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value);
    if (!list.every(isObject)) return this.#fault('invalidType', name);
    return list.map((value) => new Fields(value, this.#faults));
  }

  /** What is not given is a fault. */
  require(name: string): void {
    if (this.#given(name) === undefined) this.#fault('missingKey', name);
  }

  /** A member whose value does not hold for another reason. */
  refuse(name: string): void {
    this.#fault('invalidValue', name);
  }

  /** @throws DialectError with every fault, each once. */
  done(): void {
    const distinct = new Map(this.#faults.map((each) => [`${each.code} ${each.args[0]}`, each]));
    const [first, ...others] = distinct.values();
    if (first !== undefined) throw refuseAll([first, ...others]);
  }

  #list(name: string): unknown[] | undefined {
    const value = this.#given(name);
    if (value === undefined) return undefined;
    if (!Array.isArray(value)) return this.#fault('invalidType', name);
    return value.length <= MAX_LIST ? value : this.#fault('invalidValue', name);
  }

  #given(name: string): unknown {
    return this.has(name) ? (this.#members[name] ?? undefined) : undefined;
  }

  #fault(kind: FaultName, name: string): undefined {
    this.#faults.push(fault(kind, [name]));
  }
}
