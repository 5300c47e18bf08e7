import { viewer } from './roles.ts';
import type { Plan, Product, TypicalMonth } from './types.ts';
import { cents, cpus, hoursPerMonth, mebibytes } from './units.ts';

/**
 * Multi-client e-mail processing: section 3 of the requirements.
 *
 * Requirements: prices, e-mails, projects, API budgets, 90 days of API usage. The tenant's slug is the organization
 * in its recipient address (`acme@…`).
 * Our choice: compute, quota and connections; Enterprise gets a database of its own; the namespace comes from the
 * tenant id, so that it can be prepared before the organization's name is known; trials of 14 days.
 */

/** A pod of the largest plan. */
const largest = { cpu: 1, memoryMi: 1024 };

function plan(options: {
  id: string;
  name: string;
  price: Plan['price'];
  trialDays?: number;
  emailsPerMonth: number | null;
  projects: number | null;
  apiBudgetDollars: number | null;
  cpu: number;
  memoryMi: number;
  dataIsolation: 'schema' | 'database';
  databaseConnections: number;
  features: readonly string[];
  typicalMonth: TypicalMonth;
}): Plan {
  return {
    id: options.id,
    name: options.name,
    price: options.price,
    ...(options.trialDays !== undefined && { trialDays: options.trialDays }),
    features: options.features,
    entitlements: {
      emailsPerMonth: options.emailsPerMonth,
      projects: options.projects,
      apiBudgetCents: options.apiBudgetDollars === null ? null : cents(options.apiBudgetDollars),
    },
    compute: { cpuMillis: cpus(options.cpu), memoryBytes: mebibytes(options.memoryMi) },
    volumeBytes: null,
    // Room beside the largest plan's pod: a rollout, a change of plan too, starts the new pod before the old one leaves, so
    // that mail is always accepted.
    quota: {
      cpuMillis: cpus(largest.cpu) + cpus(options.cpu),
      memoryBytes: mebibytes(largest.memoryMi) + mebibytes(options.memoryMi),
      storageBytes: 0,
      pods: 4,
      services: 2,
      persistentVolumeClaims: 0,
    },
    autoscaling: null,
    warmPods: 0,
    dataIsolation: options.dataIsolation,
    databaseConnections: options.databaseConnections,
    typicalMonth: options.typicalMonth,
  };
}

export const inbox: Product = {
  id: 'inbox',
  name: 'Inbox',
  description: 'E-mail of many clients turned into events in their projects.',
  plans: [
    plan({
      id: 'starter',
      name: 'Starter',
      price: { kind: 'flat', priceCents: cents(49), interval: 'month' },
      trialDays: 14,
      emailsPerMonth: 500,
      projects: 2,
      apiBudgetDollars: 20,
      cpu: 0.25,
      memoryMi: 256,
      dataIsolation: 'schema',
      databaseConnections: 5,
      features: ['500 e-mails a month', '2 projects', '$20 API budget'],
      typicalMonth: {
        share: 1_000,
        users: 3,
        podHours: hoursPerMonth,
        objectsGb: 2,
        databaseGb: 0.2,
        egressGb: 0.5,
        ingressGb: 0.5,
        requestsThousands: 20,
      },
    }),
    plan({
      id: 'professional',
      name: 'Professional',
      price: { kind: 'flat', priceCents: cents(149), interval: 'month' },
      trialDays: 14,
      emailsPerMonth: 2_000,
      projects: null,
      apiBudgetDollars: 100,
      cpu: 0.5,
      memoryMi: 512,
      dataIsolation: 'schema',
      databaseConnections: 10,
      features: ['2,000 e-mails a month', 'Unlimited projects', '$100 API budget'],
      typicalMonth: {
        share: 500,
        users: 8,
        podHours: hoursPerMonth,
        objectsGb: 10,
        databaseGb: 1,
        egressGb: 2,
        ingressGb: 2,
        requestsThousands: 80,
      },
    }),
    plan({
      id: 'enterprise',
      name: 'Enterprise',
      price: { kind: 'custom' },
      emailsPerMonth: null,
      projects: null,
      apiBudgetDollars: null,
      ...largest,
      dataIsolation: 'database',
      databaseConnections: 25,
      features: ['Unlimited e-mails and projects', 'A database of your own', 'Agreed by hand'],
      typicalMonth: {
        share: 100,
        users: 40,
        podHours: hoursPerMonth,
        objectsGb: 60,
        databaseGb: 8,
        egressGb: 15,
        ingressGb: 15,
        requestsThousands: 500,
      },
    }),
  ],
  meters: [
    {
      id: 'inbox_emails',
      name: 'E-mails',
      unit: 'e-mail',
      measure: { from: 'told', as: 'count' },
      section: 'other',
      unitPriceMicros: null,
      unitCostMicros: null,
    },
    {
      id: 'inbox_api_cost_micros',
      name: 'API cost',
      unit: 'micro-dollar',
      measure: { from: 'told', as: 'count' },
      section: 'other',
      unitPriceMicros: null,
      unitCostMicros: 1,
    },
  ],
  limits: [{ entitlement: 'emailsPerMonth', name: 'e-mails of this month', meters: ['inbox_emails'] }],
  budget: { entitlement: 'apiBudgetCents', callsKeptDays: 90 },
  applies: ['projects'],
  objectives: [],
  alerts: {},
  namespace: { from: 'tenantId', prefix: 'inbox-', people: viewer },
  slotPlan: 'starter',
  // Mailpit: receives e-mail by SMTP from the control plane's mail exchanger and serves it by HTTP.
  image: 'docker.io/axllent/mailpit:v1.30.2',
  runtime: {
    ports: [
      { name: 'http', port: 8025 },
      { name: 'smtp', port: 1025 },
    ],
    scheme: 'http',
    args: [],
    env: { HOME: '/tmp' },
    volumePath: null,
    livePath: '/livez',
    readyPath: '/readyz',
    scratchBytes: mebibytes(256),
    internetPorts: [443],
    terminationGraceSeconds: 30,
  },
};
