import { peppersOf } from '../../../lib/cli/peppers.js';
import { run } from './run-command.js';

const [FIRST, SECOND] = ['never-to-be-printed-of-32-bytes-1', 'never-to-be-printed-of-32-bytes-2'];

describe('LATCHKEY_PEPPERS', () => {
  it('holds none, one or two, the current one first', () => {
    expect(peppersOf(undefined)).toEqual([]);
    expect(peppersOf(FIRST)).toEqual([FIRST]);
    expect(peppersOf(`${FIRST},${SECOND}`)).toEqual([FIRST, SECOND]);
  });

  it.each([
    ['', 'LATCHKEY_PEPPERS is empty: unset it where the app has no peppers'],
    [`${FIRST},`, 'LATCHKEY_PEPPERS has a comma, and no pepper on one side of it'],
    [`,${FIRST}`, 'LATCHKEY_PEPPERS has a comma, and no pepper on one side of it'],
    [`${FIRST}, ${SECOND}`, 'LATCHKEY_PEPPERS has white space around a pepper, such as a line end: take it away'],
    [`${FIRST}\n`, 'LATCHKEY_PEPPERS has white space around a pepper, such as a line end: take it away'],
    [' ', 'LATCHKEY_PEPPERS has white space around a pepper, such as a line end: take it away'],
    [`${FIRST},${SECOND},${FIRST}`, 'LATCHKEY_PEPPERS holds more than two peppers: the current one and the previous'],
  ])('that is %j is refused before Redis is asked, and not shown', async (peppers, fault) => {
    const environment = { REDIS_URL: 'redis://127.0.0.1:1', LATCHKEY_PEPPERS: peppers };
    const { code, out, errors } = await run(['keys', 'list'], { environment });
    expect([code, out, errors]).toEqual([2, '', expect.stringContaining(`latchkey: ${fault}`)]);
    expect(errors).not.toContain('never-to-be-printed');
  });
});
