/**
 * Every kind of finding: its meaning, its remedy, and what an operator may approve.
 *
 * A remedy rings an ordinary job, which looks and decides for itself, so a wrong finding can do no harm. An approval
 * deletes data or moves money, so a person must look first.
 */

/** How findings heal without an operator. */
export type Remedy =
  /** Fetches the subscription from Stripe again; the tenant follows. */
  | 'sync'
  /** Rings for the tenant. */
  | 'ring'
  /** Counts all of the tenant's objects as changed: the engine reads the live ones and makes the missing ones. */
  | 'make-again'
  /** Forgets the failure and tries the operation again. */
  | 'retry'
  /** Gives up the reservation and initialises another stack. */
  | 'reserve-again'
  /** Deletes an object of a service that no row of its wants. */
  | 'remove-object'
  /** Reports usage to Stripe again, under the same identifiers. */
  | 'report-usage';

/** What an operator's approval does. */
export type Approval =
  | 'retry'
  /** Suspends the tenant and deletes its data after the retention. */
  | 'end-tenant'
  /** The engine makes the stack again and adopts the live objects. */
  | 'make-stack'
  /** Deletes everything with the tenant's id. */
  | 'delete-remains'
  /** Deletes the slot. */
  | 'delete-slot'
  /** Cancels the subscription at Stripe at once, without a refund. */
  | 'cancel-subscription'
  /** Lets the organization get another customer when it next needs one. */
  | 'forget-customer';

export interface KindFacts {
  readonly area: 'money' | 'cell';
  /** Null where a person must decide first. */
  readonly heals: Remedy | null;
  /** Null where only a person can help. */
  readonly approval: Approval | null;
  /** The remedy, for people to read. */
  readonly action: string;
}

const synced = {
  area: 'money',
  heals: 'sync',
  action: 'Stripe is asked again and the tenant follows',
} as const;
const rung = { area: 'cell', heals: 'ring', approval: null } as const;
const made = { area: 'cell', heals: 'make-again', approval: null } as const;
const remains = {
  area: 'cell',
  heals: null,
  approval: 'delete-remains',
  action: 'approve to delete everything of this tenant id: cluster, database and stack',
} as const;

export const kinds = {
  'paid-without-tenant': { ...synced, approval: null },
  'paid-not-served': { ...synced, approval: null },
  'unpaid-served': { ...synced, approval: 'end-tenant' },
  'wrong-plan': { ...synced, approval: null },
  'wrong-seats': { ...synced, approval: null },
  'stale-record': { ...synced, approval: null },
  'wrong-product': {
    area: 'money',
    heals: null,
    approval: null,
    action: 'give the subscription a price of the product that its tenant is, or cancel it',
  },
  'subscription-missing': {
    area: 'money',
    heals: null,
    approval: 'end-tenant',
    action: 'approve to suspend the tenant; its data is deleted after the time of retention',
  },
  'tenant-without-subscription': {
    area: 'money',
    heals: null,
    approval: 'end-tenant',
    action: 'approve to suspend the tenant; its data is deleted after the time of retention',
  },
  'billed-after-deletion': {
    area: 'money',
    heals: null,
    approval: 'cancel-subscription',
    action: 'approve to cancel the subscription at once; refund by hand what was paid for nothing',
  },
  'subscription-of-nobody': {
    area: 'money',
    heals: null,
    approval: null,
    action:
      'dismiss when another business uses the account; otherwise correct its price or cancel it in Stripe',
  },
  'customer-of-nobody': {
    area: 'money',
    heals: null,
    approval: null,
    action: 'delete the customer in Stripe, or dismiss',
  },
  'customer-missing': {
    area: 'money',
    heals: null,
    approval: 'forget-customer',
    action: 'approve to give the organization another customer when it next needs one',
  },
  'unreported-usage': {
    area: 'money',
    heals: 'report-usage',
    approval: null,
    action: 'the usage is reported again',
  },
  'ledger-unbalanced': {
    area: 'money',
    heals: null,
    approval: null,
    action: 'entries are append-only: find who wrote past the ledger, and correct with an entry',
  },
  'tenant-stuck': {
    area: 'cell',
    heals: null,
    approval: 'retry',
    action: 'remove the cause, then approve to try again',
  },
  'slot-stuck': { ...rung, heals: 'retry', action: 'the operation is tried again; nobody waits for it' },
  'tenant-stalled': { ...rung, action: 'somebody is sent to work on the tenant' },
  'namespace-missing': { ...made, action: 'the namespace is made again' },
  'object-missing': { ...made, action: 'the objects are made again' },
  'wrong-plan-in-cluster': { ...made, action: 'the objects are made as the plan says' },
  'database-missing': {
    ...made,
    action: 'it is made again, empty: what was in it must be restored from a backup',
  },
  'not-running': {
    area: 'cell',
    heals: null,
    approval: null,
    action: 'remove what its cause names: the image, the quota, the nodes; the pods start by themselves',
  },
  'runs-otherwise': { ...made, action: 'the objects are made as the plan says, and the pods follow' },
  'lease-left': { ...rung, action: 'the next holder ends what is left of the last one' },
  'stack-missing': {
    area: 'cell',
    heals: null,
    approval: 'make-stack',
    action:
      "restore the stack's state from the bucket's versions, or approve to make it anew around what stands",
  },
  'reservation-without-stack': {
    area: 'cell',
    heals: 'reserve-again',
    approval: null,
    action: 'the reservation is given up',
  },
  'slot-of-nobody': {
    area: 'cell',
    heals: null,
    approval: 'delete-slot',
    action: 'approve to delete the slot',
  },
  'namespace-of-nobody': remains,
  'schema-of-nobody': remains,
  'role-of-nobody': remains,
  'database-of-nobody': remains,
  'stack-of-nobody': remains,
  'object-left': {
    area: 'cell',
    heals: 'remove-object',
    approval: null,
    action: 'the object is deleted, as its product has no row that wants it',
  },
  'object-of-nobody': {
    area: 'cell',
    heals: null,
    approval: null,
    action: 'delete the object with kubectl, or take its label away',
  },
} as const satisfies Readonly<Record<string, KindFacts>>;

export type Kind = keyof typeof kinds;
export const kindNames = Object.keys(kinds) as [Kind, ...Kind[]];

export function factsOf(kind: Kind): KindFacts {
  return kinds[kind];
}

/** A disagreement as one look sees it. */
export interface Observation {
  /** Identifies the disagreement in every look. */
  readonly key: string;
  readonly kind: Kind;
  /** Its subject, for people to read. */
  readonly subject: string;
  readonly tenantId: string | null;
  readonly subscriptionId: string | null;
  readonly cause: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** Since when it has certainly lasted; null when only repeated looks can tell. */
  readonly since: Date | null;
}

/** An observation, with defaults for the parts that most kinds do not need. */
export function observe(
  kind: Kind,
  subject: string,
  cause: string,
  more: Partial<Pick<Observation, 'tenantId' | 'subscriptionId' | 'data' | 'since'>> = {},
): Observation {
  return {
    key: `${kind}:${subject}`,
    kind,
    subject,
    cause,
    tenantId: more.tenantId ?? null,
    subscriptionId: more.subscriptionId ?? null,
    data: more.data ?? {},
    since: more.since ?? null,
  };
}
