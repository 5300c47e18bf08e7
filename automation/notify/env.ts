import { readVariables } from '../environment/index.ts';
import type { AddressRules } from './address.ts';
import { resolveByServers, resolveBySystem } from './resolve.ts';

/**
 * Which addresses webhook endpoints may have. The machine's own names resolve only where private addresses are allowed.
 * @throws EnvironmentError that names a wrong variable
 */
export function readNotifyEnv(env: NodeJS.ProcessEnv = process.env): AddressRules {
  const v = readVariables(env, { defaulted: ['TENANTRY_NOTIFY_PRIVATE'] });
  const allowPrivate = v.TENANTRY_NOTIFY_PRIVATE === 'allow';
  return { allowPrivate, resolve: allowPrivate ? resolveBySystem : resolveByServers };
}
