import { findOnboarding, type Onboarding, onboard, SlugTaken } from '../../automation/organizations/index.ts';
import { operatorsOnly } from '../access.ts';
import { type OnboardingView, onboarding, onboardingQuery, onboardRequest } from '../contract/onboarding.ts';
import type { ApiDeps } from '../deps.ts';
import { Problem } from '../errors.ts';
import { actorOf } from '../principal.ts';
import { createRoute, createRouter, problemResponses } from '../router.ts';

const path = '/v1/onboardings';
const body = { 'application/json': { schema: onboarding } };

const begin = createRoute({
  method: 'post',
  path,
  operationId: 'onboardOrganization',
  tags: ['Organizations'],
  summary: 'Onboard an organization: make it, its first admin, its Stripe customer and a welcome mail',
  description:
    'For operators. Sent again, it makes what is missing and changes nothing else; a sent mail is not sent again.',
  access: operatorsOnly,
  request: { body: { required: true, content: { 'application/json': { schema: onboardRequest } } } },
  responses: {
    200: { description: 'Everything existed', content: body },
    201: { description: 'Something was made', content: body },
    ...problemResponses,
  },
});

const show = createRoute({
  method: 'get',
  path,
  operationId: 'getOnboarding',
  tags: ['Organizations'],
  summary: "How far an organization's onboarding is",
  access: operatorsOnly,
  request: { query: onboardingQuery },
  responses: { 200: { description: 'The parts', content: body }, ...problemResponses },
});

export const onboardingRoutes = ({ database, stripe, publicUrl }: ApiDeps) => {
  const router = createRouter();
  return router
    .openapi(begin, async (c) => {
      const context = { database, stripe, publicUrl };
      const done = await onboard(context, c.req.valid('json'), actorOf(c.get('principal'))).catch(
        (error: unknown) => {
          if (!(error instanceof SlugTaken)) throw error;
          throw new Problem('name_taken', error.message, [{ field: 'slug', message: 'is taken' }]);
        },
      );
      return c.json(view(done), done.made.length > 0 ? 201 : 200);
    })
    .openapi(show, async (c) => {
      const { slug, adminEmail } = c.req.valid('query');
      const found = await findOnboarding(database, slug, adminEmail);
      if (!found) throw new Problem('not_found', `Nobody has onboarded ${slug} with ${adminEmail}.`);
      return c.json(view({ ...found, made: [] }), 200);
    });
};

function view({ organization, admins, mail, made }: Onboarding): OnboardingView {
  const { id, name, slug, customerId, createdAt } = organization;
  const { state, recipient, subject, body: text, attempts, answer } = mail;
  return {
    organization: { id, name, slug, customerId, createdAt: createdAt.toISOString() },
    admins: admins.flatMap(({ email }) => email ?? []),
    mail: {
      state,
      recipient,
      subject,
      body: text,
      attempts,
      answer,
      nextTryAt: mail.nextTryAt?.toISOString() ?? null,
      sentAt: mail.sentAt?.toISOString() ?? null,
    },
    made: [...made],
  };
}
