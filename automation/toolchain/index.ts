/** The programs that Tenantry needs, in the versions that it pins. */
export { formatDoctor, inspect } from './doctor.ts';
export { ensureEngine } from './engine.ts';
export { readToolchainEnv, type ToolchainEnv } from './env.ts';
export { type Lock, tryLock } from './lock.ts';
export type { ToolName } from './pins.ts';
export { type OfficialPlugin, resolveProviders } from './plugins.ts';
export { ensureTool, ensureTools } from './tools.ts';
