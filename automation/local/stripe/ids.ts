/** Identifiers in the shapes that Stripe gives to its objects. */

import { createHash, randomBytes } from 'node:crypto';

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** Length of the part after the prefix; newer kinds of objects start with the account's version digit, 1. */
const shapes = {
  customer: { prefix: 'cus_', length: 14 },
  product: { prefix: 'prod_', length: 14 },
  price: { prefix: 'price_1', length: 23 },
  payment_method: { prefix: 'pm_1', length: 23 },
  subscription: { prefix: 'sub_1', length: 23 },
  subscription_item: { prefix: 'si_', length: 14 },
  charge: { prefix: 'ch_3', length: 23 },
  payment_intent: { prefix: 'pi_3', length: 23 },
  invoice_payment: { prefix: 'inpay_1', length: 23 },
  refund: { prefix: 're_3', length: 23 },
  dispute: { prefix: 'dp_1', length: 23 },
  coupon: { prefix: '', length: 8 },
  promotion_code: { prefix: 'promo_1', length: 23 },
  discount: { prefix: 'di_1', length: 23 },
  invoice: { prefix: 'in_1', length: 23 },
  invoiceitem: { prefix: 'ii_1', length: 23 },
  line_item: { prefix: 'il_1', length: 23 },
  checkout_session: { prefix: 'cs_test_a1', length: 56 },
  checkout_item: { prefix: 'li_1', length: 23 },
  portal_session: { prefix: 'bps_1', length: 23 },
  portal_configuration: { prefix: 'bpc_1', length: 23 },
  meter: { prefix: 'mtr_test_61', length: 40 },
  event: { prefix: 'evt_1', length: 23 },
  webhook_endpoint: { prefix: 'we_1', length: 23 },
  delivery: { prefix: 'dlv_', length: 20 },
  request: { prefix: 'req_', length: 14 },
} as const;

export type IdKind = keyof typeof shapes;

/** A new random id, unguessable for the kinds that act as a secret (checkout and portal sessions). */
export function newId(kind: IdKind): string {
  const { prefix, length } = shapes[kind];
  return prefix + encode(randomBytes(length));
}

/** The same id for the same seed: catalog objects keep their ids from one data file to the next. */
export function stableId(kind: IdKind, seed: string): string {
  const { prefix, length } = shapes[kind];
  const digest = createHash('sha512').update(`${kind}\0${seed}`).digest();
  return prefix + encode(digest.subarray(0, length));
}

function encode(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += alphabet[byte % alphabet.length];
  return text;
}
