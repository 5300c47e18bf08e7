import { modules, oneOf, path, port, text, url } from '../kinds.ts';
import type { Section } from '../variable.ts';

export const installation = {
  title: 'Where an installation is',
  about: 'Addresses, folders and names of one installation.',
  variables: {
    TENANTRY_HOME: {
      kind: path,
      about: 'The folder that keeps the state of an embedded installation, and the work files of a worker.',
      default: '.tenantry',
      readBy: ['api', 'worker', 'start', 'tenantry'],
    },
    TENANTRY_SERVICES: {
      kind: modules,
      about: 'Modules of products beside this tree, separated by commas: paths, or names of packages.',
      unset: "the products are this tree's",
      readBy: ['api', 'worker', 'migrate', 'tenantry'],
    },
    PORT: {
      kind: port,
      about: 'The port of the API. `start` moves to a free one when the default is taken.',
      default: 8080,
      readBy: ['api', 'start'],
    },
    HOST: {
      kind: text,
      about: 'The address that the API listens on.',
      default: '127.0.0.1',
      readBy: ['api'],
    },
    PUBLIC_URL: {
      kind: url,
      about: 'The address under which browsers reach the API.',
      unset: '`http://127.0.0.1:<PORT>`',
      readBy: ['api'],
    },
    TENANTRY_CELL: {
      kind: text,
      about: 'The cell that this process serves.',
      default: 'local',
      readBy: ['api', 'worker', 'tenantry'],
    },
    TENANTRY_REGION: {
      kind: text,
      about: "The cell's region.",
      default: 'local',
      readBy: ['worker'],
    },
    TENANTRY_TOKEN: {
      kind: text,
      about: 'The access token that commands send, for an identity provider of your own.',
      unset: 'commands sign in with the embedded identity provider',
      readBy: ['tenantry'],
      secret: true,
    },
    TENANTRY_METRICS_PORT: {
      kind: port,
      about: 'The port on which a worker serves its Prometheus metrics, on every address.',
      unset: 'no metrics are served',
      readBy: ['worker'],
    },
    LOG_LEVEL: {
      kind: oneOf('debug', 'info', 'warn', 'error', 'silent'),
      about: 'The least severe lines that are logged.',
      default: 'info',
      readBy: ['api', 'worker', 'migrate'],
    },
    TENANTRY_INSTANCE: {
      kind: text,
      about: 'Set by `start`, which recognises its own API by it.',
      unset: 'no mark',
      readBy: ['api'],
    },
  },
} as const satisfies Section;
