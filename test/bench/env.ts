/** What the benchmark reads from the environment and gives to its processes. */
import { ownSections } from '../../automation/environment/index.ts';
import { readToolchainEnv, type ToolchainEnv } from '../../automation/toolchain/env.ts';

const own = new Set(ownSections.flatMap(({ variables }) => Object.keys(variables)));

/** These say where tools are, not how an installation behaves. */
const tools = /^(TENANTRY_(CACHE|DOWNLOADS|TOOL_\w+)|CHROMIUM_PATH)$/;

/** Whether a variable would replace a piece of the embedded default or change how it behaves. */
function replaces(name: string): boolean {
  if (tools.test(name)) return false;
  return own.has(name.replace(/_FILE$/, '')) || /^(TENANTRY|PULUMI|VAULT)_/.test(name);
}

/** The environment of a person who types `npm start` and has set nothing. */
export function plainEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !replaces(name)));
}

export function toolchainEnv(): ToolchainEnv {
  return readToolchainEnv(plainEnvironment());
}

/** Gives this process and its children the variables of an installation's worker. */
export function adoptEnvironment(variables: NodeJS.ProcessEnv): void {
  for (const name of Object.keys(process.env)) if (replaces(name)) delete process.env[name];
  Object.assign(process.env, variables);
}
