import type { Request } from 'express';
import type { Principal } from '../principal.js';

/**
 * Express gives every request another prototype. Up to V8 12 (Node 20 and 22) each new property of such an object then costs
 * several microseconds, more than the whole check of a key; later ones do it for nothing.
 */
const NEW_PROPERTIES_ARE_DEAR = Number.parseInt(process.versions.v8, 10) < 13;

/** By the response, which is the same whether asked by the request or by an object that stands for it, such as a Proxy. */
const USERS = new WeakMap<object, unknown>();

const ACCESSOR: PropertyDescriptor & ThisType<Pick<Request, 'res'>> = {
  get() {
    return this.res === undefined ? undefined : USERS.get(this.res);
  },
  set(user: unknown) {
    if (this.res !== undefined) USERS.set(this.res, user);
    else Object.defineProperty(this, 'user', { value: user, writable: true, enumerable: true, configurable: true });
  },
  enumerable: true,
  configurable: true,
};

/**
 * Sets `req.user`, as everybody knows it. On Node 20 and 22 the prototype of the app's requests has an accessor of that name,
 * which is put there with the first one: then it is no property of the request's own.
 */
export function setUser<Params>(req: Request<Params>, user: Principal): void {
  if (NEW_PROPERTIES_ARE_DEAR && !('user' in req)) defineAccessor(req);
  req.user = user;
}

/** On the outermost app's prototype, from which those of the apps that it has mounted inherit. Outside Express, nowhere. */
function defineAccessor(req: object): void {
  let home: object | null = null;
  for (let prototype = Object.getPrototypeOf(req); prototype !== null; prototype = Object.getPrototypeOf(prototype)) {
    if (Object.hasOwn(prototype, 'app')) home = prototype;
  }
  if (home !== null) Object.defineProperty(home, 'user', ACCESSOR);
}
