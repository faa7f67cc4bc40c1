import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { adminRouter } from '../../admin-router/index.js';
import { createLatchkey, type LatchkeyOptions } from '../../lib/index.js';
import { RedisStore, type RedisStoreOptions } from '../../lib/stores/redis/redis-store.js';
import { People } from '../support/people.js';
import { codesIn, ROOT, tableAfter } from './markdown.js';

const README = 'README.md';
const UNKNOWN = 'thereIsNoSuchOption';
const SECRET = 's'.repeat(32);

/** What stands in the table of a group: the names in the first column. */
function told(group: string): string[] {
  return tableAfter(README, `options: ${group}`)
    .flatMap(([name = '']) => codesIn(name))
    .sort();
}

/** What the code itself says that it takes, asked with an option that is none; null where it does not say. */
function asked(make: (unknown: object) => unknown): string[] | null {
  try {
    make({ [UNKNOWN]: 1 });
  } catch (error) {
    const list = new RegExp(`no option ${UNKNOWN}; it takes: (.*)$`).exec((error as Error).message)?.[1];
    return list === undefined ? null : list.split(', ');
  }
  return null;
}

/** All options, those of groups by their whole name. */
function known(make: (options: object) => unknown, path: readonly string[] = []): string[] {
  const names = asked((unknown) => make(within(path, unknown)));
  if (names === null) return [path.join('.')];
  return names.flatMap((name) => known(make, [...path, name])).sort();
}

/** `{ a: { b: value } }` of the path a, b. */
function within(path: readonly string[], value: object): object {
  const [name, ...rest] = path;
  if (name === undefined) return value;
  return { [name]: within(rest, value) };
}

describe('the options in the README', () => {
  it('are those of createLatchkey', () => {
    const make = (options: LatchkeyOptions) => {
      const { session } = options;
      const users = session === undefined ? {} : { users: new People() };
      const whole = session === undefined ? {} : { session: { ...session, secret: SECRET } };
      void createLatchkey({ ...users, ...options, ...whole }).close();
    };
    expect(told('createLatchkey')).toEqual(known(make));
  });

  it('are those of RedisStore', () => {
    const client = new Redis({ lazyConnect: true });
    expect(told('RedisStore')).toEqual(known((options) => new RedisStore(client, options as RedisStoreOptions)));
  });

  it('are those of adminRouter', async () => {
    const latchkey = createLatchkey();
    expect(told('adminRouter')).toEqual(known((options) => adminRouter(latchkey, options)));
    await latchkey.close();
  });

  it.each([
    ['use', 'lib/latchkey.ts', 'UseOptions'],
    ['authenticate', 'lib/express/authenticate.ts', 'AuthenticateOptions'],
    ['requirePermission', 'lib/express/require-permission.ts', 'RequirePermissionOptions'],
  ])('are those of %s', (method, file, name) => {
    const rows = told('middlewares').filter((text) => text.startsWith(`${method}(`));
    const options = rows.map((text) => /\{ (\w+) \}\)$/.exec(text)?.[1]);
    expect(options.sort()).toEqual(fieldsOf(file, name));
  });

  it.each([
    ['elasticsearch', { ElasticsearchOptions: '' }],
    ['trend', { TrendOptions: '', TrendSessionOptions: 'sessions', TrendKeyLockout: 'keyLockout' }],
    ['illumio', { IllumioOptions: '' }],
    ['systemlink', { SystemLinkOptions: '' }],
    ['plexus', { PlexusOptions: '' }],
  ])('are those of %s', (dialect, interfaces: Record<string, string>) => {
    const groups = Object.values(interfaces);
    const fields = Object.entries(interfaces).flatMap(([name, group]) =>
      fieldsOf(`admin-router/dialects/${dialect}/options.ts`, name)
        .filter((field) => !groups.includes(field))
        .map((field) => (group === '' ? field : `${group}.${field}`)),
    );
    expect(told(dialect)).toEqual(fields.sort());
  });
});

/** The fields of an interface, of what the code does not tell at run time. */
function fieldsOf(file: string, name: string): string[] {
  const source = readFileSync(join(ROOT, file), 'utf8');
  const body = new RegExp(`^export interface ${name}\\b.*\\{\\n([\\s\\S]*?)^\\}`, 'm').exec(source)?.[1] ?? '';
  const fields = [...body.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, field = '']) => field);
  if (fields.length === 0) throw new Error(`${file} has no interface ${name}`);
  return fields.sort();
}
