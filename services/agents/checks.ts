/** The checks of agents' tasks, requests and sandboxes. */
import { z } from 'zod';
import { serviceCheck } from '../../automation/service.ts';
import { type AgentId, taskCostMicros } from '../../tenants/catalog/agents.ts';

const agentIds = Object.keys(taskCostMicros) as [AgentId, ...AgentId[]];
const request = (amount: number) =>
  ({ of: 'rate', entitlement: 'requestsPerMinute', amount, periodSeconds: 60 }) as const;

export const checks = {
  task: serviceCheck({
    description:
      'A task of an agent that the plan includes; counts against tasks per month and requests per minute.',
    attributes: z.strictObject({ agent: z.enum(agentIds) }),
    decide: ({ plan, amount, attributes: { agent } }) => {
      const has = ({ entitlements: { agents } }: typeof plan) =>
        Array.isArray(agents) && agents.includes(agent);
      if (!has(plan))
        return {
          admitted: false,
          refusal: {
            entitlement: 'agents',
            message: `This plan has no tasks of ${agent}, but of ${String(plan.entitlements.agents)}.`,
            has,
          },
        };
      return {
        admitted: true,
        needs: [{ of: 'limit', entitlement: 'tasksPerMonth', amount }, request(amount)],
        meter: `agents_tasks_${agent}`,
        estimatedCostMicros: amount * taskCostMicros[agent],
      };
    },
  }),
  request: serviceCheck({
    description: 'A request; counts against requests per minute.',
    attributes: z.strictObject({}),
    decide: ({ amount }) => ({
      admitted: true,
      needs: [request(amount)],
      meter: 'agents_requests',
      estimatedCostMicros: 0,
    }),
  }),
  sandbox: serviceCheck({
    description: 'A private sandbox, while it runs; counts against concurrent sandboxes.',
    attributes: z.strictObject({}),
    decide: ({ plan, amount }) => {
      const has = ({ entitlements }: typeof plan) => entitlements.privateSandboxes === true;
      if (!has(plan))
        return {
          admitted: false,
          refusal: { entitlement: 'privateSandboxes', message: 'This plan has no private sandboxes.', has },
        };
      return {
        admitted: true,
        needs: [{ of: 'concurrency', entitlement: 'concurrentSandboxes', amount }],
        estimatedCostMicros: 0,
      };
    },
  }),
} as const;
