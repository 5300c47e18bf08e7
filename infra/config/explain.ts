import type { z } from 'zod';
import { aws } from './schema.ts';

/**
 * One line on what is wrong: the key with its namespace, the value, and what is allowed.
 * @param given the configuration as read
 */
export function explain(issue: z.core.$ZodIssue, given: Readonly<Record<string, unknown>>): string {
  const path = issue.path.map(String);
  const key = `${(path[0] ?? '') in aws ? 'aws' : 'tenantry'}:${path.join('.')}`;
  if (issue.code === 'unrecognized_keys') {
    return `${issue.keys.map((name) => `${key}.${name}`).join(', ')}: there is no such key`;
  }
  const value = path.reduce<unknown>(
    (at, part) => (at as Record<string, unknown> | undefined)?.[part],
    given,
  );
  const shown = value === undefined ? 'not set' : JSON.stringify(value);
  return `${key}: ${shown}; allowed: ${allowed(issue)}`;
}

function allowed(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_value':
      return issue.values.map(String).join(', ');
    case 'too_small':
      return `at least ${issue.minimum}${issue.origin === 'array' ? ' of them' : ''}`;
    case 'too_big':
      return `at most ${issue.maximum}`;
    case 'invalid_type':
      return issue.message.startsWith('Invalid input') ? `a value of type ${issue.expected}` : issue.message;
    case 'invalid_union':
      return 'options' in issue && issue.options
        ? issue.options.map(String).join(', ')
        : [...new Set(issue.errors.flat().map(allowed))].join(' or ');
    default:
      return issue.message;
  }
}
