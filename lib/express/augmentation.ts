import type { Principal } from '../principal.js';

/** `req.user` is the principal, as Passport's own types name it. */
declare global {
  namespace Express {
    interface User extends Principal {}
    interface Request {
      user?: User | undefined;
    }
  }
}
