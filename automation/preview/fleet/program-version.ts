/** A version of the tenant program in a separate process, which declares specs on request. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { catalog } from '../../../tenants/catalog/index.ts';
import type { TenantSpec } from '../../../tenants/spec.ts';
import type { Declaration } from './declared.ts';
import type { FromProgram, ToProgram } from './program-process.ts';

export interface ProgramVersion {
  /** What the program declares for each spec, in order. Equal specs have equal declarations. */
  declare(specs: readonly TenantSpec[]): Promise<readonly Declaration[]>;
  close(): Promise<void>;
}

const program = fileURLToPath(new URL('./program-process.ts', import.meta.url));
const leanSdk = new URL('../../stacks/lean-sdk.ts', import.meta.url).href;

/**
 * Starts the program of a checkout.
 * @param root folder that holds `tenants/` and `node_modules/`
 * @throws Error with what the process printed when the program cannot be loaded
 */
export async function loadProgram(root: string): Promise<ProgramVersion> {
  const child = fork(program, [root], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    execArgv: ['--disable-warning=ExperimentalWarning', '--import', leanSdk],
  });
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-4000);
  });
  const ended = new Promise<never>((_, reject) =>
    child.once('exit', (code, signal) =>
      reject(new Error(`the tenant program of ${root} ended (${signal ?? code}):\n${said}`)),
    ),
  );
  ended.catch(() => {});
  await Promise.race([answer(child, 'ready'), ended]);
  let last: Promise<unknown> = Promise.resolve();
  return {
    async declare(specs) {
      const turn = last.then(async () => {
        const answered = Promise.race([answer(child, 'declared'), ended]);
        child.send({ specs, products: catalog } satisfies ToProgram);
        return (await answered).declarations;
      });
      last = turn.catch(() => {});
      return turn;
    },
    async close() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
      child.kill('SIGKILL');
      await gone;
    },
  };
}

function answer<Type extends FromProgram['type']>(
  child: ChildProcess,
  type: Type,
): Promise<Extract<FromProgram, { type: Type }>> {
  return new Promise((resolve) => {
    const listen = (message: FromProgram) => {
      if (message.type !== type) return;
      child.off('message', listen);
      resolve(message as Extract<FromProgram, { type: Type }>);
    };
    child.on('message', listen);
  });
}
