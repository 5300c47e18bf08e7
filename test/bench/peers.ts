/** The peers of our figures: the usual way to call the engine, and the floor that no engine gets below. */
import { execFile, fork } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { newSpec } from '../../automation/desired/desired-state.ts';
import { newTenantId } from '../../automation/desired/tenant-id.ts';
import { ensureTool } from '../../automation/toolchain/tools.ts';
import { databasePlace, databaseSecretName, databaseUrl } from '../../tenants/data.ts';
import { metadata } from '../../tenants/isolation.ts';
import { tenantObjects } from '../../tenants/objects.ts';
import type { TenantSpec } from '../../tenants/spec.ts';
import { resolveTenant } from '../../tenants/tenant.ts';
import type { Purchase } from './customer.ts';
import { toolchainEnv } from './env.ts';
import type { Installation } from './installation.ts';
import { runnerSettings } from './runner-settings.ts';
import { timed } from './samples.ts';
import type { FromUsualWay, ToUsualWay } from './usual-way.ts';

/** The spec of a tenant without a subscription. */
export function freshSpec({ product, plan }: Purchase): TenantSpec {
  const tenantId = newTenantId();
  return newSpec({
    tenantId,
    product,
    plan,
    slug: tenantId,
    cell: 'local',
    region: 'local',
    owner: 'operator',
    billingAccount: 'cus_bench',
    seats: 1,
    createdAt: new Date(),
  });
}

export interface UsualWay {
  /** Milliseconds from the call of the handler to its end; several may run at once. */
  provision(spec: TenantSpec): Promise<number>;
}

/** Starts the usual way's process on an installation's cluster and databases, with a state folder of its own. */
export async function startUsualWay(installation: Installation): Promise<UsualWay> {
  const settings = await runnerSettings(installation);
  const pulumi = await ensureTool('pulumi', { env: toolchainEnv() });
  const state = join(installation.home, 'usual-way-state');
  await mkdir(state, { recursive: true });
  const child = fork(fileURLToPath(new URL('./usual-way.ts', import.meta.url)), {
    env: installation.workerEnvironment,
    execArgv: ['--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  installation.onEnd(async () => {
    if (child.connected) child.disconnect();
    await exited;
  });
  const running = new Map<string, (error: string | null) => void>();
  const tell = (message: ToUsualWay) => child.send(message);
  await new Promise<void>((resolve, reject) => {
    void exited.then(() => reject(new Error("the usual way's process ended")));
    child.on('message', (message: FromUsualWay) => {
      if (message.type === 'ready') resolve();
      else running.get(message.tenantId)?.(message.error);
    });
    tell({
      type: 'settings',
      settings: { ...settings, backendUrl: pathToFileURL(state).href },
      pulumiPath: pulumi.path,
    });
  });
  return {
    async provision(spec) {
      const { result, ms } = await timed(
        () =>
          new Promise<string | null>((resolve) => {
            running.set(spec.tenantId, resolve);
            tell({ type: 'provision', spec });
          }),
      );
      running.delete(spec.tenantId);
      if (result !== null) throw new Error(`the usual way failed: ${result}`);
      return ms;
    },
  };
}

/** All Kubernetes objects of a tenant as plain manifests, the Secret of its database too. */
export function manifestsOf(spec: TenantSpec): object[] {
  const tenant = resolveTenant(spec);
  const { namespace, foundation, quota, workload } = tenantObjects(tenant);
  const place = databasePlace(tenant);
  const password = 'p'.repeat(32);
  const secret = place && {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: metadata(tenant, databaseSecretName),
    type: 'Opaque',
    stringData: {
      url: databaseUrl({
        host: '127.0.0.1',
        port: 5432,
        database: place.database ?? 'tenants',
        schema: place.schema,
        role: place.role,
        password,
      }),
      user: place.role,
      password,
    },
  };
  return [namespace, ...foundation, ...(secret ? [secret] : []), quota, ...(workload ? [workload] : [])];
}

/** The floor: applies the manifests with one `kubectl apply --server-side`; returns milliseconds. */
export async function startFloor(
  installation: Installation,
): Promise<(manifests: object[]) => Promise<number>> {
  const kubectl = await ensureTool('kubectl', { env: toolchainEnv() });
  const parameters = ['--kubeconfig', installation.endpoints.kubeconfig, 'apply', '--server-side', '-f', '-'];
  return async (manifests) => {
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: manifests });
    const { ms } = await timed(
      () =>
        new Promise<void>((resolve, reject) => {
          const child = execFile(kubectl.path, parameters, (error) => (error ? reject(error) : resolve()));
          child.stdin?.end(list);
        }),
    );
    return ms;
  };
}
