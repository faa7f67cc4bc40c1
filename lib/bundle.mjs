import { cp, readdir, rm } from 'node:fs/promises';
import { build } from 'vite';

/**
 * Puts what tsc has written to `dist/lib` into a few files: Node takes about half a millisecond for each file that it imports,
 * and there are more than a hundred. The two that everything else imports stay where they were, beside their types: the admin
 * router, the command line and the test suite know nothing else of `lib`. Not minified: whoever reads a stack trace finds the code.
 */
const LIB = 'dist/lib';
const BUNDLED = 'dist/bundled';
const ENTRIES = ['index', 'stores/redis/redis-store'];
const OTHERS = /^cli[\\/]/;

await build({
  configFile: false,
  logLevel: 'warn',
  build: {
    ssr: true, // for Node: packages are left to be imported
    target: 'node20',
    outDir: BUNDLED,
    minify: false,
    rolldownOptions: {
      input: Object.fromEntries(ENTRIES.map((name) => [name, `${LIB}/${name}.js`])),
      output: { entryFileNames: '[name].js', chunkFileNames: 'parts/[name].js' },
    },
  },
});
for (const file of await readdir(LIB, { recursive: true })) {
  if (file.endsWith('.js') && !OTHERS.test(file)) await rm(`${LIB}/${file}`);
}
await cp(BUNDLED, LIB, { recursive: true });
await rm(BUNDLED, { recursive: true });
