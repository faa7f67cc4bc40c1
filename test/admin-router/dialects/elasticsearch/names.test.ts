import * as fc from 'fast-check';
import {
  actionOf,
  nameOfAction,
  namesOfResource,
  resourceOf,
} from '../../../../admin-router/dialects/elasticsearch/names.js';
import { covers } from '../../../../admin-router/dialects/elasticsearch/wildcard.js';

it.each([
  ['cluster', 'monitor', 'elasticsearch:cluster:monitor'],
  ['cluster', 'all', 'elasticsearch:cluster:*'],
  ['cluster', 'cluster:admin/xpack/*', 'elasticsearch:cluster:cluster.3a.admin.2f.xpack.2f.*'],
  ['application', 'data:read/me', 'elasticsearch:application:data.3a.read.2f.me'],
  ['application', 'all', 'elasticsearch:application:all'],
  ['application', 'feature.read', 'elasticsearch:application:feature.2e.read'],
  ['application', 'a:/b', 'elasticsearch:application:a.3a..2f.b'],
] as const)('writes the %s privilege %s as %s', (kind, name, action) => {
  expect(actionOf(kind, name)).toBe(action);
  expect(nameOfAction(action)).toEqual({ kind, name });
});

it('has no action for what no statement can hold', () => {
  expect(actionOf('application', 'da*ta')).toBeNull();
  expect(actionOf('application', '*data*')).toBeNull();
  expect(actionOf('application', 'x'.repeat(200))).toBeNull();
  expect(actionOf('application', '\ud800')).toBeNull();
  expect(resourceOf('indices', 'x'.repeat(600))).toBeNull();
});

it('reads nothing of the product in other actions', () => {
  expect(nameOfAction('keys:manage')).toBeNull();
  expect(nameOfAction('elasticsearch:run-as')).toBeNull();
});

const NAME = fc.stringMatching(/^[a-c2*./:_%; é-]{1,12}$/);

it('writes each name in its own way, and reads it back', () => {
  fc.assert(
    fc.property(NAME, NAME, (one, other) => {
      const [first, second] = [actionOf('application', one), actionOf('application', other)];
      if (first === null || second === null) return;
      expect(first === second).toBe(one === other);
      expect(nameOfAction(first)?.name).toBe(one);
    }),
  );
  fc.assert(
    fc.property(NAME, NAME, (application, name) => {
      expect(namesOfResource(resourceOf('applications', application, name) ?? '')).toEqual([
        'applications',
        application,
        name,
      ]);
    }),
  );
});

it('covers no more as a statement than the pattern does as one of the product', () => {
  fc.assert(
    fc.property(NAME, NAME, NAME, NAME, (pattern, name, app, ofApp) => {
      const [held, asked] = [actionOf('application', pattern), actionOf('application', name)];
      if (held !== null && asked !== null && covers(held, asked)) expect(covers(pattern, name)).toBe(true);
      if (app.includes('/') || ofApp.includes('/')) return;
      const [on, of] = [resourceOf('applications', ofApp, pattern), resourceOf('applications', app, name)];
      if (!covers(on ?? '', of ?? '')) return;
      expect([covers(ofApp, app), covers(pattern, name)]).toEqual([true, true]);
    }),
    { numRuns: 3_000 },
  );
});
