import { describe as describeRole, SUPERUSER } from '../../../../admin-router/dialects/elasticsearch/described.js';
import { intersection } from '../../../../admin-router/dialects/elasticsearch/intersection.js';
import { listPrivileges } from '../../../../admin-router/dialects/elasticsearch/privilege-list.js';
import { essential, impliedBy } from '../../../../admin-router/dialects/elasticsearch/privileges.js';
import { parseDescriptor } from '../../../../admin-router/dialects/elasticsearch/role-descriptors.js';
import { toStatements } from '../../../../admin-router/dialects/elasticsearch/statements.js';
import { FULL_ACCESS, type Statement, type StatementInput } from '../../../../lib/index.js';

const EMPTY = {
  cluster: [],
  indices: [],
  applications: [],
  run_as: [],
  metadata: {},
  transient_metadata: { enabled: true },
};

function statementsOf(descriptor: object): Statement[] {
  const { statements, faults } = toStatements([parseDescriptor('r', descriptor)]);
  expect(faults).toEqual([]);
  return statements.map(
    (each: StatementInput) => ({ resources: ['*'], workspace: '*', description: '', ...each }) as Statement,
  );
}

describe('a role descriptor', () => {
  it('comes back normalised, its members in order', () => {
    expect(JSON.stringify(parseDescriptor('r', {}))).toBe(JSON.stringify(EMPTY));
    const given = {
      restriction: { workflows: 'search_application_query' },
      run_as: 'bob',
      index: [
        {
          allow_restricted_indices: 'true',
          query: { match_all: {} },
          field_security: { except: ['b'], grant: 'a*' },
          privileges: 'read',
          names: 'logs-*',
        },
      ],
      applications: [{ resources: '*', privileges: ['read'], application: 'shop' }],
      global: { application: { manage: { applications: ['shop'] } } },
      cluster: ['monitor'],
      metadata: { a: 1 },
      remote_indices: [{ clusters: 'c', names: ['x'], privileges: ['read'] }],
      remote_cluster: [{ clusters: ['c'], privileges: ['monitor_enrich'] }],
      transient_metadata: { enabled: false },
    };
    expect(JSON.stringify(parseDescriptor('r', given))).toBe(
      JSON.stringify({
        cluster: ['monitor'],
        global: { application: { manage: { applications: ['shop'] } } },
        indices: [
          {
            names: ['logs-*'],
            privileges: ['read'],
            field_security: { grant: ['a*'], except: ['b'] },
            query: '{"match_all":{}}',
            allow_restricted_indices: true,
          },
        ],
        applications: [{ application: 'shop', privileges: ['read'], resources: ['*'] }],
        run_as: ['bob'],
        metadata: { a: 1 },
        transient_metadata: { enabled: true },
        remote_indices: [{ names: ['x'], privileges: ['read'], allow_restricted_indices: false, clusters: ['c'] }],
        remote_cluster: [{ privileges: ['monitor_enrich'], clusters: ['c'] }],
        restriction: { workflows: ['search_application_query'] },
      }),
    );
  });

  it.each([
    [{ description: 'x' }, 'failed to parse role [x]. unexpected field [description]'],
    [{ constructor: [] }, 'failed to parse role [x]. unexpected field [constructor]'],
    [[], 'failed to parse role [x]. expected an object'],
    [{ cluster: [1] }, 'failed to parse role [x]. field [cluster] must hold texts only'],
    [{ indices: {} }, 'failed to parse role [x]. expected field [indices] to be an array of objects'],
    [
      { indices: [{ names: ['a'] }] },
      'failed to parse indices privileges for role [x]. missing required [privileges] field',
    ],
    [
      { indices: [{ names: [], privileges: ['read'] }] },
      'failed to parse indices privileges for role [x]. [names] cannot be an empty array',
    ],
    [{ indices: [{ names: 'a', privileges: 'read', foo: 1 }] }, 'failed to parse role [x]. unexpected field [foo]'],
    [
      { indices: [{ names: 'a', privileges: 'read', query: 5 }] },
      'failed to parse indices privileges for role [x]. expected field [query] to be a string or an object',
    ],
    [
      { applications: [{ privileges: 'a', resources: '*' }] },
      'failed to parse application privileges for role [x]. missing required [application] field',
    ],
    [
      { applications: [{ application: '/a', privileges: 'a', resources: '*' }] },
      "failed to parse application privileges for role [x]. An application name prefix must match the pattern ^[a-z][A-Za-z0-9]*$ (found '/a')",
    ],
    [{ metadata: 'x' }, 'failed to parse role [x]. expected field [metadata] to be an object'],
    [{ cluster: ['\ud800'] }, 'failed to parse role [x]. field [cluster] must hold texts only'],
  ])('refuses %j', (given, message) => {
    expect(() => parseDescriptor('x', given)).toThrow(message);
  });
});

