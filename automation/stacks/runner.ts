/**
 * A runner: a child process of the worker that keeps the SDKs loaded and runs one engine operation at a time.
 *
 * It leads a process group of its own, in which the engine and its plugins run too, so that killing the group ends
 * all of an operation. It may write only while it holds a permit, which the worker prolongs whenever it has renewed
 * the tenant's lease. When the permit runs out (the worker hangs, was stopped, or lost the database), the runner
 * kills its whole group before anybody else can take the lease; when the worker dies, it does so at once. The worker
 * kills a runner that is stopped or too busy to do so.
 */
import { flushCompileCache } from 'node:module';
import type { Product } from '../../tenants/catalog/types.ts';
import { serveProviders } from '../providers/index.ts';
import { Driver } from './driver.ts';
import { engineCommand } from './engine-command.ts';
import { prepareEngineHome } from './engine-home.ts';
import { completeCatalog } from './program-catalog.ts';
import type { FromRunner, RunnerSettings, ToRunner } from './protocol.ts';

let driver: Driver | undefined;
let permitEndsAt = 0;
let previewing = false;
let permitTimer: NodeJS.Timeout | undefined;

function killGroup(): void {
  process.kill(-process.pid, 'SIGKILL');
}

function grantPermit(permitMs: number): void {
  clearTimeout(permitTimer);
  permitEndsAt = performance.now() + permitMs;
  permitTimer = setTimeout(killGroup, permitMs);
}

function withdrawPermit(): void {
  clearTimeout(permitTimer);
  permitEndsAt = 0;
}

/** Guards every mutating request of the providers in this process, also right after it was stopped and woken. */
function assertPermit(): void {
  if (previewing) throw new Error('a preview must change nothing');
  if (performance.now() < permitEndsAt) return;
  killGroup();
  throw new Error('the permit to change this tenant has run out');
}

async function start(settings: RunnerSettings, products: readonly Product[]): Promise<void> {
  await completeCatalog(products, settings.programRoot);
  const providers = await serveProviders({
    ...(settings.kubernetesProvider === 'embedded' && { kubernetes: { kubeconfig: settings.kubeconfig } }),
    ...(settings.randomProvider === 'embedded' && { random: true as const }),
    tenantry: {
      adminDatabaseUrl: settings.tenantDatabaseUrl,
      servers: settings.tenantDatabaseServers ?? {},
    },
    beforeWrite: assertPermit,
  });
  await prepareEngineHome(settings);
  driver = new Driver(
    settings,
    await engineCommand(settings.enginePath, settings.workDir),
    providers.debugProviders,
  );
  // Node keeps compiled code when a process ends by itself, which a runner never does.
  flushCompileCache();
  send({ type: 'ready' });
}

function send(message: FromRunner): void {
  process.send?.(message);
}

process.on('message', (message: ToRunner) => {
  switch (message.type) {
    case 'settings':
      void start(message.settings, message.products);
      break;
    case 'permit':
      // A message after the operation's end is for nobody.
      if (permitEndsAt > 0) grantPermit(message.permitMs);
      break;
    case 'operate':
      grantPermit(message.permitMs);
      previewing = message.request.kind === 'preview';
      void driver?.operate(message.request).then((result) => {
        withdrawPermit();
        send({ type: 'result', result });
      });
      break;
  }
});
process.on('disconnect', killGroup);
