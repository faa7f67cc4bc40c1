import { AuthError, storeUnavailable } from '../errors.js';

/** Whether the server itself has refused a command. */
export function isReply(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError';
}

/** Settles as `answer` does, or rejects after `timeoutMs`: with AuthError `store_unavailable` in either case. */
export function within<Answer>(timeoutMs: number, answer: Promise<Answer>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const expire = () => reject(storeUnavailable('Redis did not answer in time'));
    const timer = setTimeout(() => setImmediate(expire), timeoutMs); // a process that stood still reads first
    answer.then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(asUnavailable(error));
      },
    );
  });
}

/** For whoever asked the store. Keeps the message only: an ioredis error also carries the command with its arguments. */
export function asUnavailable(error: unknown): AuthError {
  if (error instanceof AuthError) return error;
  return storeUnavailable(`Redis: ${error instanceof Error ? error.message.slice(0, 100) : 'unknown error'}`);
}
