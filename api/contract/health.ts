import { z } from '@hono/zod-openapi';
import { readinessChecks } from '../readiness.ts';
import { problem } from './tenant.ts';

/** Requests and answers about the process itself. */

export const alive = z.object({ status: z.literal('ok') }).openapi('Health');

export const readiness = z
  .object({
    ready: z.boolean(),
    checks: z.record(z.string(), z.string()).openapi({ description: '`ok`, or what is wrong' }),
    warnings: z
      .array(z.string())
      .openapi({ description: 'What an operator should change although everything works' }),
  })
  .openapi('Readiness');

const check = z.enum(readinessChecks);

export const readinessQuery = z.object({
  exclude: z
    .union([check.transform((one) => [one]), z.array(check)])
    .optional()
    .openapi({ type: 'array', items: { type: 'string', enum: [...readinessChecks] } }),
});

export const notReady = problem.extend(readiness.shape).openapi('NotReady');

/** Metrics in the text format of Prometheus. */
export const exposition = z.string();
