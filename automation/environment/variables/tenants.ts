import {
  count,
  ed25519Key,
  fileStoreUrl,
  milliseconds,
  networks,
  onOff,
  tenantBuckets,
  text,
  url,
} from '../kinds.ts';
import type { Section } from '../variable.ts';

const day = 24 * 3_600_000;

export const tenants = {
  title: 'What tenants get and how they end',
  about: 'API and workers of one installation must agree on these.',
  variables: {
    TENANTRY_GRACE_MS: {
      kind: milliseconds,
      about: 'How long a tenant keeps running while a payment is overdue.',
      default: 7 * day,
      readBy: ['api', 'worker', 'tenantry'],
    },
    TENANTRY_RETENTION_MS: {
      kind: milliseconds,
      about: 'How long the data of a cancelled tenant is kept before it is deleted.',
      default: 30 * day,
      readBy: ['api', 'worker'],
    },
    TENANTRY_EXPORTS_URL: {
      kind: fileStoreUrl,
      about:
        'The folder or bucket that exports are kept in: `file:///folder` or `s3://bucket/prefix?region=…`.',
      unset: '`exports` in `TENANTRY_HOME`',
      readBy: ['api', 'worker'],
    },
    TENANTRY_EXPORT_DAYS: {
      kind: count('days', { from: 1, to: 3650 }),
      about: 'How long an export is kept.',
      default: 30,
      readBy: ['api', 'worker'],
    },
    TENANTRY_RECEIPT_KEY: {
      kind: ed25519Key,
      about: 'Signs the receipts of deletions.',
      unset: 'a key made and kept in `TENANTRY_HOME`',
      readBy: ['worker'],
      secret: true,
    },
    TENANTRY_TENANT_BUCKETS: {
      kind: tenantBuckets,
      about: "Places of tenants' objects in buckets, which their end empties; workers need to list them.",
      default: '',
      readBy: ['worker'],
    },
    TENANTRY_API_URL: {
      kind: url,
      about: "Where tenants' pods reach the API.",
      default: 'http://api.tenantry-system.svc.cluster.local',
      readBy: ['worker'],
    },
    TENANTRY_NODE_POOL: {
      kind: text,
      about: "The node pool that tenants' pods run on.",
      unset: 'any node',
      readBy: ['worker'],
    },
    TENANTRY_DATABASE_CIDRS: {
      kind: networks,
      about: "Networks of the database servers, which tenants' pods may reach.",
      default: '',
      readBy: ['worker'],
    },
    TENANTRY_VERTICAL_POD_AUTOSCALER: {
      kind: onOff,
      about: 'Whether the cluster has the vertical pod autoscaler and its recommender.',
      default: 'off',
      readBy: ['worker'],
    },
  },
} as const satisfies Section;
