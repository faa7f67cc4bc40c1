import { AuthError } from '../../../lib/index.js';

/** Tries of one change: each loses only to another change of the same record. */
const MAX_TRIES = 5;

/**
 * What `change` answers, which reads a record and writes that version of it; asked anew where somebody else was faster.
 * @throws AuthError `precondition_failed` after five tries, or what `change` throws.
 */
export async function undisturbed<Answer>(change: () => Promise<Answer>): Promise<Answer> {
  for (let tries = 1; ; tries++) {
    try {
      return await change();
    } catch (error) {
      const isOvertaken = error instanceof AuthError && error.code === 'precondition_failed';
      if (!isOvertaken || tries === MAX_TRIES) throw error;
    }
  }
}
