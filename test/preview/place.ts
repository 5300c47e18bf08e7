/** A place for a fleet of a test's own, on the run's PostgreSQL and Kubernetes. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inject } from 'vitest';
import { startKeyService } from '../../automation/local/keys.ts';
import type { FleetPlace } from '../../automation/preview/env.ts';
import { ensureDatabase, migrate } from '../../automation/store/migrate.ts';
import { freshDatabase } from '../support/database.ts';

export interface TestPlace {
  readonly place: FleetPlace;
  /** Environment for engines: the tools of the run, the embedded providers. */
  readonly env: NodeJS.ProcessEnv;
  close(): Promise<void>;
}

export async function startPlace(): Promise<TestPlace> {
  const home = await mkdtemp(join(inject('runDir'), 'preview-'));
  const database = await freshDatabase();
  const tenants = await freshDatabase();
  await ensureDatabase(database.url);
  await migrate(database.url);
  const keys = await startKeyService({ keyFile: join(home, 'keys.json') });
  const state = join(home, 'state');
  await mkdir(state);
  return {
    place: {
      databaseUrl: database.url,
      tenantDatabaseUrl: tenants.url,
      tenantDatabaseServers: {},
      kubeconfig: inject('kubeconfig'),
      backendUrl: pathToFileURL(state).href,
      secretsProvider: 'hashivault://tenantry',
      cell: 'local',
      variables: {
        VAULT_ADDR: keys.address,
        VAULT_TOKEN: keys.token,
        VAULT_SERVER_URL: keys.address,
        VAULT_SERVER_TOKEN: keys.token,
      },
    },
    env: {
      ...process.env,
      TENANTRY_TOOL_PULUMI: inject('tools').pulumi,
      TENANTRY_KUBERNETES_PROVIDER: 'embedded',
    },
    async close() {
      await keys.stop();
      await database.drop();
      await tenants.drop();
      await rm(home, { recursive: true, force: true });
    },
  };
}
