import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { defineConfig } from 'vite';

/** `npm run build:page`. Everything is relative, so that the page works wherever the admin router is mounted. */
export default defineConfig({
  base: './',
  publicDir: false,
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    target: ['chrome123', 'edge123', 'firefox120', 'safari17.5'],
    emptyOutDir: true,
    assetsInlineLimit: 0, // the page's policy knows no data: addresses
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  plugins: [{ name: 'precompress', writeBundle: ({ dir }) => precompress(dir) }],
});

/** Writes each file a second and a third time, compressed, where that is smaller by a tenth. */
function precompress(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  for (const { parentPath, name } of files) {
    const path = join(parentPath, name);
    const body = readFileSync(path);
    for (const [ending, compress] of Object.entries({ '.br': brotliCompressSync, '.gz': gzipSync })) {
      const compressed = compress(body);
      if (compressed.length < body.length * 0.9) writeFileSync(path + ending, compressed);
    }
  }
}
