import type { AuditEntry } from '../../admin-router/page/src/api/types.ts';
import { differenceOf, linesOf } from '../../admin-router/page/src/pages/audit/difference.ts';
import {
  actorOf,
  EVENTS,
  GROUPS,
  keyOf,
  storyOf,
  titleOf,
} from '../../admin-router/page/src/pages/audit/event-words.ts';
import { fieldWords, secondsInWords } from '../../admin-router/page/src/pages/audit/field-words.ts';
import { type FAILED_LOGINS, REFUSALS } from '../../admin-router/page/src/pages/audit/reason-words.ts';
import { EVENT_TYPES, type LatchkeyEvent } from '../../lib/index.js';

type ReasonOf<Type extends string> = Extract<
  LatchkeyEvent,
  { readonly type: Type; readonly reason: unknown }
>['reason'];

const AT = '2026-11-22T14:05:09.000Z';

function entry(type: string, facts: object = {}): AuditEntry {
  const base = {
    id: '1',
    type,
    outcome: 'success',
    at: AT,
    count: 1,
    lastAt: AT,
    address: null,
    orgId: 'acme',
  } as const;
  return { ...base, ...facts };
}

describe('the words of the audit trail', () => {
  it('are there for every type, and for no other', () => {
    expect(Object.keys(EVENTS).toSorted()).toEqual(EVENT_TYPES.toSorted());
  });

  it.each([...EVENT_TYPES])('tell %s in words, whatever its entry lacks', (type) => {
    const title = titleOf(entry(type));
    expect(title).toMatch(/^[A-Z][a-z]+( [a-z]+)+$/);
    expect(title).not.toContain(type);
    expect(GROUPS).toContain(EVENTS[type]?.group);
    for (const facts of [{}, { before: 'cut…', after: null, reason: 7, detail: null }]) {
      expect(storyOf(entry(type, facts))).not.toMatch(/undefined|null|object/);
    }
  });

  it('are different for each type', () => {
    const titles = EVENT_TYPES.map((type) => titleOf(entry(type)));
    expect(new Set(titles).size).toBe(titles.length);
  });

  it('are there for every reason of a refusal: else this file does not compile', () => {
    type Untold = Exclude<ReasonOf<'request.refused'>, keyof typeof REFUSALS>;
    type UntoldLogin = Exclude<ReasonOf<'login.failed'>, keyof typeof FAILED_LOGINS>;
    const untold: [Untold | UntoldLogin] extends [never] ? 'none' : Untold | UntoldLogin = 'none';
    expect(untold).toBe('none');
  });

  it('leave what only a newer server knows as it is', () => {
    expect(titleOf(entry('key.sold'))).toBe('key.sold');
    expect(storyOf(entry('key.sold'))).toBe('');
    expect(storyOf(entry('request.refused', { reason: 'toString' }))).toBe('toString');
  });

  it.each<[type: string, facts: object, story: string]>([
    ['key.created', { before: {}, after: { name: 'Export' } }, 'Export'],
    ['key.changed', { before: { name: 'a', expiresAt: AT }, after: { name: 'b' } }, 'Name, expires'],
    ['key.rotated', { after: { previousSecretExpiresAt: AT } }, 'The secret before it works for a while'],
    ['key.rotated', { after: { previousSecretExpiresAt: null } }, 'The secret before it is refused'],
    ['key.revoked', { after: { revokedReason: 'lost laptop' } }, 'lost laptop'],
    ['key.leaked', { secret: 'current', source: 'a gist' }, 'The current secret: it is revoked; found at a gist'],
    ['key.leaked', { secret: 'previous', source: null }, 'The secret before the last rotation'],
    ['key.expiring', { name: 'Export', thresholdSeconds: 604_800 }, 'Export: In less than 7 days'],
    ['request.refused', { reason: 'expired', method: 'GET', path: '/orders' }, `${REFUSALS.expired} · GET /orders`],
    ['request.forbidden', { detail: 'It lacks a right.', method: 'GET', path: '/a' }, 'It lacks a right. · GET /a'],
    ['login.failed', { reason: 'wrong_password' }, 'The password was wrong'],
    ['session.started', { kind: 'token' }, 'By a session token'],
    ['session.ended', { actorId: 'root', userId: 'alice' }, 'Of alice'],
    ['session.ended', { actorId: 'alice', userId: 'alice' }, ''],
    ['document.changed', { documentKind: 'role', documentId: '7' }, 'role 7'],
    ['activity.dropped', { count: 12 }, '12 more happened than the trail takes at once: they were only counted'],
  ])('tell of %s %j: %s', (type, facts, story) => {
    expect(storyOf(entry(type, facts))).toBe(story);
  });

  it('know who did it, and which key it happened to', () => {
    expect(actorOf(entry('key.changed', { actorId: 'root', ownerId: 'alice' }))).toBe('root');
    expect(actorOf(entry('login.failed', { userId: 'alice' }))).toBe('alice');
    expect(actorOf(entry('session.ended', { actorId: null, userId: 'alice' }))).toBeNull();
    expect(keyOf(entry('key.changed', { keyId: 'k1', credentialId: 's1' }))).toBe('k1');
    expect(keyOf(entry('request.refused', { credentialId: 'k1' }))).toBe('k1');
    expect(keyOf(entry('request.forbidden', { credentialId: 's1' }))).toBeNull(); // may be a session
  });
});

