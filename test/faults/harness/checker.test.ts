import { check, RULES, type Rule } from './checker.js';
import type { CredentialFacts, History, Operation } from './history.js';

const bounds = { useMs: 2_000, changeMs: 3_000, spreadMs: 1_000, expirySlackMs: 100 };
const key: CredentialFacts = { name: 'k', kind: 'key', id: 'ID', ownerId: 'u0', expiresAt: null };
const session: CredentialFacts = { ...key, name: 's', kind: 'session' };
const token: CredentialFacts = { ...key, name: 't', kind: 'login-token', id: '', expiresAt: 30_000 };

/** An operation of 10 ms on app `a` that was answered as it should be. */
function op(kind: Operation['kind'], at: number, fields: Partial<Operation> = {}): Operation {
  const status = { create: 201, exchange: 201, login: 201, logout: 204 }[kind as string] ?? 200;
  return { kind, at, endAt: at + 10, app: 'a', status, code: null, fault: 0, isFinal: false, ...fields };
}

const create = op('create', 0, { makes: 'k' });
const login = op('login', 0, { makes: 's' });
const issue = op('login-token', 0, { makes: 't' });
const use = (at: number, status: number, fields: Partial<Operation> = {}) =>
  op('use', at, { uses: 'k', status, ...fields });

function rulesBroken(operations: readonly Operation[], fields: Partial<History> = {}): Rule[] {
  const empty = { bounds, credentials: [key, session, token], outages: [], lists: [], stored: [] };
  return check({ ...empty, operations, ...fields }).map(({ rule }) => rule);
}

const listOf = (...ids: string[]) => [{ what: 'the keys', kind: 'key' as const, ownerId: 'u0', at: 100, ids }];

describe('the checker of the fault harness finds', () => {
  it.each<[what: string, rule: Rule, operations: Operation[], fields?: Partial<History>]>([
    ['an acknowledged key that is not there at the end', 'lost', [create, use(5_000, 401, { isFinal: true })]],
    ['one that cannot be verified at the end', 'lost', [create, use(5_000, 503, { isFinal: true })]],
    ['a key refused', 'shut-out', [create, use(20, 401)]],
    ['a key refused by the other app, which had its time', 'shut-out', [create, use(1_100, 401, { app: 'b' })]],
    ['a session refused', 'shut-out', [login, use(20, 401, { uses: 's' })]],
    [
      'a key refused before it expires',
      'shut-out',
      [create, use(500, 401)],
      { credentials: [{ ...key, expiresAt: 5_000 }] },
    ],
    ['a revoked key let in by who revoked it', 'let-in', [create, op('revoke', 50, { ends: 'k' }), use(61, 200)]],
    [
      'a revoked key let in by the other app after its time',
      'let-in',
      [create, op('revoke', 50, { ends: 'k' }), use(1_061, 200, { app: 'b' })],
    ],
    [
      'the old secret let in after a rotation',
      'let-in',
      [create, op('rotate', 50, { ends: 'k', makes: 'other' }), use(61, 200)],
    ],
    [
      'a session that comes back after its logout',
      'let-in',
      [login, op('logout', 50, { ends: 's' }), use(61, 401, { uses: 's' }), use(9_000, 200, { uses: 's' })],
    ],
    [
      'an end that is acknowledged at the second try, and then not kept',
      'let-in',
      [create, op('revoke', 50, { ends: 'k', status: 503 }), op('revoke', 90, { ends: 'k' }), use(101, 200)],
    ],
    ['an expired key let in', 'let-in', [create, use(5_200, 200)], { credentials: [{ ...key, expiresAt: 5_000 }] }],
    [
      'a login token exchanged twice',
      'exchanged-twice',
      [issue, op('exchange', 50, { uses: 't' }), op('exchange', 90, { uses: 't', app: 'b' })],
    ],
    ['a good login token refused', 'shut-out', [issue, op('exchange', 50, { uses: 't', status: 401 })]],
    [
      'a right kept after its policy lost it',
      'wrong-right',
      [op('policy', 0, { policy: 'p', allows: false }), op('ask', 20, { policy: 'p' })],
    ],
    [
      'a right missing although its policy gives it',
      'wrong-right',
      [op('policy', 0, { policy: 'p', allows: true }), op('ask', 1_020, { policy: 'p', status: 403, app: 'b' })],
    ],
    ['a use answered late', 'late', [create, use(20, 200, { endAt: 2_021 })]],
    ['a change answered late', 'late', [{ ...create, endAt: 3_001, status: 503 }]],
    ['an error of the server', 'unexpected', [{ ...create, status: 500 }]],
    ['no answer of an app that ran', 'unexpected', [create, use(20, 0)]],
    [
      'no answer after the app was back',
      'unexpected',
      [create, use(50, 0)],
      { outages: [{ app: 'a', from: 10, to: 40 }] },
    ],
    ['a live key in no list', 'not-listed', [create], { lists: listOf('another') }],
    [
      'a live session in no list',
      'not-listed',
      [login],
      { lists: [{ ...(listOf()[0] as History['lists'][0]), kind: 'session' }] },
    ],
    ['a record without its index entry', 'half-made', [], { stored: [{ what: 'key:{x}', missingIn: ['idx'] }] }],
  ])('%s', (...[, rule, operations, fields]) => {
    expect(rulesBroken(operations, fields)).toEqual([rule]);
  });

  it('what breaks each of its rules: there is a test for every one above', () => {
    const tested = ['lost', 'let-in', 'shut-out', 'exchanged-twice', 'wrong-right', 'late', 'unexpected'];
    expect(Object.keys(RULES)).toEqual([...tested, 'not-listed', 'half-made']);
  });
});

