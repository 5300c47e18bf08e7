/** Statuses of an invoice: https://docs.stripe.com/invoicing/overview */
export const invoiceStatuses = ['draft', 'open', 'paid', 'uncollectible', 'void'] as const;
