/** Every variable of the environment that Tenantry reads. To add one, add an object literal to a section's file. */
import type { z } from 'zod';
import type { Section } from './variable.ts';
import { installation } from './variables/installation.ts';
import { others } from './variables/others.ts';
import { pieces } from './variables/pieces.ts';
import { tenants } from './variables/tenants.ts';
import { tools } from './variables/tools.ts';
import { work } from './variables/work.ts';

/** Sections of variables that Tenantry defines. */
export const ownSections: readonly Section[] = [pieces, installation, tenants, work, tools];

export const sections: readonly Section[] = [...ownSections, others];

export const table = {
  ...pieces.variables,
  ...installation.variables,
  ...tenants.variables,
  ...work.variables,
  ...tools.variables,
  ...others.variables,
};

type Table = typeof table;

export type Name = keyof Table;

export type DefaultedName = {
  [N in Name]: Table[N] extends { readonly default: string | number } ? N : never;
}[Name];

export type Value<N extends Name> = z.output<Table[N]['kind']['schema']>;
