import { tenantIdPattern } from '../tenants/spec.ts';
import { CliProblem, exitCodes } from './problem.ts';

/**
 * The id of a tenant, as it was typed.
 * @throws CliProblem `not_found` for what can be no tenant's id
 */
export function tenantId(typed: string): string {
  if (tenantIdPattern.test(typed)) return typed;
  throw new CliProblem(
    exitCodes.notFound,
    'not_found',
    `There is no tenant ${JSON.stringify(typed.slice(0, 64))}: an id is eight letters and digits, and \`npm run -s tenantry -- tenants\` lists them.`,
  );
}
