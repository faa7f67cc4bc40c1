import { AuthError } from '../../lib/errors.js';

/** The AuthError that `action` ends with. */
export async function refusalOf(action: Promise<unknown> | (() => unknown)): Promise<AuthError> {
  try {
    await (typeof action === 'function' ? action() : action);
  } catch (error) {
    if (error instanceof AuthError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}
