import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { slugPattern } from '../../tenants/catalog/names.ts';

const root = fileURLToPath(new URL('.', import.meta.url));

/** The page is a folder of static files; nothing is inlined, so `default-src 'self'` is enough to run it. */
export default defineConfig({
  root,
  plugins: [react()],
  define: { SLUG_PATTERN: JSON.stringify(slugPattern.source) },
  build: {
    outDir: `${root}dist`,
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2023',
  },
});
