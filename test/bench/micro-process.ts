import { microTable } from './micro.js';

/** A child of the runner, on the Node that was asked for: says the table, and ends. */
process.send?.(await microTable(), () => process.disconnect());
