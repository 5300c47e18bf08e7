/** `npm run docs`: writes docs/configuration.md. */
import { writeFile } from 'node:fs/promises';
import { configurationDocument } from './index.ts';

await writeFile(new URL('../../docs/configuration.md', import.meta.url), configurationDocument());
