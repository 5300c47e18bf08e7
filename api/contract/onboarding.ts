import { z } from '@hono/zod-openapi';
import { slugPattern } from '../../tenants/catalog/names.ts';

/** Requests and answers about onboarding an organization. */

const time = z.iso.datetime().openapi({ example: '2026-11-21T09:30:00.000Z' });
const email = z.email('must be an e-mail address').max(254);
const slug = z
  .string()
  .regex(slugPattern, 'must be 3 to 40 lower-case letters, digits and single hyphens, a letter first');

export const onboardRequest = z
  .strictObject({
    name: z
      .string()
      .trim()
      .min(1, 'must not be empty')
      .max(200, 'must be at most 200 characters')
      .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must not hold control characters'),
    slug: slug.openapi({ description: 'Short name; what tokens call it in their claim `organization`' }),
    adminEmail: email,
  })
  .openapi('OnboardRequest');

export const onboardingQuery = z.object({ slug, adminEmail: email });

export const onboarding = z
  .object({
    organization: z.object({
      id: z.string(),
      name: z.string(),
      slug: z.string(),
      customerId: z.string().nullable().openapi({ description: 'At Stripe' }),
      createdAt: time,
    }),
    admins: z.array(z.string()),
    mail: z.object({
      state: z.enum(['pending', 'sent', 'refused', 'unconfigured']),
      recipient: z.string(),
      subject: z.string(),
      body: z.string(),
      attempts: z.int(),
      answer: z.string().nullable().openapi({ description: "The mail server's last answer" }),
      nextTryAt: time.nullable(),
      sentAt: time.nullable(),
    }),
    made: z.array(z.enum(['organization', 'admin', 'customer', 'mail'])).openapi({
      description: 'What this request has made; empty when everything existed',
    }),
  })
  .openapi('Onboarding');
export type OnboardingView = z.infer<typeof onboarding>;
