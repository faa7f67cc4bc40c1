// The suites of the admin API and of sessions as they are, behind Sentinel in place of one server.
jest.mock('ioredis', () => jest.requireActual('../support/led-clients.js').clients);
jest.mock('../support/redis-server.js', () => jest.requireActual('../support/other-topology.js').onSentinel());

import '../support/without-memory.js';

import '../admin-router/api-keys.test.js';
import '../admin-router/logins.test.js';
import '../admin-router/policies.test.js';
import '../admin-router/session-keys.test.js';
import '../admin-router/sessions.test.js';
