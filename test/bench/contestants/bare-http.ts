import type { Contestant } from '../contestant.js';
import { LONG_HEADER } from './bare-express.js';

/** What nothing on Node's own HTTP server can be faster than. */
export const bareHttp: Contestant = {
  name: 'node-http',
  title: 'bare `node:http`',
  prepare: async () => ({
    guards: [],
    accepted: [LONG_HEADER],
    refusals: [],
    listener: (answer) => (_req, res) => {
      const text = answer();
      res.writeHead(200, { 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': text.length });
      res.end(text);
    },
  }),
};
