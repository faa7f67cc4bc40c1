import { isObject, type Members, readBoolean, readObject, readTexts, tokenOf } from './body.js';
import type { Caller } from './caller.js';
import { illegalArgument, parseFault, refuseInvalid } from './errors.js';
import { isPrivilege, unknownPrivilege } from './privileges.js';
import { holdsApplication, holdsCluster, holdsIndex } from './rights.js';
import type { ApplicationPrivileges } from './statements.js';

interface IndexQuestion {
  readonly names: readonly string[];
  readonly privileges: readonly string[];
  readonly allowsRestricted: boolean;
}

interface ApplicationQuestion {
  readonly application: string;
  readonly privileges: readonly string[];
  readonly resources: readonly string[];
}

export interface Question {
  readonly cluster: readonly string[];
  readonly index: readonly IndexQuestion[];
  readonly application: readonly ApplicationQuestion[];
}

const PARSER = 'has_privileges_request';
/** Single questions in one request. */
const MAX_CHECKS = 10_000;

/** @throws DialectError */
export function readQuestion(body: unknown): Question {
  const given = readObject(body, PARSER, ['cluster', 'index', 'application']);
  const texts = (from: Members, field: string) => readTexts(from, field, PARSER) ?? [];
  const cluster = texts(given, 'cluster');
  const index = objectsIn(given, 'index').map((entry) => {
    readObject(entry, PARSER, ['names', 'privileges', 'allow_restricted_indices']);
    const allowsRestricted = readBoolean(entry, 'allow_restricted_indices', PARSER) ?? false;
    return { names: texts(entry, 'names'), privileges: texts(entry, 'privileges'), allowsRestricted };
  });
  const application = objectsIn(given, 'application').map((entry) => {
    readObject(entry, PARSER, ['application', 'privileges', 'resources']);
    const [name = ''] = texts(entry, 'application');
    return { application: name, privileges: texts(entry, 'privileges'), resources: texts(entry, 'resources') };
  });
  refuseInvalid(faultsOf({ cluster, index, application }));
  const unknownCluster = cluster.find((name) => !isPrivilege('cluster', name));
  if (unknownCluster !== undefined) throw illegalArgument(unknownPrivilege('cluster', unknownCluster));
  const unknownIndex = index.flatMap(({ privileges }) => privileges).find((name) => !isPrivilege('index', name));
  if (unknownIndex !== undefined) throw illegalArgument(unknownPrivilege('index', unknownIndex));
  return { cluster, index, application };
}

function objectsIn(given: Members, field: string): Members[] {
  const value = given[field] ?? [];
  if (Array.isArray(value) && value.every(isObject)) return value;
  throw parseFault(`[${PARSER}] failed to parse field [${field}]`, {
    type: 'parse_exception',
    reason: `expected an array of objects, but found ${tokenOf(Array.isArray(value) ? value.find((each) => !isObject(each)) : value)}`,
  });
}

function faultsOf({ cluster, index, application }: Question): string[] {
  const checks =
    cluster.length +
    index.reduce((sum, { names, privileges }) => sum + names.length * privileges.length, 0) +
    application.reduce((sum, { resources, privileges }) => sum + resources.length * privileges.length, 0);
  const starred = application.find(({ application: name }) => name.includes('*'));
  return [
    ...(checks === 0 ? ['must specify at least one privilege'] : []),
    ...(checks > MAX_CHECKS ? [`must specify at most ${MAX_CHECKS} privileges`] : []),
    ...(starred === undefined ? [] : [`Application names may not contain '*' (found '${starred.application}')`]),
    ...(application.some(({ application: name }) => name === '') ? ['Application names cannot be blank'] : []),
  ];
}

type Flags = ReadonlyMap<string, boolean>;

/** Answers for what the caller may do in effect. */
export function reply({ principal, username }: Caller, question: Question, known: ApplicationPrivileges): object {
  const cluster = new Map(question.cluster.map((name) => [name, holdsCluster(principal, name)]));
  const index = new Table();
  for (const { names, privileges, allowsRestricted } of question.index) {
    for (const name of names) {
      for (const each of privileges) index.set(name, each, holdsIndex(principal, name, each, allowsRestricted));
    }
  }
  const applications = new Map<string, Table>();
  for (const { application, privileges, resources } of question.application) {
    const table = applications.get(application) ?? new Table();
    applications.set(application, table);
    for (const resource of resources) {
      for (const each of privileges) {
        table.set(resource, each, holdsApplication(principal, application, resource, each, known));
      }
    }
  }
  const all = [cluster, ...index.rows(), ...[...applications.values()].flatMap((table) => table.rows())];
  return {
    username,
    has_all_requested: all.every((flags) => [...flags.values()].every(Boolean)),
    cluster: Object.fromEntries(cluster),
    index: index.toObject(),
    application: Object.fromEntries(Array.from(applications, ([name, table]) => [name, table.toObject()])),
  };
}

/** Answers by resource and privilege. Names are what a caller sent: no object is written to by them. */
class Table {
  readonly #rows = new Map<string, Map<string, boolean>>();

  set(resource: string, privilege: string, isHeld: boolean): void {
    const row = this.#rows.get(resource) ?? new Map<string, boolean>();
    this.#rows.set(resource, row.set(privilege, isHeld));
  }

  rows(): Flags[] {
    return [...this.#rows.values()];
  }

  toObject(): object {
    return Object.fromEntries(Array.from(this.#rows, ([resource, row]) => [resource, Object.fromEntries(row)]));
  }
}
