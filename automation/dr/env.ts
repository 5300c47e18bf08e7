/** Operations on a whole cell read the variables of its workers. */
import { readVariables, tenantDatabaseBeside, tenantDatabaseOf } from '../environment/index.ts';
import { readEndpoints } from '../local/index.ts';

/** Where the control plane's rows are, and what they describe. */
export interface CellPlace {
  readonly databaseUrl: string;
  readonly tenantDatabaseUrl: string;
  /** Database servers for single tenants, by name. */
  readonly tenantDatabaseServers: Readonly<Record<string, string>>;
  readonly kubeconfig: string;
  /** State of the tenants' stacks; null when no variable names it. */
  readonly backendUrl: string | null;
  readonly cell: string;
}

export interface OperationsEnv {
  /** The cell that the variables name, or else the installation that runs in `home`; null when there is neither. */
  readonly place: CellPlace | null;
  readonly kubeconfig: string;
  /** For programs that we start: Pulumi's CLI. */
  readonly processEnv: NodeJS.ProcessEnv;
}

/**
 * @param home of a local installation
 * @throws Error that names every variable that is wrong
 */
export async function readOperationsEnv(
  home: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<OperationsEnv> {
  const v = readVariables(env, {
    defaulted: [
      'TENANT_DATABASE_SERVERS',
      'TENANTRY_TENANTS_SHARE_DATABASE_SERVER',
      'KUBECONFIG',
      'TENANTRY_CELL',
    ],
    optional: ['DATABASE_URL', 'TENANT_DATABASE_URL', 'PULUMI_BACKEND_URL'],
  });
  const kubeconfig = v.KUBECONFIG;
  const shared = { kubeconfig, processEnv: env };
  if (v.DATABASE_URL !== undefined) {
    return {
      ...shared,
      place: {
        databaseUrl: v.DATABASE_URL,
        tenantDatabaseUrl: tenantDatabaseOf({ ...v, DATABASE_URL: v.DATABASE_URL }),
        tenantDatabaseServers: v.TENANT_DATABASE_SERVERS,
        kubeconfig,
        backendUrl: v.PULUMI_BACKEND_URL ?? null,
        cell: v.TENANTRY_CELL,
      },
    };
  }
  const endpoints = await readEndpoints(home);
  if (!endpoints) return { ...shared, place: null };
  return {
    ...shared,
    kubeconfig: endpoints.kubeconfig,
    place: {
      databaseUrl: endpoints.postgres,
      tenantDatabaseUrl: endpoints.tenantPostgres ?? tenantDatabaseBeside(endpoints.postgres),
      tenantDatabaseServers: {},
      kubeconfig: endpoints.kubeconfig,
      backendUrl: endpoints.engine?.backendUrl ?? null,
      cell: v.TENANTRY_CELL,
    },
  };
}
