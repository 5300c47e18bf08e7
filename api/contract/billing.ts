import { z } from '@hono/zod-openapi';
import {
  cancelTimes,
  invoiceStatuses,
  portalFlows,
  subscriptionStatuses,
} from '../../automation/billing/index.ts';
import { roles } from '../../automation/organizations/index.ts';
import { productId } from '../../tenants/product-id.ts';
import { listQuery, nextCursor, search } from './page.ts';
import { organizationId, planFilter, seats, tenantId, webUrl } from './tenant.ts';

/** Requests and answers about billing. Amounts are whole cents of their currency; credits are negative. */

const time = z.iso.datetime().openapi({ example: '2026-11-21T09:30:00.000Z' });
const cents = z.int();

const subscriptionId = z
  .string()
  .regex(/^sub_\w{1,100}$/, 'is the id of a subscription')
  .openapi({ example: 'sub_1Q0PsIJvEtkwdCNYMSaVuRz6' });
export const invoiceId = z.string().regex(/^in_\w{1,100}$/, 'is the id of an invoice');

/** An invalid id gets the same 404 as somebody else's. */
export const billingParams = z.object({
  id: z
    .string()
    .max(200)
    .openapi({ param: { name: 'id', in: 'path' } }),
});

export const subscription = z
  .object({
    id: z.string(),
    status: z.string(),
    product: z.string().nullable(),
    plan: z.string().nullable(),
    seats: z.int().nullable(),
    currentPeriodEnd: time.nullable(),
    cancelAtPeriodEnd: z.boolean(),
    pastDueSince: time.nullable().openapi({ description: 'When a payment first failed' }),
    graceEndsAt: time
      .nullable()
      .openapi({ description: 'When its tenant is suspended unless the payment is made by then' }),
    organization: z.object({ id: z.string(), name: z.string() }).nullable(),
    role: z
      .enum(roles)
      .openapi({ description: 'Your role: an admin may change it, a viewer may only read it' }),
    tenant: tenantId.nullable(),
    createdAt: time.openapi({ description: 'When we first heard of it' }),
  })
  .openapi('Subscription');
export type SubscriptionView = z.infer<typeof subscription>;

export const subscriptionList = z
  .object({ subscriptions: z.array(subscription), nextCursor })
  .openapi('SubscriptionList');

export const subscriptionQuery = listQuery(['-createdAt', 'createdAt'], {
  q: search('Beginning of an id, a tenant or an owner, or a part of the name of the organization that pays'),
  product: productId.optional(),
  plan: planFilter,
  status: z.enum(subscriptionStatuses).optional(),
  organization: organizationId.optional().openapi({ description: 'Who pays' }),
});

const wish = z.strictObject({
  plan: z.string().min(1).max(64).optional().openapi({ description: 'Id of a plan of the same product' }),
  seats: seats.optional(),
});
const oneOf = (value: { plan?: unknown; seats?: unknown }) =>
  value.plan !== undefined || value.seats !== undefined;
const oneOfThem = { error: 'name a plan, seats or both', path: ['plan'] };

export const previewRequest = wish.refine(oneOf, oneOfThem).openapi('ChangePreviewRequest');

export const changeRequest = wish
  .extend({
    prorationDate: z
      .int('must be a whole number')
      .min(0)
      .optional()
      .openapi({ description: 'From a preview of the last 10 minutes, to be charged exactly its amounts' }),
  })
  .refine(oneOf, oneOfThem)
  .openapi('ChangeRequest');

const line = z.object({
  description: z.string(),
  amountCents: cents,
  quantity: z.int().nullable(),
  proration: z.boolean(),
  periodStart: time,
  periodEnd: time,
});

export const changePreview = z
  .object({
    plan: z.string(),
    seats: z.int(),
    currency: z.string(),
    dueNowCents: cents.openapi({ description: 'Charged when the change is made' }),
    nextInvoiceCents: cents.openapi({
      description: 'What it adds to the next invoice; negative for a credit',
    }),
    periodCents: cents.openapi({ description: 'Price of every further period, without usage' }),
    lines: z.array(line),
    prorationDate: z.int().openapi({ description: 'Send it with the change' }),
  })
  .openapi('ChangePreview');
export type ChangePreviewView = z.infer<typeof changePreview>;

export const cancelRequest = z
  .strictObject({ when: z.enum(cancelTimes).default('period_end') })
  .openapi('CancelRequest');

export const invoice = z
  .object({
    id: z.string(),
    number: z.string().nullable(),
    status: z.enum(invoiceStatuses),
    subscription: z.string().nullable(),
    currency: z.string(),
    totalCents: cents,
    dueCents: cents,
    paidCents: cents,
    remainingCents: cents,
    createdAt: time,
    periodStart: time,
    periodEnd: time,
    paidAt: time.nullable(),
    nextAttemptAt: time.nullable(),
    attempts: z.int(),
    hostedUrl: z.url().nullable().openapi({ description: 'Where to read and pay it' }),
    pdfUrl: z.url().nullable(),
    lines: z.array(line),
  })
  .openapi('Invoice');
export type InvoiceView = z.infer<typeof invoice>;

export const invoiceList = z.object({ invoices: z.array(invoice), nextCursor }).openapi('InvoiceList');

/** Stripe sorts and filters invoices. */
export const invoiceQuery = listQuery(['-createdAt'], {
  organization: organizationId.optional(),
  subscription: subscriptionId.optional(),
  status: z.enum(invoiceStatuses).optional(),
});

export const portalRequest = z
  .strictObject({
    organization: organizationId.optional(),
    subscription: subscriptionId.optional().openapi({ description: 'Opens the portal of its payer' }),
    returnUrl: webUrl.optional(),
    flow: z
      .enum(portalFlows)
      .optional()
      .openapi({ description: 'Begins at this task instead of the front page' }),
  })
  .openapi('PortalRequest');

export const portal = z.object({ url: z.url() }).openapi('Portal');

const person = z.object({
  email: z.string().nullable(),
  subject: z.string().nullable(),
  role: z.enum(roles),
});

export const organization = z
  .object({
    id: organizationId,
    name: z.string(),
    slug: z.string(),
    personal: z.boolean().openapi({ description: 'True for the organization of a single person' }),
    billingEmail: z.string().nullable(),
    role: z.enum(roles).openapi({ description: 'Your role there' }),
    members: z.array(person),
    createdAt: time,
  })
  .openapi('Organization');
export type OrganizationView = z.infer<typeof organization>;

export const organizationList = z
  .object({ organizations: z.array(organization), nextCursor })
  .openapi('OrganizationList');

export const organizationQuery = listQuery(['name', '-name', 'createdAt', '-createdAt'], {
  q: search('A part of the name or the slug, or the beginning of an id or of the billing address'),
  role: z.enum(roles).optional(),
});

export const stripeEventReceived = z
  .object({ received: z.literal(true), duplicate: z.boolean() })
  .openapi('StripeEventReceived');