describe('the checker of the fault harness lets pass', () => {
  it.each<[what: string, operations: Operation[], fields?: Partial<History>]>([
    ['503 for anything', [create, use(20, 503), op('revoke', 50, { ends: 'k', status: 503 })]],
    ['the use of a key that is not acknowledged', [{ ...create, status: 503 }, use(20, 401)]],
    ['a key refused by the other app for a moment', [create, use(20, 401, { app: 'b' })]],
    ['a key refused while its end is asked for', [create, op('revoke', 50, { ends: 'k', status: 503 }), use(45, 401)]],
    [
      'either answer after an end that was not acknowledged',
      [create, op('revoke', 50, { ends: 'k', status: 503 }), use(70, 200), use(90, 401), use(9_000, 200)],
    ],
    [
      'a revoked key let in by the other app for a moment',
      [create, op('revoke', 50, { ends: 'k' }), use(900, 200, { app: 'b' })],
    ],
    [
      'a key around its expiry, whichever way',
      [create, use(4_950, 401), use(5_050, 200)],
      {
        credentials: [{ ...key, expiresAt: 5_000 }],
      },
    ],
    [
      'a login token refused after another try',
      [issue, op('exchange', 50, { uses: 't', status: 503 }), op('exchange', 90, { uses: 't', status: 401 })],
    ],
    [
      'one of two exchanges at once',
      [issue, op('exchange', 50, { uses: 't' }), op('exchange', 50, { uses: 't', status: 401, app: 'b' })],
    ],
    [
      'a right while its policy is being changed',
      [
        op('policy', 0, { policy: 'p', allows: true }),
        op('policy', 50, { policy: 'p', allows: false, status: 503 }),
        op('ask', 70, { policy: 'p' }),
        op('ask', 90, { policy: 'p', status: 403 }),
      ],
    ],
    ['no answer of an app that was killed', [create, use(20, 0)], { outages: [{ app: 'a', from: 25, to: 40 }] }],
    [
      'a list without what was asked to end',
      [create, op('revoke', 50, { ends: 'k', status: 503 })],
      {
        lists: listOf(),
      },
    ],
    ['a list of somebody else', [create], { lists: [{ ...(listOf()[0] as History['lists'][0]), ownerId: 'u1' }] }],
    ['a whole record', [], { stored: [{ what: 'key:{x}', missingIn: [] }] }],
  ])('%s', (...[, operations, fields]) => {
    expect(rulesBroken(operations, fields)).toEqual([]);
  });
});
