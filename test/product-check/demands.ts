import type { Demands } from '../../automation/product-check/index.ts';

/** A product that serves HTTP on 3000 and keeps files in `/data`. */
export const demands: Demands = {
  runtime: {
    ports: [{ name: 'http', port: 3000 }],
    scheme: 'http',
    args: [],
    env: {},
    volumePath: '/data',
    livePath: '/live',
    readyPath: '/ready',
    scratchBytes: 64 * 1024 ** 2,
    internetPorts: [443],
    terminationGraceSeconds: 5,
  },
  userId: 10_001,
  plan: null,
};

export const rulesOf = (
  verdicts: readonly { rule: string; outcome: string }[],
  outcome: 'ok' | 'warning' | 'problem',
): string[] =>
  [...new Set(verdicts.filter((each) => each.outcome === outcome).map(({ rule }) => rule))].sort();