describe('privileges', () => {
  it('imply each other', () => {
    expect(impliedBy('cluster', 'manage_api_key')).toEqual(['manage_api_key', 'manage_own_api_key', 'grant_api_key']);
    expect(impliedBy('cluster', 'manage_security')).toEqual(
      expect.arrayContaining(['manage_api_key', 'read_security']),
    );
    expect(impliedBy('cluster', 'manage')).toContain('monitor');
    expect(impliedBy('cluster', 'manage')).not.toContain('manage_own_api_key');
    expect(impliedBy('cluster', 'none')).toEqual([]);
    expect(impliedBy('cluster', 'constructor')).toEqual(['constructor']);
    expect(essential('cluster', impliedBy('cluster', 'manage_security'))).toEqual(['manage_security']);
    expect(essential('cluster', ['manage_pipeline', 'manage_ingest_pipelines'])).toEqual(['manage_ingest_pipelines']);
    expect(essential('index', ['read', ...impliedBy('index', 'write')])).toEqual(['read', 'write']);
  });
});

describe('the statements of a descriptor', () => {
  it('name each privilege with what it implies', () => {
    expect(toStatements([parseDescriptor('r', { cluster: ['manage_api_key'], run_as: ['b*'] })])).toEqual({
      faults: [],
      statements: [
        {
          actions: [
            'elasticsearch:cluster:manage_api_key',
            'elasticsearch:cluster:manage_own_api_key',
            'elasticsearch:cluster:grant_api_key',
          ],
          resources: ['*'],
        },
        { actions: ['elasticsearch:run-as'], resources: ['users/b*'] },
      ],
    });
  });

  it('grant a part of an index as a part only', () => {
    const entry = { names: ['logs-*'], privileges: ['read'] };
    const [whole] = statementsOf({ indices: [entry] });
    const [part] = statementsOf({ indices: [{ ...entry, query: '{"match_all":{}}' }] });
    const [fields] = statementsOf({ indices: [{ ...entry, field_security: { grant: ['a'] } }] });
    const [all] = statementsOf({ indices: [{ ...entry, field_security: { grant: ['*'] } }] });
    expect(whole?.actions).toEqual(['elasticsearch:index:read', 'elasticsearch:index-filtered:read']);
    expect(part?.actions).toEqual(['elasticsearch:index-filtered:read']);
    expect(fields?.actions).toEqual(part?.actions);
    expect(all?.actions).toEqual(whole?.actions);
  });

  it('hold what no statement has room for in several', () => {
    const statements = statementsOf({ cluster: ['manage'] });
    expect(statements.length).toBeGreaterThan(1);
    expect(Math.max(...statements.map(({ actions }) => actions.length))).toBeLessThanOrEqual(50);
  });

  it('are none for a restriction, and for what nothing here asks for', () => {
    expect(statementsOf({ cluster: ['all'], restriction: { workflows: ['search_application_query'] } })).toEqual([]);
    expect(statementsOf({ cluster: ['none'], global: { profile: {} } })).toEqual([]);
    expect(statementsOf({})).toEqual([]);
  });

  it.each([
    [{ indices: [{ names: ['/lo.*/'], privileges: ['read'] }] }, 'index name [/lo.*/] cannot be held'],
    [{ indices: [{ names: ['log?'], privileges: ['read'] }] }, 'index name [log?] cannot be held'],
    [
      { applications: [{ application: 'a', privileges: ['x*y'], resources: ['*'] }] },
      'application privilege [x*y] cannot be held',
    ],
    [
      { cluster: ['foo'] },
      'unknown cluster privilege [foo]. a privilege must be either one of the predefined cluster privilege names [all,',
    ],
    [
      { indices: [{ names: 'a', privileges: ['foo'] }] },
      'unknown index privilege [foo]. a privilege must be either one of the predefined fixed indices privileges [all,',
    ],
  ])('are refused for %j', (descriptor, fault) => {
    const { statements, faults } = toStatements([parseDescriptor('r', descriptor)]);
    expect(statements).toEqual([]);
    expect(faults[0]).toContain(fault);
  });

  it('stand for the actions of an application', () => {
    const known = { shop: { read: ['data:read/*'] } };
    const descriptor = { applications: [{ application: 'shop', privileges: ['read'], resources: ['orders/1'] }] };
    expect(toStatements([parseDescriptor('r', descriptor)], known).statements).toEqual([
      {
        actions: ['elasticsearch:application:read', 'elasticsearch:application:data.3a.read.2f.*'],
        resources: ['applications/shop/orders%2f;1'],
      },
    ]);
  });
});