describe('the difference of an entry', () => {
  it('names the fields that differ, with what came and went', () => {
    const changes = differenceOf(
      entry('key.changed', {
        before: { name: 'a', allowedAddresses: ['10.0.0.0/8', '::1'], expiresAt: null },
        after: { name: 'b', allowedAddresses: ['::1', '192.0.2.1'], expiresAt: AT },
      }),
    );
    expect(changes).toMatchObject([
      { label: 'Name', removed: ['a'], added: ['b'], kept: 0 },
      { label: 'Allowed addresses', removed: ['10.0.0.0/8'], added: ['192.0.2.1'], kept: 1 },
      { label: 'Expires', removed: [], added: [expect.stringContaining('2026')], kept: 0 },
    ]);
  });

  it('of a new record is what it has', () => {
    const after = { name: 'a', description: '', policyIds: [], enabled: true, resources: null };
    const changes = differenceOf(entry('key.created', { before: {}, after }));
    expect(changes.map(({ label, added }) => [label, added])).toEqual([
      ['Name', ['a']],
      ['Enabled', ['yes']],
    ]);
  });

  it.each<[field: string, value: unknown, lines: string[]]>([
    [
      'statements',
      [{ actions: ['orders:read'], resources: ['*'], workspace: 'w1', description: '' }],
      ['orders:read on * in workspace w1'],
    ],
    ['ceiling', [[{ actions: ['*'], resources: ['a', 'b'], workspace: '*' }], []], ['* on a, b', 'nothing']],
    ['properties', { team: 'ops' }, ['team: ops']],
    ['disableUnusedAfterSeconds', 7_776_000, ['90 days']],
    ['maxRequestsPerMinute', 60, ['60']],
    ['enabled', false, ['no']],
    ['statements', '[{"actions":["a…', ['[{"actions":["a…']],
    ['createdAt', 'not a time', ['not a time']],
  ])('writes %s %j as %j', (field, value, lines) => {
    expect(linesOf(field, value)).toEqual(lines);
  });

  it('reads a bound of time that is told as a number', () => {
    expect(linesOf('notBefore', Date.parse(AT))).toEqual(linesOf('notBefore', AT));
  });

  it('names fields and durations in words', () => {
    expect(fieldWords('somethingNewAt')).toBe('Something new at');
    expect(fieldWords('constructor')).toBe('Constructor');
    expect([31_536_000, 7_200, 90, 0, 0.5].map(secondsInWords)).toEqual([
      '1 year',
      '2 hours',
      '90 seconds',
      '0 seconds',
      '0.5 seconds',
    ]);
  });
});
