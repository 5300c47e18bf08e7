/** `npm run client`: generates the client from the OpenAPI document. */
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createClient } from '@hey-api/openapi-ts';
import { describeApi } from './describe.ts';

const generated = fileURLToPath(new URL('./client/generated', import.meta.url));

/** The generated code does not pass `exactOptionalPropertyTypes`, but its types are right. */
const header = ['// Generated from the OpenAPI document by `npm run client`', '// @ts-nocheck'];

/** Writes the types, the functions and the code that sends requests into a folder. */
export async function generateClient(folder: string): Promise<void> {
  await createClient({
    input: JSON.parse(JSON.stringify(describeApi())),
    output: { path: folder, module: { extension: '.ts' }, tsConfigPath: null, header },
    logs: { level: 'silent', file: false },
    plugins: [
      '@hey-api/typescript',
      // The client is an argument, so the module keeps no state.
      { name: '@hey-api/sdk', client: false, responseStyle: 'data' },
      { name: '@hey-api/client-fetch', throwOnError: true },
    ],
  });
  // A default client, which nothing would configure.
  await rm(join(folder, 'client.gen.ts'));
}

if (import.meta.main) {
  const aside = await mkdtemp(`${generated}-`);
  await generateClient(aside);
  await rm(generated, { recursive: true, force: true });
  await rename(aside, generated);
}
