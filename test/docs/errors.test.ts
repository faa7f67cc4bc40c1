import { WIRE_SCHEMAS } from '../../admin-router/wire-schemas.js';
import { EXIT } from '../../lib/cli/command.js';
import { AuthError, type AuthErrorCode } from '../../lib/index.js';
import { codesIn, tableAfter } from './markdown.js';

const rows = tableAfter('README.md', 'errors: every code of lib/errors.ts').map(([status = '', code = '']) => ({
  status: Number(status),
  code: codesIn(code)[0] as AuthErrorCode,
}));

it('the README names every code that an answer can have, and no other', () => {
  const codes = WIRE_SCHEMAS.Problem.shape.code.options; // checked by the compiler against lib/errors.ts
  expect(rows.map(({ code }) => code).sort()).toEqual([...codes].sort());
});

it.each(rows)('$code is $status', ({ code, status }) => {
  expect(new AuthError(code).status).toBe(status);
});

it('the README names every exit code of the command line', () => {
  const told = tableAfter('README.md', 'exit codes').map(([code]) => Number(code));
  expect(told).toEqual(Object.values(EXIT).sort());
});
