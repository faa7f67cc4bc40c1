// As in package.json, but that packages named in LATCHKEY_MATRIX_MODULES, JSON of folders by name, are those in the folders.
// What tests start as processes of their own has the packages of node_modules in any case.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');
const { jest } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const modules = Object.entries(JSON.parse(process.env.LATCHKEY_MATRIX_MODULES ?? '{}'));

export default {
  ...jest,
  rootDir: ROOT,
  moduleNameMapper: {
    ...jest.moduleNameMapper,
    ...Object.fromEntries(modules.map(([name, folder]) => [`^${name}$`, folder])),
  },
};