describe('the role that statements describe', () => {
  it('is the one that they came from', () => {
    const descriptor = {
      ...EMPTY,
      cluster: ['manage_security', 'monitor'],
      indices: [{ names: ['logs-*'], privileges: ['read', 'write'], allow_restricted_indices: true }],
      applications: [{ application: 'shop', privileges: ['data:read/*', 'read'], resources: ['a/b'] }],
      run_as: ['bob'],
    };
    expect(describeRole(statementsOf(descriptor))).toEqual(descriptor);
    expect(describeRole([FULL_ACCESS])).toBe(SUPERUSER);
    expect(describeRole([])).toEqual(EMPTY);
  });

  it('does not show a part as the whole', () => {
    const [entry] = describeRole(statementsOf({ indices: [{ names: 'a', privileges: 'read', query: '{}' }] })).indices;
    expect(entry).toMatchObject({ names: ['a'], privileges: ['read'], field_security: { grant: [] } });
  });

  it('understands what a directory wrote by hand', () => {
    const by = (actions: string[]) => describeRole([{ actions, resources: ['*'], workspace: '*', description: '' }]);
    expect(by(['elasticsearch:*'])).toMatchObject({ cluster: ['all'], run_as: ['*'] });
    expect(by(['elasticsearch:cluster:manage_api_key'])).toMatchObject({ cluster: ['manage_api_key'], run_as: [] });
    expect(by(['orders:read'])).toEqual(EMPTY);
  });
});

describe('an intersection', () => {
  const on = (actions: string[], resources: string[], workspace = '*') => ({
    actions,
    resources,
    workspace,
    description: '',
  });

  it('holds the narrower of two patterns, and nothing of those that merely overlap', () => {
    expect(intersection([on(['a:*'], ['x/*'])], [on(['a:b', 'c'], ['*'])])).toEqual([on(['a:b'], ['x/*'])]);
    expect(intersection([on(['*'], ['a*'])], [on(['r'], ['*b'])])).toEqual([]);
    expect(intersection([on(['*'], ['*'])], [on(['r'], ['x'], 'w')])).toEqual([on(['r'], ['x'], 'w')]);
    expect(intersection([on(['r'], ['x'], 'v')], [on(['r'], ['x'], 'w')])).toEqual([]);
    expect(intersection([], [FULL_ACCESS])).toEqual([]);
  });
});

it('lists privileges joined', () => {
  const index = { names: ['a'], privileges: ['read'], allow_restricted_indices: false };
  const app = { application: 'shop', privileges: ['read'], resources: ['x'] };
  expect(
    listPrivileges({
      ...SUPERUSER,
      cluster: ['monitor', 'all', 'monitor'],
      indices: [
        { ...index, query: '{"a":1}', field_security: { grant: ['f'] } },
        { ...index, query: '{"b":1}', field_security: { grant: ['g'] } },
        { ...index, names: ['b'] },
      ],
      applications: [
        app,
        { ...app, privileges: ['write'] },
        { ...app, privileges: ['read', 'write'], resources: ['y'] },
      ],
      run_as: ['z', 'b'],
    }),
  ).toEqual({
    cluster: ['all', 'monitor'],
    global: [],
    indices: [
      { ...index, field_security: [{ grant: ['f'] }, { grant: ['g'] }], query: ['{"a":1}', '{"b":1}'] },
      { ...index, names: ['b'] },
    ],
    applications: [{ application: 'shop', privileges: ['read', 'write'], resources: ['x', 'y'] }],
    run_as: ['b', 'z'],
  });
});
