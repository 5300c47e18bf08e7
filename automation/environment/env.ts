import type { Environment } from './read.ts';
import { unknownVariables } from './unknown.ts';

/** Warns of each variable that begins with `TENANTRY_` and does not exist. Each process does so once, at its start. */
export function warnOfUnknownVariables(warn: (line: string) => void, env: Environment = process.env): void {
  for (const line of unknownVariables(env)) warn(line);
}
