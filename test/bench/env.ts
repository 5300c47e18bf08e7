/** What the benchmark takes from the environment and gives to the processes that it starts. */
import { readToolchainEnv, type ToolchainEnv } from '../../automation/toolchain/env.ts';

/** Variables that would replace a piece of the embedded default or change how it behaves. */
const replacing =
  /^(DATABASE_URL|TENANT_DATABASE_URL|KUBECONFIG|STRIPE_|OIDC_|PULUMI_|VAULT_|PORT$|HOST$|PUBLIC_URL|LOG_LEVEL|TENANTRY_(?!CACHE|TOOL_|DOWNLOADS))/;

/** The environment of a person who types `npm start` and has set nothing. */
export function plainEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !replacing.test(name)));
}

export function toolchainEnv(): ToolchainEnv {
  return readToolchainEnv(plainEnvironment());
}

/** Gives this process and those it will start the variables of an installation's worker. */
export function adoptEnvironment(variables: NodeJS.ProcessEnv): void {
  for (const name of Object.keys(process.env)) if (replacing.test(name)) delete process.env[name];
  Object.assign(process.env, variables);
}
