import { readVariables } from '../environment/index.ts';
import { type AddressRules, resolveBySystem } from './address.ts';

/**
 * Which addresses webhook endpoints may have.
 * @throws EnvironmentError that names the variable when it is wrong
 */
export function readNotifyEnv(env: NodeJS.ProcessEnv = process.env): AddressRules {
  const v = readVariables(env, { defaulted: ['TENANTRY_NOTIFY_PRIVATE'] });
  return { allowPrivate: v.TENANTRY_NOTIFY_PRIVATE === 'allow', resolve: resolveBySystem };
}
