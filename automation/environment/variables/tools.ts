import { oneOf, onOff, path, seed, text } from '../kinds.ts';
import type { Section, Variable } from '../variable.ts';

const readBy = ['worker', 'start', 'tenantry', 'tests'] as const;

const tool = (name: string) =>
  ({
    kind: path,
    about: `The program to use as \`${name}\`.`,
    unset: 'on `PATH` at a version that fits, else downloaded, else built',
    readBy,
  }) satisfies Variable;

export const tools = {
  title: 'Tools',
  about: '`npm run -s tenantry -- doctor` shows which tools are used and why.',
  variables: {
    TENANTRY_CACHE: {
      kind: path,
      about: 'The folder that keeps downloaded and built tools.',
      unset: '`tenantry` in `XDG_CACHE_HOME`, else `~/.cache/tenantry`',
      readBy,
    },
    TENANTRY_DOWNLOADS: {
      kind: onOff,
      about: 'With `off` no tool is downloaded: those that are missing are built.',
      default: 'on',
      readBy,
    },
    TENANTRY_KUBERNETES_PROVIDER: {
      kind: oneOf('auto', 'official', 'embedded'),
      about: "Which Kubernetes provider the engine uses; `auto` takes Pulumi's own where it can be had.",
      default: 'auto',
      readBy,
    },
    TENANTRY_RANDOM_PROVIDER: {
      kind: oneOf('auto', 'official', 'embedded'),
      about: 'Likewise for the random provider.',
      unset: 'as `TENANTRY_KUBERNETES_PROVIDER`',
      readBy,
    },
    PULUMI_HOME: { kind: path, about: "Pulumi's folder, with its plugins.", unset: '`~/.pulumi`', readBy },
    CHROMIUM_PATH: {
      kind: text,
      about: 'The Chromium that tests use.',
      default: '/usr/bin/chromium',
      readBy,
    },
    TENANTRY_TOOL_PULUMI: tool('pulumi'),
    TENANTRY_TOOL_TENANTRY_ENGINE: tool('tenantry-engine'),
    TENANTRY_TOOL_ETCD: tool('etcd'),
    TENANTRY_TOOL_KUBE_APISERVER: tool('kube-apiserver'),
    TENANTRY_TOOL_KUBE_CONTROLLER_MANAGER: tool('kube-controller-manager'),
    TENANTRY_TOOL_KUBE_SCHEDULER: tool('kube-scheduler'),
    TENANTRY_TOOL_KWOK: tool('kwok'),
    TENANTRY_TOOL_KUBECTL: tool('kubectl'),
    TENANTRY_TOOL_STRIPE_MOCK: tool('stripe-mock'),
    TENANTRY_TOOL_KUBECONFORM: tool('kubeconform'),
    TENANTRY_TOOL_KUBE_SCORE: tool('kube-score'),
    TENANTRY_TOOL_PROMTOOL: tool('promtool'),
    TENANTRY_TOOL_AMTOOL: tool('amtool'),
    TENANTRY_TOOL_ACTIONLINT: tool('actionlint'),
    TENANTRY_MODEL_SEED: {
      kind: seed,
      about: "The seed of the model's runs in `test/model`; `random` takes another one each time.",
      default: 20_261_121,
      readBy: ['tests'],
    },
  },
} as const satisfies Section;
