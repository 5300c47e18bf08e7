/** `npm run client`: writes the generated part of the client anew, from the OpenAPI document. */
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createClient } from '@hey-api/openapi-ts';
import { describeApi } from './describe.ts';

const generated = fileURLToPath(new URL('./client/generated', import.meta.url));

/** What it writes is not made for `exactOptionalPropertyTypes`; its types count all the same. */
const header = ['// Generated from the OpenAPI document by `npm run client`', '// @ts-nocheck'];

/** Writes types, functions and what sends them into a folder of its own. */
export async function generateClient(folder: string): Promise<void> {
  await createClient({
    input: JSON.parse(JSON.stringify(describeApi())),
    output: { path: folder, module: { extension: '.ts' }, tsConfigPath: null, header },
    logs: { level: 'silent', file: false },
    plugins: [
      '@hey-api/typescript',
      // The client is an argument: nothing is kept by the module.
      { name: '@hey-api/sdk', client: false, responseStyle: 'data' },
      { name: '@hey-api/client-fetch', throwOnError: true },
    ],
  });
  // A client of its own that nobody configures.
  await rm(join(folder, 'client.gen.ts'));
}

if (import.meta.main) {
  const aside = await mkdtemp(`${generated}-`);
  await generateClient(aside);
  await rm(generated, { recursive: true, force: true });
  await rename(aside, generated);
}
