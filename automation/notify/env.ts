import { readVariables } from '../environment/index.ts';
import type { AddressRules } from './address.ts';
import { resolveByServers, resolveBySystem } from './resolve.ts';

/**
 * Which addresses webhook endpoints may have. Only where private ones are allowed do this machine's own names count.
 * @throws EnvironmentError that names the variable when it is wrong
 */
export function readNotifyEnv(env: NodeJS.ProcessEnv = process.env): AddressRules {
  const v = readVariables(env, { defaulted: ['TENANTRY_NOTIFY_PRIVATE'] });
  const allowPrivate = v.TENANTRY_NOTIFY_PRIVATE === 'allow';
  return { allowPrivate, resolve: allowPrivate ? resolveBySystem : resolveByServers };
}
