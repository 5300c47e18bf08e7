import type { Environment } from './read.ts';
import { unknownVariables } from './unknown.ts';

/** Warns of each set variable that begins with `TENANTRY_` but does not exist. Every process calls it at its start. */
export function warnOfUnknownVariables(warn: (line: string) => void, env: Environment = process.env): void {
  for (const line of unknownVariables(env)) warn(line);
}
