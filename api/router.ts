import { OpenAPIHono, type z } from '@hono/zod-openapi';
import type { Service } from '../automation/service.ts';
import type { AuthVariables } from './auth.ts';
import { problem } from './contract/tenant.ts';
import { Problem } from './errors.ts';

// For services: a package beside the tree needs these very ones, as schemas of another copy are not described.
export { createRoute, z } from '@hono/zod-openapi';

export type ApiRouter = OpenAPIHono<{ Variables: AuthVariables }>;
/** A service as the API takes it. */
export type ApiService = Service<ApiRouter>;

/** A router whose routes are described for OpenAPI and whose input is parsed before a handler sees it. */
export function createRouter(): ApiRouter {
  return new OpenAPIHono<{ Variables: AuthVariables }>({
    defaultHook: (result) => {
      if (result.success) return;
      const errors = result.error.issues.map((issue) => ({
        field: issue.path.join('.') || unknownKeys(issue),
        message: issue.message,
      }));
      const detail = errors
        .map(({ field, message }) => (field ? `${field}: ${message}` : message))
        .join('; ');
      throw new Problem('invalid_request', detail, errors);
    },
  });
}

function unknownKeys(issue: z.core.$ZodIssue): string {
  return issue.code === 'unrecognized_keys' ? issue.keys.join(', ') : '';
}

/** Answers of a route that needs a token, beside its own. */
export const problemResponses = {
  default: {
    description: 'An error',
    content: { 'application/problem+json': { schema: problem } },
  },
} as const;

export const bearer: { bearer: string[] }[] = [{ bearer: [] }];
