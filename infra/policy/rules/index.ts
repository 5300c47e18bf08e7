/** All rules, in the order of the requirements. */
import type { Rule } from '../rule.ts';
import { bucketRules } from './buckets.ts';
import { durabilityRules } from './durability.ts';
import { encryptionRules } from './encryption.ts';
import { exposureRules } from './exposure.ts';
import { metadataServiceRules } from './metadata-service.ts';
import { permissionRules } from './permissions.ts';
import { podRules } from './pods.ts';
import { tagRules } from './tags.ts';
import { tenantRules } from './tenants.ts';
import { transportRules } from './transport.ts';

export const rules: readonly Rule[] = [
  ...encryptionRules,
  ...bucketRules,
  ...exposureRules,
  ...transportRules,
  ...permissionRules,
  ...durabilityRules,
  ...metadataServiceRules,
  ...tagRules,
  ...podRules,
  ...tenantRules,
];
