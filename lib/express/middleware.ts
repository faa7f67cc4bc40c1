import type { NextFunction, Request, Response } from 'express';

/** Middleware that leaves the types of a route's parameters to the route. */
export type Middleware = <Params>(req: Request<Params>, res: Response, next: NextFunction) => void;
