import type { Request, RequestHandler } from 'express';

/**
 * Makes everything after it cheaper on Node 20 and 22. Express swaps the prototype of each request, and what V8 before Node 24 adds
 * to an object after that gives it a hidden class that no other object has: whoever reads one of its properties for the first
 * time looks it up the slow way. An object that lost a property becomes a dictionary, and all those share one hidden class: so
 * `res` is deleted here, and put back. The request is otherwise as it was. Nothing happens outside Express, or on Node 24.
 */
export const useDictionaryMode: <Params>(req: Request<Params>) => void =
  Number.parseInt(process.versions.node, 10) < 24 ? putBackRes : () => {};

/** `handle`, on a request that is a dictionary already: for what puts several properties on it. */
export function inDictionaryMode(handle: RequestHandler): RequestHandler {
  return (req, res, next) => {
    useDictionaryMode(req);
    return handle(req, res, next);
  };
}

function putBackRes<Params>(req: Request<Params>): void {
  if (!Object.hasOwn(req, 'res')) return;
  const { res } = req;
  if (Reflect.deleteProperty(req, 'res')) req.res = res;
}
