import type { FieldError, Problem } from './types.ts';

/** What the browser itself has to say, besides the codes of the API. */
export type LocalCode = 'unreachable' | 'timed_out' | 'unreadable';

/** Why a request was not done: a refusal of the API (RFC 9457), or no answer at all (status 0). */
export class ApiProblem extends Error {
  readonly status: number;
  readonly code: string;
  readonly errors: readonly FieldError[];
  /** How long to wait before the next try; null where the API does not say. */
  readonly retryAfterSeconds: number | null;

  constructor(problem: Omit<Problem, 'title'>, retryAfterSeconds: number | null = null) {
    super(problem.detail);
    this.name = 'ApiProblem';
    this.status = problem.status;
    this.code = problem.code;
    this.errors = problem.errors ?? [];
    this.retryAfterSeconds = retryAfterSeconds;
  }

  get detail(): string {
    return this.message;
  }

  static local(code: LocalCode, detail: string): ApiProblem {
    return new ApiProblem({ status: 0, code, detail });
  }

  /** The problem in an answer; for an answer that is none of ours, its status. */
  static async from(response: Response): Promise<ApiProblem> {
    const after = Number(response.headers.get('retry-after') ?? Number.NaN);
    const retryAfter = Number.isFinite(after) ? after : null;
    const isProblem = response.headers.get('content-type')?.startsWith('application/problem+json') ?? false;
    const problem = isProblem
      ? await response.json().then(
          (body) => body as Problem,
          () => null,
        )
      : null; // cut off, perhaps
    if (problem !== null) return new ApiProblem(problem, retryAfter);
    const detail = `The server answered ${response.status} ${response.statusText}`.trim();
    return new ApiProblem({ status: response.status, code: 'unreadable', detail }, retryAfter);
  }
}

/** What was thrown, as a problem. A fault of the page's own is told, too. */
export function problemOf(error: unknown): ApiProblem {
  if (error instanceof ApiProblem) return error;
  return ApiProblem.local('unreadable', error instanceof Error ? error.message : String(error));
}

/** In words how long to wait: `40 seconds`, `15 minutes`. */
export function waitingTime(seconds: number): string {
  const [value, unit] = seconds <= 90 ? [Math.max(1, seconds), 'second'] : [Math.ceil(seconds / 60), 'minute'];
  return `${value} ${unit}${value === 1 ? '' : 's'}`;
}
