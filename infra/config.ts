/** The platform's configuration: read once, checked before the first resource, then trusted. */
import type { z } from 'zod';
import { explain } from './config/explain.ts';
import { aws, type environments, platform, scalars, subjects } from './config/schema.ts';
import type { Region } from './regions.ts';
import type { Tags } from './tags.ts';

/** Value of a configuration key with its namespace (`tenantry:network`, `aws:region`); undefined when not set. */
export type ConfigReader = (key: string) => unknown;

export { architectureOf, environments, kubernetesVersions } from './config/schema.ts';

type Values = z.infer<typeof platform>;

export type Environment = (typeof environments)[number];
export type { Region };

export type PlatformConfig = Readonly<Omit<Values, 'defaultTags' | 'homeCidr'>> & {
  /** Whether this region hosts the API's home and the control plane's database. */
  readonly primary: boolean;
  readonly tags: Tags;
  /** Name of this region's cell, unique across environments; first part of physical names. */
  readonly cellId: string;
  /** The home cell; this one where `primary`. */
  readonly homeCellId: string;
  /** Where the home cell is another one. */
  readonly home: { readonly cellId: string; readonly region: Region; readonly cidr: string } | undefined;
};

/**
 * The platform's configuration, complete and consistent.
 * @throws Error that names every wrong key with its value and what is allowed
 */
export function platformConfig(read: ConfigReader): PlatformConfig {
  const given: Record<string, unknown> = {};
  for (const key of Object.keys(aws)) given[key] = read(`aws:${key}`);
  for (const key of [...Object.keys(scalars), ...Object.keys(subjects)]) given[key] = read(`tenantry:${key}`);
  const parsed = platform.safeParse(given);
  if (!parsed.success) {
    throw new Error(
      `The configuration is not usable:\n${parsed.error.issues.map((issue) => `  ${explain(issue, given)}`).join('\n')}`,
    );
  }
  const { defaultTags, homeCidr, ...values } = parsed.data;
  const { environment, region, homeRegion } = values;
  const homeCellId = `${environment}-${homeRegion}`;
  return {
    ...values,
    tags: defaultTags.tags,
    primary: region === homeRegion,
    cellId: `${environment}-${region}`,
    homeCellId,
    home: homeCidr === undefined ? undefined : { cellId: homeCellId, region: homeRegion, cidr: homeCidr },
  };
}

/** Size of the tenants' server in the home cell, where the control plane has its own. */
export function tenantServerSize({
  tenants,
  instanceClass,
  storageGb,
  maxStorageGb,
}: PlatformConfig['database']): { instanceClass: string; storageGb: number; maxStorageGb: number } {
  return tenants ?? { instanceClass, storageGb, maxStorageGb };
}
