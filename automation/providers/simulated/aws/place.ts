/** Where simulated resources are. */
import { isMap, type PropertyMap } from '../../properties.ts';

export interface Place {
  readonly partition: string;
  readonly region: string;
  readonly account: string;
}

/** The account in AWS's own examples, which belongs to nobody. */
const exampleAccount = '111122223333';

/** Zones of a region that every account has; AWS gives no account others of these letters there. */
const zoneLetters: Readonly<Record<string, string>> = { 'us-east-1': 'abcdef', 'us-west-2': 'abcd' };

/** From the provider's configuration; a resource may name its own region. */
export function placeOf(config: PropertyMap, inputs: PropertyMap = {}): Place {
  const region = textOf(inputs.region) ?? textOf(config.region) ?? 'us-east-1';
  const account = listed(config.allowedAccountIds)[0] ?? exampleAccount;
  return { partition: partitionOf(region), region, account };
}

export function zonesOf(region: string): { names: string[]; ids: string[] } {
  const letters = [...(zoneLetters[region] ?? 'abc')];
  const short = region.replace(/^(\w+)-(\w)\w*-(\d)$/, '$1$2$3');
  return {
    names: letters.map((letter) => `${region}${letter}`),
    ids: letters.map((_, index) => `${short}-az${index + 1}`),
  };
}

/** Tags that the provider puts on everything (`defaultTags`), which arrive as JSON. */
export function defaultTags(config: PropertyMap): PropertyMap {
  const value = parsed(config.defaultTags);
  return isMap(value) && isMap(value.tags) ? value.tags : {};
}

export function dnsSuffixOf(partition: string): string {
  return partition === 'aws-cn' ? 'amazonaws.com.cn' : 'amazonaws.com';
}

function partitionOf(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn';
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function listed(value: PropertyMap[string] | undefined): string[] {
  const list = parsed(value);
  return Array.isArray(list) ? list.filter((item) => typeof item === 'string') : [];
}

function parsed(value: PropertyMap[string] | undefined): PropertyMap[string] | undefined {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value) as PropertyMap;
  } catch {
    return undefined;
  }
}
