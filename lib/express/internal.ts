import type { Request, RequestHandler } from 'express';

/** The requests that came in where the host accepts internal keys. */
export class InternalRequests {
  readonly #requests = new WeakSet<object>();
  #isUsed = false;

  middleware(): RequestHandler {
    this.#isUsed = true;
    return (req, _res, next) => {
      this.#requests.add(req);
      next();
    };
  }

  has(req: Request): boolean {
    return this.#isUsed && this.#requests.has(req);
  }
}
