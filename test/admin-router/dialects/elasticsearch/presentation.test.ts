import { booleanOf, present, refuseUnknown } from '../../../../admin-router/dialects/elasticsearch/presentation.js';
import { faultOf } from './documents.js';

const BODY = { a: { b: 1, c: [{ d: 1, e: 2 }, { e: 3 }] }, f: null, get: 'x' };
const shown = (query: string) => present({ body: BODY }, new URLSearchParams(query));

it.each<[string, unknown]>([
  ['a.b', { a: { b: 1 } }],
  ['a.c.e', { a: { c: [{ e: 2 }, { e: 3 }] } }],
  ['a.c.d', { a: { c: [{ d: 1 }] } }],
  ['*.b,f', { a: { b: 1 }, f: null }],
  ['**.e', { a: { c: [{ e: 2 }, { e: 3 }] } }],
  ['g*', { get: 'x' }],
  ['nothing', {}],
  ['', BODY],
])('filter_path=%s', (path, body) => {
  expect(shown(`filter_path=${path}`).body).toEqual(body);
});

it('is pretty where that is asked for', () => {
  for (const query of ['pretty', 'pretty=true']) {
    expect(shown(query).text?.value).toBe(`${JSON.stringify(BODY, null, 2)}\n`);
  }
  expect(shown('pretty=false').text).toBeUndefined();
  expect(present({ status: 200 }, new URLSearchParams('pretty'))).toEqual({ status: 200 });
});

it('refuses parameters that a call does not take', () => {
  const refuse = (query: string) =>
    faultOf(() => refuseUnknown('/_security/api_key', new URLSearchParams(query), ['id']));
  expect(refuse('id=1&foo=1').reason).toBe('request [/_security/api_key] contains unrecognized parameter: [foo]');
  expect(refuse('foo&bar&pretty').reason).toBe(
    'request [/_security/api_key] contains unrecognized parameters: [foo], [bar]',
  );
});

it('takes booleans', () => {
  const read = (query: string) => booleanOf(new URLSearchParams(query), 'owner');
  expect([read(''), read('owner'), read('owner='), read('owner=true'), read('owner=false')]).toEqual([
    false,
    true,
    true,
    true,
    false,
  ]);
  expect(faultOf(() => read('owner=x')).reason).toBe(
    'Failed to parse value [x] as only [true] or [false] are allowed.',
  );
});
