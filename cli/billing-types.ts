/** What the command line reads of the service's answers about billing. */
import { z } from 'zod';

export const subscription = z.looseObject({
  id: z.string(),
  status: z.string(),
  product: z.string().nullable(),
  plan: z.string().nullable(),
  seats: z.number().nullable(),
  currentPeriodEnd: z.string().nullable(),
  cancelAtPeriodEnd: z.boolean(),
  graceEndsAt: z.string().nullable(),
  organization: z.looseObject({ id: z.string(), name: z.string() }).nullable(),
  role: z.string(),
  tenant: z.string().nullable(),
});
export type Subscription = z.infer<typeof subscription>;

const line = z.looseObject({ description: z.string(), amountCents: z.number() });

export const changePreview = z.looseObject({
  plan: z.string(),
  seats: z.number(),
  currency: z.string(),
  dueNowCents: z.number(),
  nextInvoiceCents: z.number(),
  periodCents: z.number(),
  lines: z.array(line),
  prorationDate: z.number(),
});
export type ChangePreview = z.infer<typeof changePreview>;

export const invoice = z.looseObject({
  id: z.string(),
  number: z.string().nullable(),
  status: z.string(),
  subscription: z.string().nullable(),
  currency: z.string(),
  totalCents: z.number(),
  remainingCents: z.number(),
  createdAt: z.string(),
  hostedUrl: z.string().nullable(),
  pdfUrl: z.string().nullable(),
});
export type Invoice = z.infer<typeof invoice>;

export const invoiceList = z.object({ invoices: z.array(invoice), nextCursor: z.string().nullable() });

export const portal = z.looseObject({ url: z.string() });

export const organizationList = z.object({
  organizations: z.array(
    z.looseObject({
      id: z.string(),
      name: z.string(),
      slug: z.string(),
      personal: z.boolean(),
      role: z.string(),
      members: z.array(
        z.looseObject({ email: z.string().nullable(), subject: z.string().nullable(), role: z.string() }),
      ),
    }),
  ),
});
export type Organizations = z.infer<typeof organizationList>['organizations'];
