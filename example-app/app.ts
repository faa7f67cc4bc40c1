import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import type { Latchkey } from 'latchkey';
import { adminRouter } from 'latchkey/admin-router';
import passport from 'passport';
import { docs } from './docs.js';
import type { Orders } from './orders.js';
import type { Users } from './users.js';

/** The app without a port: tests can call it as it is. */
export function createApp(latchkey: Latchkey, users: Users, orders: Orders): Express {
  const app = express();
  app.disable('x-powered-by');

  // Latchkey, in three lines: the strategies, the routes to log in and manage keys, and (below) the guard.
  latchkey.use(passport);
  app.use('/auth', adminRouter(latchkey));
  app.use('/docs', docs('/auth/openapi.json'));
  // `basic` takes keys and session tokens. `session: false`: Passport's own sessions are not needed.
  const guard = passport.authenticate(['api-key-header', 'api-key', 'basic', 'session-cookie'], { session: false });

  // Everything under /orders needs a key or a login. Before express.json(): strangers' bodies stay unread.
  app.use('/orders', guard, express.json());

  // Without a resource the question is about all orders: a key for `orders/1` alone gets 403 here.
  app.get('/orders', latchkey.requirePermission('orders:read'), (_req, res) => {
    res.json({ items: orders.all() });
  });

  // The resource comes from the request, so a key can be made for a single order.
  app.get(
    '/orders/:id',
    latchkey.requirePermission('orders:read', (req) => `orders/${req.params.id}`),
    (req, res) => {
      const order = orders.find(String(req.params.id));
      if (order === undefined) res.status(404).json({ error: 'There is no such order.' });
      else res.json(order);
    },
  );

  app.post('/orders', latchkey.requirePermission('orders:write'), (req, res) => {
    const { item, quantity } = req.body ?? {};
    if (typeof item !== 'string' || item === '' || !Number.isInteger(quantity) || quantity < 1) {
      res.status(400).json({ error: 'Send {"item": text, "quantity": whole number of at least 1}.' });
      return;
    }
    const order = orders.add(item, quantity);
    res.status(201).location(`/orders/${order.id}`).json(order);
  });

  // The same check without Passport. `req.user` is who asks; what else is known of them, the app's own users tell.
  app.get('/me', latchkey.authenticate(), (req, res) => {
    const { id, credential } = req.user ?? {};
    res.json({
      id,
      name: users.find(id ?? '')?.name,
      cameWith: { kind: credential?.kind, name: credential?.name },
      mayWriteOrders: req.user?.can('orders:write'),
    });
  });

  app.use(latchkey.errorHandler()); // e.g. 503 while Redis cannot be reached
  app.use(answerOtherErrors);
  return app;
}

/**
 * The same admin routes for a port that the outside cannot reach: only here are keys accepted that are marked
 * `internalOnly`, such as one that mints session keys for others. And only here is told how much goes on.
 */
export function createInternalApp(latchkey: Latchkey, metrics: RequestHandler): Express {
  const app = express();
  app.disable('x-powered-by');
  app.get('/metrics', metrics);
  app.use(latchkey.internal());
  app.use('/auth', adminRouter(latchkey));
  app.use(answerOtherErrors);
  return app;
}

/** Express by itself would send the stack to the client unless NODE_ENV is `production`. */
const answerOtherErrors: ErrorRequestHandler = (error, _req, res, next) => {
  if (res.headersSent) {
    next(error);
    return;
  }
  const status: number = error.status ?? 500;
  if (status >= 500) console.error(error);
  res.status(status).json({ error: status >= 500 ? 'Something went wrong here.' : 'The request could not be read.' });
};
