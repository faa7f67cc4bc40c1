import { type AuthError, type FieldError, inSeconds } from '../index.js';
import { CommandFailure, EXIT } from './command.js';

/** An error of the library as the end of a command: its text, every field that it names, and its exit code. */
export function failureOf({ code, message, errors, status, reason }: AuthError): CommandFailure {
  if (code === 'store_unavailable') return new CommandFailure(EXIT.unreachable, `Redis cannot be used: ${reason}`);
  const text = code === 'invalid_request' ? ['The request is not valid:', ...faultLines(errors)].join('\n') : message;
  return new CommandFailure(EXIT_OF[status] ?? EXIT.failed, text);
}

export function faultLines(errors: readonly FieldError[]): string[] {
  return errors.map(onTheWire).map(({ path, message }) => `  ${path === '' ? 'all of it' : path} ${message}`);
}

const EXIT_OF: Readonly<Record<number, number>> = {
  400: EXIT.refused,
  403: EXIT.refused,
  404: EXIT.notFound,
  409: EXIT.conflict,
  412: EXIT.conflict,
};

/** A fault by the names of the admin API, and so of the command line; of a property it is not told which. */
export function onTheWire(fault: FieldError): FieldError {
  const { path, message } = inSeconds(fault);
  return { path: path.replace(/^properties\..*$/s, 'properties'), message };
}
