// Generated from the OpenAPI document by `npm run client`
// @ts-nocheck

export type ClientOptions = {
    baseUrl: `${string}://${string}` | (string & {});
};

export type UsageEvents = {
    /**
     * Who tells it; ids are unique within a source
     */
    source?: string;
    events: Array<UsageEvent>;
};

export type UsageEvent = {
    /**
     * Your own id of the event, which counts once, however often you send it
     */
    id: string;
    tenant: string;
    /**
     * A meter of the product
     */
    meter: string;
    /**
     * A decimal number with at most six decimals; send it as text so that no digit is lost
     */
    quantity?: string | number;
    /**
     * When it was used; defaults to now
     */
    at?: string;
};

export type UsageCloudEvent = {
    specversion: '1.0';
    /**
     * Your own id of the event, which counts once, however often you send it
     */
    id: string;
    /**
     * Who tells it; ids are unique within a source
     */
    source: string;
    /**
     * A meter of the product
     */
    type: string;
    /**
     * The tenant
     */
    subject: string;
    /**
     * When it was used; defaults to now
     */
    time?: string;
    data?: {
        /**
         * A decimal number with at most six decimals; send it as text so that no digit is lost
         */
        quantity?: string | number;
        [key: string]: unknown;
    };
    [key: string]: unknown;
};

export type UsageCloudEvents = Array<UsageCloudEvent>;

export type StripeEventReceived = {
    received: true;
    duplicate: boolean;
};

/**
 * RFC 9457 problem details
 */
export type Problem = {
    type: string;
    title: string;
    status: number;
    detail: string;
    code: string;
    errors?: Array<{
        field: string;
        message: string;
    }>;
    /**
     * Why a use is refused
     */
    refusal?: {
        /**
         * The entitlement that refuses, or `credits` or `apiBudget`; null when the state does
         */
        limit: string | null;
        allowed: number | null;
        left: number | null;
        requested: number | null;
        resetsAt: string | null;
        planWithMore: {
            id: string;
            name: string;
        } | null;
    };
};

export type UsageEventsAnswer = {
    accepted: number;
    /**
     * Counted before; nothing changed
     */
    repeated: number;
    refused: number;
    /**
     * One for each event, in the order of the request
     */
    results: Array<{
        /**
         * null where the event has no readable id
         */
        id: string | null;
        outcome: 'accepted' | 'repeated' | 'refused';
        reason?: 'malformed' | 'unknown_tenant' | 'unknown_meter' | 'sampled_meter' | 'invalid_quantity' | 'in_future' | 'too_late' | 'id_reused';
        message?: string;
    }>;
};

export type ProductList = {
    products: Array<Product>;
};

export type Product = {
    id: string;
    name: string;
    description: string;
    plans: Array<{
        id: string;
        name: string;
        price: {
            kind: 'flat' | 'perSeat' | 'custom';
            priceCents: number | null;
            currency: 'usd';
            interval: 'month' | null;
            /**
             * Most seats that checkout sells; null where the plan is not sold by seats
             */
            maxSeats: number | null;
        };
        /**
         * Days of a free trial; null where there is none
         */
        trialDays: number | null;
        features: Array<string>;
        /**
         * Figures with their unit at the end of the name: cpuMillis, memoryBytes, pods, …
         */
        limits: {
            [key: string]: number | null;
        };
        /**
         * null is unlimited or agreed by hand
         */
        entitlements: {
            [key: string]: number | boolean | string | Array<string> | null;
        };
    }>;
    meters: Array<{
        id: string;
        name: string;
        unit: string;
        unitPriceMicros: number | null;
    }>;
    namespace: {
        from: 'tenantId' | 'slug';
        prefix: string;
    };
};

export type Checkout = {
    /**
     * Find the tenant with GET /v1/tenants?checkout=<id>
     */
    id: string;
    /**
     * Where the customer pays
     */
    url: string;
};

export type CheckoutRequest = {
    product: string;
    plan: string;
    /**
     * Public name of the tenant, where its product has one
     */
    slug?: string;
    seats?: number;
    /**
     * Where the tenant should be; defaults to the home region
     */
    region?: string;
    /**
     * The law that its data must stay under; for plans that include compliance
     */
    residency?: 'gdpr';
    /**
     * Who pays; defaults to your token's organization, or else you yourself
     */
    organization?: string;
    /**
     * Begins with the plan's free trial, once for each product
     */
    trial?: boolean;
    /**
     * When left out, the customer may type one on the payment page
     */
    promotionCode?: string;
    /**
     * May contain {CHECKOUT_SESSION_ID}, which is replaced
     */
    successUrl?: string;
    cancelUrl?: string;
};

export type TenantList = {
    tenants: Array<Tenant>;
    /**
     * Send as `cursor` for the next page; null on the last one
     */
    nextCursor: string | null;
    /**
     * With `checkout`: why it led to no tenant, if waiting will not help
     */
    reason?: {
        code: string;
        message: string;
    };
};

export type Tenant = {
    id: string;
    product: string;
    plan: string;
    slug: string;
    namespace: string;
    region: string;
    cell: string;
    owner: string | null;
    /**
     * What was provisioned: `active` says that its objects stand, `health` says what runs of them
     */
    phase: 'pending' | 'provisioning' | 'active' | 'updating' | 'suspending' | 'suspended' | 'deleting' | 'deleted' | 'failed';
    health: Health;
    desired: {
        state: 'active' | 'suspended' | 'deleted';
        plan: string;
        generation: number;
    };
    observed: {
        generation: number;
        plan: string | null;
    };
    /**
     * Why it waits, failed or is suspended
     */
    reason: {
        code: string;
        message: string;
    } | null;
    nextTryAt: string | null;
    subscription: {
        id: string;
        status: string;
        currentPeriodEnd: string | null;
        cancelAtPeriodEnd: boolean;
    } | null;
    outputs: {
        namespace: string;
        serviceUrl: string | null;
        database: {
            name: string | null;
            schema: string;
            role: string;
            secretName: string;
        } | null;
        objects: Array<{
            apiVersion: string;
            kind: string;
            name: string;
            namespace: string | null;
        }>;
    } | null;
    createdAt: string;
    /**
     * When we first heard of its payment
     */
    requestedAt: string | null;
    activeAt: string | null;
    /**
     * Its data is kept until then
     */
    deleteAfter: string | null;
    /**
     * For operators only
     */
    cause?: string | null;
};

/**
 * What runs; null for a tenant that is going or gone
 */
export type Health = {
    /**
     * `running`: as many pods are ready as are wanted. `none_wanted`: it is suspended or idle, or its plan runs nothing. `unknown`: nobody watches its cell now. The others say why fewer pods are ready than are wanted.
     */
    state: 'running' | 'none_wanted' | 'starting' | 'image' | 'quota' | 'refused' | 'crash' | 'unschedulable' | 'unknown';
    message: string | null;
    /**
     * Pods; null when not known
     */
    wanted: number | null;
    ready: number | null;
    /**
     * What the ready pods request, each size once
     */
    sizes: Array<{
        cpuMillis: number;
        memoryBytes: number;
        pods: number;
    }>;
    /**
     * Since when it is in this state
     */
    since: string | null;
    /**
     * When its cell was last watched; null while it is watched, and when it never was
     */
    lookedAt: string | null;
} | null;

export type Timeline = {
    entries: Array<TimelineEntry>;
    /**
     * Send as `cursor` for the next page; null on the last one
     */
    nextCursor: string | null;
};

export type TimelineEntry = {
    id: number;
    at: string;
    kind: string;
    message: string;
    data: {
        [key: string]: unknown;
    };
};

export type Access = {
    namespace: string;
    serviceUrl: string | null;
    health: Health;
};

export type Credits = {
    balance: {
        available: number;
        held: number;
        overshoot: number;
    };
    lots: Array<{
        kind: 'plan' | 'top_up';
        cause: string;
        remaining: number;
        spendBy: string | null;
        expiresAt: string | null;
    }>;
    brake: {
        level: 'none' | 'throttled' | 'paused';
        reason: string | null;
        since: string | null;
    };
    entries: Array<{
        id: number;
        at: string;
        kind: 'grant' | 'top_up' | 'hold' | 'capture' | 'release' | 'expiry' | 'overshoot';
        cause: string;
        amount: number;
        from: string;
        to: string;
    }>;
    /**
     * Send as `cursor` for the next page; null on the last one
     */
    nextCursor: string | null;
};

export type LedgerAnswer = {
    cause: string;
    /**
     * How much was moved
     */
    amount: number;
    /**
     * How much of it the balance did not cover
     */
    overshoot: number;
    repeated: boolean;
    balance: {
        available: number;
        held: number;
    };
};

export type HoldRequest = {
    /**
     * What it is for. One cause is booked once, however often you send it
     */
    cause: string;
    /**
     * Whole credits
     */
    amount: number;
    expiresInSeconds?: number;
};

export type CaptureRequest = {
    /**
     * What it is for. One cause is booked once, however often you send it
     */
    cause: string;
    /**
     * Whole credits
     */
    amount: number;
    /**
     * Cause of the hold that pays; defaults to the balance
     */
    hold?: string;
    /**
     * The work is already done: records what is missing as overshoot
     */
    metered?: boolean;
    /**
     * Releases the rest of the hold
     */
    final?: boolean;
};

export type ReleaseRequest = {
    /**
     * Cause of the hold
     */
    hold: string;
    /**
     * What it is for. One cause is booked once, however often you send it
     */
    cause?: string;
};

export type TopUpRequest = {
    /**
     * What it is for. One cause is booked once, however often you send it
     */
    cause: string;
    /**
     * Whole credits
     */
    amount: number;
    expiresAt?: string;
};

export type Budgets = {
    budgets: Array<Budget>;
};

export type Budget = {
    kind: 'api' | 'spend';
    month: string;
    /**
     * The effective limit; null for none
     */
    limitMicros: number | null;
    planMicros: number | null;
    agreedMicros: number | null;
    /**
     * The owner's own limit
     */
    capMicros: number | null;
    spentMicros: number;
    reservedMicros: number;
    remainingMicros: number | null;
    calls: number;
    alertedPercent: number;
};

export type BudgetChange = {
    kind: 'api' | 'spend';
    /**
     * Micro-dollars: 1,000,000 are one dollar
     */
    capMicros?: number | null;
    /**
     * For operators
     */
    agreedMicros?: number | null;
};

export type ApiCosts = {
    days: Array<{
        day: string;
        costMicros: number;
        calls: number;
    }>;
    calls: Array<{
        callId: string;
        at: string;
        provider: string;
        operation: string | null;
        project: string | null;
        estimateMicros: number | null;
        costMicros: number | null;
    }>;
    /**
     * Send as `cursor` for the next page; null on the last one
     */
    nextCursor: string | null;
};

export type ApiCostAnswer = {
    callId: string;
    repeated: boolean;
    budget: Budget;
};

/**
 * `estimateMicros` asks for admission, `costMicros` reports what was spent
 */
export type ApiCost = {
    /**
     * Your own id of the call, which counts once
     */
    callId: string;
    provider: string;
    operation?: string;
    project?: string;
    /**
     * Micro-dollars: 1,000,000 are one dollar
     */
    estimateMicros?: number;
    /**
     * Micro-dollars: 1,000,000 are one dollar
     */
    costMicros?: number;
};

export type Entitlements = {
    tenant: string;
    product: string;
    plan: string;
    state: 'active' | 'suspended' | 'deleted';
    /**
     * Why it is suspended
     */
    reason: {
        code: string;
        message: string;
    } | null;
    entitlements: {
        [key: string]: Entitlement;
    };
    /**
     * The entitlements that the plan has as true. Only the plan decides them
     */
    planFeatures: Array<string>;
    /**
     * null where the product is not on credits
     */
    credits: {
        available: number;
        held: number;
        /**
         * What a paid period grants
         */
        allowance: number;
        /**
         * When there is more again; null where waiting does not help
         */
        resetsAt: string | null;
    } | null;
    budgets: Array<{
        kind: 'api' | 'spend';
        limitMicros: number | null;
        spentMicros: number;
        reservedMicros: number;
        remainingMicros: number | null;
        resetsAt: string;
    }>;
    /**
     * The disk of the tenant's database; null where there is none, or not measured yet
     */
    database: {
        usedBytes: number;
        limitBytes: number;
        /**
         * Since when it takes no more writes, only deletions; null while it takes them
         */
        fullSince: string | null;
    } | null;
};

export type Entitlement = {
    /**
     * What the plan grants; null is unlimited or agreed by hand
     */
    value: number | boolean | string | Array<string> | null;
    /**
     * null where nothing counts it
     */
    use: {
        /**
         * `month`: used in this calendar month (UTC). `at_once`: open now. `credits`: what remains is what the credits pay for
         */
        per: 'month' | 'at_once' | 'credits';
        /**
         * What counts it
         */
        meters: Array<string>;
        /**
         * In the meter's unit, to six places
         */
        used: number;
        /**
         * Held by open reservations
         */
        held: number;
        /**
         * null is unlimited
         */
        remaining: number | null;
        /**
         * When there is more again; null where waiting does not help
         */
        resetsAt: string | null;
    } | null;
};

export type CheckAnswer = {
    admitted: true;
    /**
     * True when an earlier request with the key made the reservation
     */
    repeated: boolean;
    reservation: Reservation;
    /**
     * Empty in a repeated answer
     */
    remaining: Array<{
        /**
         * An entitlement, `credits`, or `apiBudget` in micro-dollars
         */
        limit: string;
        /**
         * After this use; null is unlimited
         */
        left: number | null;
        /**
         * When there is more again; null where waiting does not help
         */
        resetsAt: string | null;
    }>;
};

export type Reservation = {
    id: string;
    key: string;
    state: 'open' | 'settled' | 'released' | 'expired';
    /**
     * Counts the use once it is settled
     */
    meter: string | null;
    /**
     * In the meter's unit, to six places
     */
    amount: number;
    credits: number | null;
    costMicros: number | null;
    estimatedCostMicros: number;
    createdAt: string;
    expiresAt: string;
    settled: {
        /**
         * In the meter's unit, to six places
         */
        amount: number;
        costMicros: number | null;
    } | null;
};

export type CheckRequest = {
    /**
     * Your own id of the use. One key reserves once, however often you send it
     */
    key: string;
    /**
     * A check of the product's service
     */
    check?: string;
    /**
     * An entitlement of the plan
     */
    entitlement?: string;
    /**
     * A meter of the product
     */
    meter?: string;
    /**
     * How much, in the meter's unit; a whole number for a check
     */
    amount?: number;
    /**
     * What the check needs; `value` for an entitlement that is a list
     */
    attributes?: {
        [key: string]: string | number | boolean;
    };
    /**
     * The most that its API calls may cost, held from the API budget
     */
    costMicros?: number;
    /**
     * The reservation expires unless you settle or release it in this time
     */
    holdSeconds?: number;
};

export type ReservationList = {
    reservations: Array<Reservation>;
    /**
     * Send as `cursor` for the next page; null on the last one
     */
    nextCursor: string | null;
};

export type SettleAnswer = {
    repeated: boolean;
    reservation: Reservation;
};

export type SettleRequest = {
    /**
     * How much was used; defaults to all that was reserved
     */
    amount?: number;
    /**
     * What its API calls cost, which may exceed what was held
     */
    costMicros?: number;
};

export type Usage = {
    by: 'sample' | 'hour' | 'day';
    from: string;
    until: string;
    samples?: Array<{
        at: string;
        cpuMillis: number;
        memoryKb: number;
        storageMb: number;
    }>;
    hours?: Array<{
        hour: string;
        cpuMilliSeconds: number;
        memoryKbSeconds: number;
        storageMbSeconds: number;
        /**
         * How many of 12 samples exist
         */
        samples: number;
    }>;
    days?: Array<{
        day: string;
        dimension: string;
        /**
         * A decimal number
         */
        quantity: string;
        unit: string;
        microUnits: number;
    }>;
    /**
     * Times without samples, for which nobody is charged
     */
    gaps: Array<{
        cell: string;
        from: string;
        until: string;
        /**
         * How many samples are missing
         */
        samples: number;
    }>;
};

export type Statement = {
    tenant: string;
    month: string;
    lines: Array<{
        section: 'subscription' | 'compute' | 'storage' | 'other';
        id: string;
        name: string;
        /**
         * A decimal number
         */
        quantity: string;
        unit: string;
        /**
         * Micro-dollars; null where the plan includes it or it is agreed by hand
         */
        unitPriceMicros: number | null;
        /**
         * Whole US cents
         */
        amountCents: number;
    }>;
    /**
     * Whole US cents
     */
    subscriptionCents: number;
    /**
     * Whole US cents
     */
    computeCents: number;
    /**
     * Whole US cents
     */
    storageCents: number;
    /**
     * Whole US cents
     */
    otherCents: number;
    /**
     * Whole US cents
     */
    totalCents: number;
    /**
     * Who within the tenant used the most
     */
    topConsumers: Array<{
        consumer: string;
        /**
         * A decimal number
         */
        cpuHours: string;
        /**
         * A decimal number
         */
        memoryGbHours: string;
    }>;
    gaps: Array<{
        cell: string;
        from: string;
        until: string;
        /**
         * How many samples are missing
         */
        samples: number;
    }>;
};

export type FleetUsage = {
    month: string;
    /**
     * Most expensive first, unless sorted otherwise
     */
    tenants: Array<{
        tenant: string;
        product: string;
        slug: string;
        /**
         * Whole US cents
         */
        subscriptionCents: number;
        /**
         * Whole US cents
         */
        computeCents: number;
        /**
         * Whole US cents
         */
        storageCents: number;
        /**
         * Whole US cents
         */
        otherCents: number;
        /**
         * Whole US cents
         */
        totalCents: number;
    }>;
    /**
     * Send as `cursor` for the next page; null on the last one
     */
    nextCursor: string | null;
    metering: {
        cells: Array<{
            cell: string;
            lastSample: string;
            source: string;
        }>;
        staleHours: number;
        oldestStaleHour: string | null;
        /**
         * Days of tenants and dimensions that are not yet reported to Stripe
         */
        unreported: number;
        oldestUnreportedDay: string | null;
        /**
         * Days of tenants and dimensions of which Stripe has too much
         */
        overreported: number;
    };
    gaps: Array<{
        cell: string;
        from: string;
        until: string;
        /**
         * How many samples are missing
         */
        samples: number;
    }>;
};

export type ToldUsageAnswer = {
    accepted: number;
};

export type ToldUsage = {
    samples: Array<{
        /**
         * A meter of the tenant’s product
         */
        dimension: string;
        /**
         * Counts for the five minutes that it lies in
         */
        at: string;
        /**
         * A decimal number of at most six places
         */
        quantity: string;
    }>;
    /**
     * Corrects what was told before; otherwise the greatest amount of five minutes counts
     */
    replace?: boolean;
};

export type FindingList = {
    findings: Array<Finding>;
    /**
     * Send as `cursor` for the next page; null on the last one
     */
    nextCursor: string | null;
};

export type Finding = {
    id: number;
    /**
     * Identifies the disagreement whenever it comes back
     */
    key: string;
    kind: string;
    subject: string;
    tenantId: string | null;
    subscriptionId: string | null;
    cause: string;
    /**
     * What is done about it, or what an operator should do
     */
    action: string;
    state: 'suspected' | 'healing' | 'waiting' | 'approved' | 'dismissed';
    canApprove: boolean;
    ageSeconds: number;
    firstSeenAt: string;
    lastSeenAt: string;
    looks: number;
    /**
     * How often healing was tried
     */
    heals: number;
    decidedBy: string | null;
    decidedAt: string | null;
    note: string | null;
    endedAt: string | null;
};

export type Reconciliations = {
    areas: Array<Reconciliation>;
};

export type Reconciliation = {
    area: string;
    asked: number;
    answered: number;
    startedAt: string | null;
    completedAt: string | null;
    durationMs: number | null;
    looked: {
        [key: string]: {
            calls: number;
            items: number;
        };
    };
    failure: string | null;
};

export type SubscriptionList = {
    subscriptions: Array<Subscription>;
    /**
     * Send as `cursor` for the next page; null on the last one
     */
    nextCursor: string | null;
};

export type Subscription = {
    id: string;
    status: string;
    product: string | null;
    plan: string | null;
    seats: number | null;
    currentPeriodEnd: string | null;
    cancelAtPeriodEnd: boolean;
    /**
     * When a payment first failed
     */
    pastDueSince: string | null;
    /**
     * When its tenant is suspended unless the payment is made by then
     */
    graceEndsAt: string | null;
    organization: {
        id: string;
        name: string;
    } | null;
    /**
     * Your role: an admin may change it, a viewer may only read it
     */
    role: 'admin' | 'viewer';
    tenant: string | null;
    /**
     * When we first heard of it
     */
    createdAt: string;
};

export type ChangePreview = {
    plan: string;
    seats: number;
    currency: string;
    /**
     * Charged when the change is made
     */
    dueNowCents: number;
    /**
     * What it adds to the next invoice; negative for a credit
     */
    nextInvoiceCents: number;
    /**
     * Price of every further period, without usage
     */
    periodCents: number;
    lines: Array<{
        description: string;
        amountCents: number;
        quantity: number | null;
        proration: boolean;
        periodStart: string;
        periodEnd: string;
    }>;
    /**
     * Send it with the change
     */
    prorationDate: number;
};

export type ChangePreviewRequest = {
    /**
     * Id of a plan of the same product
     */
    plan?: string;
    seats?: number;
};

export type ChangeRequest = {
    /**
     * Id of a plan of the same product
     */
    plan?: string;
    seats?: number;
    /**
     * From a preview of the last 10 minutes, to be charged exactly its amounts
     */
    prorationDate?: number;
};

export type CancelRequest = {
    when?: 'period_end' | 'now';
};

export type InvoiceList = {
    invoices: Array<Invoice>;
    /**
     * Send as `cursor` for the next page; null on the last one
     */
    nextCursor: string | null;
};

export type Invoice = {
    id: string;
    number: string | null;
    status: 'draft' | 'open' | 'paid' | 'uncollectible' | 'void';
    subscription: string | null;
    currency: string;
    totalCents: number;
    dueCents: number;
    paidCents: number;
    remainingCents: number;
    createdAt: string;
    periodStart: string;
    periodEnd: string;
    paidAt: string | null;
    nextAttemptAt: string | null;
    attempts: number;
    /**
     * Where to read and pay it
     */
    hostedUrl: string | null;
    pdfUrl: string | null;
    lines: Array<{
        description: string;
        amountCents: number;
        quantity: number | null;
        proration: boolean;
        periodStart: string;
        periodEnd: string;
    }>;
};

export type Portal = {
    url: string;
};

export type PortalRequest = {
    organization?: string;
    /**
     * Opens the portal of its payer
     */
    subscription?: string;
    returnUrl?: string;
    /**
     * Begins at this task instead of the front page
     */
    flow?: 'payment_method_update';
};

export type OrganizationList = {
    organizations: Array<Organization>;
    /**
     * Send as `cursor` for the next page; null on the last one
     */
    nextCursor: string | null;
};

export type Organization = {
    id: string;
    name: string;
    slug: string;
    /**
     * True for the organization of a single person
     */
    personal: boolean;
    billingEmail: string | null;
    /**
     * Your role there
     */
    role: 'admin' | 'viewer';
    members: Array<{
        email: string | null;
        subject: string | null;
        role: 'admin' | 'viewer';
    }>;
    createdAt: string;
};

export type NewKey = Key & {
    /**
     * The key itself. It is shown only now, so keep it safe
     */
    key: string;
};

export type Key = {
    /**
     * The public part: `tk_<id>_…`
     */
    id: string;
    name: string;
    owner: {
        kind: 'person' | 'tenant' | 'service';
        subject: string | null;
        tenant: string | null;
        product: string | null;
    };
    scopes: Array<'tenants:read' | 'tenants:write' | 'entitlements:read' | 'checks:write' | 'usage:write' | 'notifications:read' | 'notifications:write'>;
    createdBy: string | null;
    createdAt: string;
    expiresAt: string | null;
    /**
     * Accurate to about a minute
     */
    lastUsedAt: string | null;
};

export type KeyRequest = {
    /**
     * What it is for
     */
    name: string;
    owner?: {
        kind: 'person';
    } | {
        kind: 'tenant';
        tenant: string;
    } | {
        kind: 'service';
        product?: string;
    };
    scopes: Array<'tenants:read' | 'tenants:write' | 'entitlements:read' | 'checks:write' | 'usage:write' | 'notifications:read' | 'notifications:write'>;
    /**
     * Never when left out
     */
    expiresAt?: string;
};

export type KeyList = {
    keys: Array<Key>;
    /**
     * Send as `cursor` for the next page; null on the last one
     */
    nextCursor: string | null;
};

export type Figures = {
    from: string;
    /**
     * Exclusive
     */
    to: string;
    every: 'day' | 'month' | 'whole';
    by: 'none' | 'product' | 'plan';
    /**
     * Figures are in one currency; nothing is converted
     */
    currency: string;
    /**
     * Every currency in use
     */
    currencies: Array<string>;
    asOf: string;
    rows: Array<FiguresRow>;
};

export type FiguresRow = {
    period: string;
    from: string;
    /**
     * Exclusive
     */
    to: string;
    product: string | null;
    plan: string | null;
    /**
     * Millionths of the unit of the currency
     */
    openingMrrMicros: number;
    movementsMicros: {
        /**
         * Millionths of the unit of the currency
         */
        new: number;
        /**
         * Millionths of the unit of the currency
         */
        reactivation: number;
        /**
         * Millionths of the unit of the currency
         */
        expansion: number;
        /**
         * Millionths of the unit of the currency
         */
        contraction: number;
        /**
         * Millionths of the unit of the currency
         */
        churn: number;
        /**
         * Millionths of the unit of the currency
         */
        moved: number;
    };
    /**
     * Millionths of the unit of the currency
     */
    closingMrrMicros: number;
    openingCustomers: number;
    newCustomers: number;
    reactivatedCustomers: number;
    lostCustomers: number;
    movedCustomers: number;
    closingCustomers: number;
    /**
     * Millionths of the unit of the currency
     */
    arpaMicros: number | null;
    logoChurnRate: number | null;
    revenueChurnRate: number | null;
    netRevenueChurnRate: number | null;
    /**
     * Millionths of the unit of the currency
     */
    ltvMicros: number | null;
    invoicedCents: number;
    creditedCents: number;
    refundedCents: number;
    revenueCents: number;
    conversions: {
        trial: {
            /**
             * How many had the chance to convert in the period
             */
            of: number;
            /**
             * How many of them have paid since
             */
            converted: number;
            rate: number | null;
        };
        free: {
            /**
             * How many had the chance to convert in the period
             */
            of: number;
            /**
             * How many of them have paid since
             */
            converted: number;
            rate: number | null;
        };
        checkout: {
            /**
             * How many had the chance to convert in the period
             */
            of: number;
            /**
             * How many of them have paid since
             */
            converted: number;
            rate: number | null;
        };
    };
};

export type Mrr = {
    at: string;
    plans: Array<{
        product: string;
        plan: string;
        /**
         * Figures are in one currency; nothing is converted
         */
        currency: string;
        /**
         * Millionths of the unit of the currency
         */
        mrrMicros: number;
        customers: number;
    }>;
};

export type FiguresOverview = {
    asOf: string;
    products: Array<{
        product: string;
        applications: {
            total: number;
            pending: number;
            approved: number;
        };
        subscriptions: Array<{
            plan: string;
            status: string;
            count: number;
            seats: number;
        }>;
        mrr: Array<{
            plan: string;
            /**
             * Figures are in one currency; nothing is converted
             */
            currency: string;
            /**
             * Millionths of the unit of the currency
             */
            mrrMicros: number;
            customers: number;
        }>;
        activeTenants: number;
        cpuMillis: number;
        memoryBytes: number;
        storageBytes: number;
    }>;
};

export type Onboarding = {
    organization: {
        id: string;
        name: string;
        slug: string;
        /**
         * At Stripe
         */
        customerId: string | null;
        createdAt: string;
    };
    admins: Array<string>;
    mail: {
        state: 'pending' | 'sent' | 'refused' | 'unconfigured';
        recipient: string;
        subject: string;
        body: string;
        attempts: number;
        /**
         * The mail server's last answer
         */
        answer: string | null;
        nextTryAt: string | null;
        sentAt: string | null;
    };
    /**
     * What this request has made; empty when everything existed
     */
    made: Array<'organization' | 'admin' | 'customer' | 'mail'>;
};

export type OnboardRequest = {
    name: string;
    /**
     * Short name; what tokens call it in their claim `organization`
     */
    slug: string;
    adminEmail: string;
};

export type TenantExportList = {
    exports: Array<TenantExport>;
    /**
     * Send as `cursor` for the next page; null on the last one
     */
    nextCursor: string | null;
};

export type TenantExport = {
    id: number;
    reason: 'request' | 'offboarding';
    state: 'pending' | 'ready' | 'expired';
    requestedAt: string;
    finishedAt: string | null;
    bytes: number | null;
    tables: number | null;
    rows: number | null;
    /**
     * Of the file, in hexadecimal
     */
    sha256: string | null;
    expiresAt: string | null;
    problem: string | null;
};

export type Offboarding = {
    tenantId: string;
    begunAt: string;
    /**
     * When the receipt was signed
     */
    finishedAt: string | null;
    /**
     * What it waits for
     */
    problem: string | null;
    /**
     * Why, for operators
     */
    cause: string | null;
    nextTryAt: string | null;
    steps: Array<{
        step: 'export' | 'backup' | 'destroy' | 'verify' | 'receipt';
        state: 'waiting' | 'begun' | 'ended';
        attempts: number;
        startedAt: string | null;
        finishedAt: string | null;
    }>;
};

export type OffboardingList = {
    offboardings: Array<Offboarding>;
    /**
     * Send as `cursor` for the next page; null on the last one
     */
    nextCursor: string | null;
};

export type Receipt = {
    receipt: {
        format: string;
        keyId: string;
        [key: string]: unknown;
    };
    signature: {
        algorithm: 'Ed25519';
        value: string;
    };
};

export type NotificationEndpointList = {
    endpoints: Array<NotificationEndpoint>;
    /**
     * Send as `cursor` for the next page; null on the last one
     */
    nextCursor: string | null;
};

export type NotificationEndpoint = {
    id: string;
    url: string;
    description: string | null;
    /**
     * It gets only events of tenants of this product
     */
    product: string | null;
    /**
     * It gets only events of this tenant
     */
    tenant: string | null;
    /**
     * The types of events that it gets; null for all
     */
    events: Array<'tenant.created' | 'tenant.active' | 'tenant.suspended' | 'tenant.resumed' | 'tenant.plan_changed' | 'tenant.deletion_scheduled' | 'tenant.deleted' | 'credits.low' | 'credits.exhausted' | 'usage.limit_reached' | 'budget.reached' | 'member.added' | 'member.joined' | 'member.role_changed' | 'member.removed' | 'session.completed'> | null;
    /**
     * Who gets a mail when it is disabled
     */
    email: string | null;
    state: 'enabled' | 'disabled';
    disabledAt: string | null;
    disabledReason: string | null;
    /**
     * The first failure since the last success
     */
    failingSince: string | null;
    /**
     * After a rotation: until when the old secret signs, too
     */
    previousSecretUntil: string | null;
    createdAt: string;
};

export type NotificationEndpointSecret = {
    endpoint: NotificationEndpoint;
    /**
     * Signs events. It is shown only now
     */
    secret: string;
};

export type NewNotificationEndpoint = {
    url: string;
    description?: string;
    /**
     * It gets only events of this tenant; operators and services may leave it out
     */
    tenant?: string;
    /**
     * It gets only events of tenants of this product
     */
    product?: string;
    /**
     * Defaults to all
     */
    events?: Array<'tenant.created' | 'tenant.active' | 'tenant.suspended' | 'tenant.resumed' | 'tenant.plan_changed' | 'tenant.deletion_scheduled' | 'tenant.deleted' | 'credits.low' | 'credits.exhausted' | 'usage.limit_reached' | 'budget.reached' | 'member.added' | 'member.joined' | 'member.role_changed' | 'member.removed' | 'session.completed'>;
    /**
     * Who gets a mail when it is disabled; defaults to you
     */
    email?: string;
};

export type TestSent = {
    /**
     * Its id in the log
     */
    event: string;
};

export type Replayed = {
    /**
     * How many events are sent again, at most 10000
     */
    events: number;
};

export type ReplayRequest = {
    /**
     * Id of one event
     */
    event?: string;
    /**
     * Instead of `event`: events since then; the last 30 days are kept
     */
    since?: string;
    until?: string;
    /**
     * Also sends delivered events again
     */
    delivered?: boolean;
};

export type NotificationList = {
    notifications: Array<Notification>;
    /**
     * Send as `cursor` for the next page; null on the last one
     */
    nextCursor: string | null;
};

export type Notification = {
    id: number;
    endpoint: string;
    /**
     * Id of the event, as in the header `webhook-id`
     */
    event: string;
    type: 'tenant.created' | 'tenant.active' | 'tenant.suspended' | 'tenant.resumed' | 'tenant.plan_changed' | 'tenant.deletion_scheduled' | 'tenant.deleted' | 'credits.low' | 'credits.exhausted' | 'usage.limit_reached' | 'budget.reached' | 'member.added' | 'member.joined' | 'member.role_changed' | 'member.removed' | 'session.completed' | 'notifications.test';
    tenant: string | null;
    organization: string | null;
    /**
     * When it happened
     */
    at: string;
    state: 'pending' | 'delivered' | 'failed';
    attempts: number;
    nextAttemptAt: string | null;
    endedAt: string | null;
    /**
     * Of the last answer
     */
    status: number | null;
    /**
     * Why the last attempt failed
     */
    problem: string | null;
};

export type NotificationDetail = {
    id: number;
    endpoint: string;
    /**
     * Id of the event, as in the header `webhook-id`
     */
    event: string;
    type: 'tenant.created' | 'tenant.active' | 'tenant.suspended' | 'tenant.resumed' | 'tenant.plan_changed' | 'tenant.deletion_scheduled' | 'tenant.deleted' | 'credits.low' | 'credits.exhausted' | 'usage.limit_reached' | 'budget.reached' | 'member.added' | 'member.joined' | 'member.role_changed' | 'member.removed' | 'session.completed' | 'notifications.test';
    tenant: string | null;
    organization: string | null;
    /**
     * When it happened
     */
    at: string;
    state: 'pending' | 'delivered' | 'failed';
    attempts: number;
    nextAttemptAt: string | null;
    endedAt: string | null;
    /**
     * Of the last answer
     */
    status: number | null;
    /**
     * Why the last attempt failed
     */
    problem: string | null;
    body: WebhookEvent;
    tries: Array<{
        attempt: number;
        at: string;
        durationMs: number;
        status: number | null;
        problem: string | null;
        /**
         * The first 1024 bytes of the answer's body
         */
        answer: string | null;
    }>;
};

/**
 * The body of a webhook
 */
export type WebhookEvent = {
    type: 'tenant.created';
    timestamp: string;
    data: {
        tenant: {
            id: string;
            product: string;
            plan: string;
            seats: number;
            slug: string;
            namespace: string;
            region: string;
            owner: string | null;
            phase: string;
            state: 'active' | 'suspended' | 'deleted';
            subscription: string | null;
            serviceUrl: string | null;
            createdAt: string;
        };
    };
} | {
    type: 'tenant.active';
    timestamp: string;
    data: {
        tenant: {
            id: string;
            product: string;
            plan: string;
            seats: number;
            slug: string;
            namespace: string;
            region: string;
            owner: string | null;
            phase: string;
            state: 'active' | 'suspended' | 'deleted';
            subscription: string | null;
            serviceUrl: string | null;
            createdAt: string;
        };
    };
} | {
    type: 'tenant.suspended';
    timestamp: string;
    data: {
        tenant: {
            id: string;
            product: string;
            plan: string;
            seats: number;
            slug: string;
            namespace: string;
            region: string;
            owner: string | null;
            phase: string;
            state: 'active' | 'suspended' | 'deleted';
            subscription: string | null;
            serviceUrl: string | null;
            createdAt: string;
        };
        /**
         * Such as payment_overdue, subscription_ended, credits_exhausted
         */
        reason: string | null;
    };
} | {
    type: 'tenant.resumed';
    timestamp: string;
    data: {
        tenant: {
            id: string;
            product: string;
            plan: string;
            seats: number;
            slug: string;
            namespace: string;
            region: string;
            owner: string | null;
            phase: string;
            state: 'active' | 'suspended' | 'deleted';
            subscription: string | null;
            serviceUrl: string | null;
            createdAt: string;
        };
    };
} | {
    type: 'tenant.plan_changed';
    timestamp: string;
    data: {
        tenant: {
            id: string;
            product: string;
            plan: string;
            seats: number;
            slug: string;
            namespace: string;
            region: string;
            owner: string | null;
            phase: string;
            state: 'active' | 'suspended' | 'deleted';
            subscription: string | null;
            serviceUrl: string | null;
            createdAt: string;
        };
        from: string;
        to: string;
    };
} | {
    type: 'tenant.deletion_scheduled';
    timestamp: string;
    data: {
        tenant: {
            id: string;
            product: string;
            plan: string;
            seats: number;
            slug: string;
            namespace: string;
            region: string;
            owner: string | null;
            phase: string;
            state: 'active' | 'suspended' | 'deleted';
            subscription: string | null;
            serviceUrl: string | null;
            createdAt: string;
        };
        /**
         * Until then, a new subscription brings the tenant back
         */
        deleteAfter: string;
    };
} | {
    type: 'tenant.deleted';
    timestamp: string;
    data: {
        tenant: {
            id: string;
            product: string;
            plan: string;
            seats: number;
            slug: string;
            namespace: string;
            region: string;
            owner: string | null;
            phase: string;
            state: 'active' | 'suspended' | 'deleted';
            subscription: string | null;
            serviceUrl: string | null;
            createdAt: string;
        };
    };
} | {
    type: 'credits.low';
    timestamp: string;
    data: {
        tenantId: string;
        available: number;
        /**
         * A fifth of what was there after the last grant or top-up
         */
        lowBelow: number;
    };
} | {
    type: 'credits.exhausted';
    timestamp: string;
    data: {
        tenantId: string;
        available: 0;
        held: number;
    };
} | {
    type: 'usage.limit_reached';
    timestamp: string;
    data: {
        tenantId: string;
        /**
         * Such as 2026-11
         */
        month: string;
        /**
         * Id of the entitlement
         */
        limit: string;
        /**
         * Millionths of the unit
         */
        usedMicroUnits: number;
        limitMicroUnits: number;
    };
} | {
    type: 'budget.reached';
    timestamp: string;
    data: {
        tenantId: string;
        /**
         * Such as 2026-11
         */
        month: string;
        budget: 'api' | 'spend';
        /**
         * Micro-dollars
         */
        spentMicros: number;
        limitMicros: number;
    };
} | {
    type: 'member.added';
    timestamp: string;
    data: {
        organization: {
            id: string;
            name: string;
            slug: string;
        };
        member: {
            email: string | null;
            subject: string | null;
            role: string;
        };
    };
} | {
    type: 'member.joined';
    timestamp: string;
    data: {
        organization: {
            id: string;
            name: string;
            slug: string;
        };
        member: {
            email: string | null;
            subject: string | null;
            role: string;
        };
    };
} | {
    type: 'member.role_changed';
    timestamp: string;
    data: {
        organization: {
            id: string;
            name: string;
            slug: string;
        };
        member: {
            email: string | null;
            subject: string | null;
            role: string;
        };
        was: string;
    };
} | {
    type: 'member.removed';
    timestamp: string;
    data: {
        organization: {
            id: string;
            name: string;
            slug: string;
        };
        member: {
            email: string | null;
            subject: string | null;
            role: string;
        };
    };
} | {
    type: 'session.completed';
    timestamp: string;
    data: {
        tenantId: string;
        sessionId: string;
        /**
         * Why it ended, such as closed, idle, limit_reached, pod_lost
         */
        reason: string;
        startedAt: string;
        endedAt: string;
        /**
         * What it has cost; null where the product is not on credits
         */
        credits: number | null;
    };
} | {
    type: 'notifications.test';
    timestamp: string;
    data: {
        endpoint: string;
    };
};

export type Readiness = {
    ready: boolean;
    /**
     * `ok`, or what is wrong
     */
    checks: {
        [key: string]: string;
    };
    /**
     * What an operator should change although everything works
     */
    warnings: Array<string>;
};

/**
 * RFC 9457 problem details
 */
export type NotReady = Problem & {
    ready: boolean;
    /**
     * `ok`, or what is wrong
     */
    checks: {
        [key: string]: string;
    };
    /**
     * What an operator should change although everything works
     */
    warnings: Array<string>;
};

export type PageConfig = {
    issuer: string;
    clientId: string;
    audience: string;
    scope: string;
    local: boolean;
    /**
     * The addresses of page parts that products bring, by product
     */
    parts: {
        [key: string]: string;
    };
};

export type ReceiveStripeEventData = {
    body?: never;
    path?: never;
    query?: never;
    url: '/webhooks/stripe';
};

export type ReceiveStripeEventErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type ReceiveStripeEventError = ReceiveStripeEventErrors[keyof ReceiveStripeEventErrors];

export type ReceiveStripeEventResponses = {
    /**
     * The event is durable
     */
    200: StripeEventReceived;
};

export type ReceiveStripeEventResponse = ReceiveStripeEventResponses[keyof ReceiveStripeEventResponses];

export type GetFleetUsageData = {
    body?: never;
    path?: never;
    query?: {
        /**
         * Most rows of a page
         */
        limit?: number;
        /**
         * `nextCursor` of the previous page
         */
        cursor?: string;
        /**
         * What the list is sorted by; `-` sorts from greatest to least
         */
        sort?: '-usage' | 'usage' | 'slug' | '-slug';
        /**
         * Of its tenant: beginning of an id, owner or subscription or e-mail address, or a part of a slug or namespace, in any case
         */
        q?: string;
        product?: string;
        plan?: string;
        /**
         * A calendar month (UTC); defaults to the present one
         */
        month?: string;
        format?: 'json' | 'csv';
    };
    url: '/v1/usage';
};

export type GetFleetUsageErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type GetFleetUsageError = GetFleetUsageErrors[keyof GetFleetUsageErrors];

export type GetFleetUsageResponses = {
    /**
     * One page; with `format=csv` as comma-separated values
     */
    200: FleetUsage;
};

export type GetFleetUsageResponse = GetFleetUsageResponses[keyof GetFleetUsageResponses];

export type TellUsageEventsData = {
    body: UsageEvents;
    headers?: {
        /**
         * Your own id of the request, such as a UUID. If you send the request again with it within 24 hours, the work is not done again and you get the same answer
         */
        'idempotency-key'?: string;
    };
    path?: never;
    query?: never;
    url: '/v1/usage';
};

export type TellUsageEventsErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type TellUsageEventsError = TellUsageEventsErrors[keyof TellUsageEventsErrors];

export type TellUsageEventsResponses = {
    /**
     * What became of each
     */
    200: UsageEventsAnswer;
};

export type TellUsageEventsResponse = TellUsageEventsResponses[keyof TellUsageEventsResponses];

export type ListProductsData = {
    body?: never;
    path?: never;
    query?: never;
    url: '/v1/products';
};

export type ListProductsResponses = {
    /**
     * Everything on sale, in the order of the price page
     */
    200: ProductList;
};

export type ListProductsResponse = ListProductsResponses[keyof ListProductsResponses];

export type CreateCheckoutData = {
    body: CheckoutRequest;
    headers?: {
        /**
         * Your own id of the request, such as a UUID. If you send the request again with it within 24 hours, the work is not done again and you get the same answer
         */
        'idempotency-key'?: string;
    };
    path?: never;
    query?: never;
    url: '/v1/checkout';
};

export type CreateCheckoutErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type CreateCheckoutError = CreateCheckoutErrors[keyof CreateCheckoutErrors];

export type CreateCheckoutResponses = {
    /**
     * Pay at `url`
     */
    201: Checkout;
};

export type CreateCheckoutResponse = CreateCheckoutResponses[keyof CreateCheckoutResponses];

export type ListTenantsData = {
    body?: never;
    path?: never;
    query?: {
        /**
         * Most rows of a page
         */
        limit?: number;
        /**
         * `nextCursor` of the previous page
         */
        cursor?: string;
        /**
         * What the list is sorted by; `-` sorts from greatest to least
         */
        sort?: '-createdAt' | 'createdAt' | 'slug' | '-slug';
        /**
         * Beginning of an id, owner or subscription, for operators also of an e-mail address, or a part of a slug or namespace, in any case
         */
        q?: string;
        product?: string;
        plan?: string;
        phase?: 'pending' | 'provisioning' | 'active' | 'updating' | 'suspending' | 'suspended' | 'deleting' | 'deleted' | 'failed';
        checkout?: string;
    };
    url: '/v1/tenants';
};

export type ListTenantsErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type ListTenantsError = ListTenantsErrors[keyof ListTenantsErrors];

export type ListTenantsResponses = {
    /**
     * One page
     */
    200: TenantList;
};

export type ListTenantsResponse = ListTenantsResponses[keyof ListTenantsResponses];

export type StreamTenantEventsData = {
    body?: never;
    headers?: {
        'last-event-id'?: string;
    };
    path: {
        id: string;
    };
    query?: never;
    url: '/v1/tenants/{id}/events';
};

export type StreamTenantEventsErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type StreamTenantEventsError = StreamTenantEventsErrors[keyof StreamTenantEventsErrors];

export type StreamTenantEventsResponses = {
    /**
     * The stream
     */
    200: string;
};

export type StreamTenantEventsResponse = StreamTenantEventsResponses[keyof StreamTenantEventsResponses];

export type GetTenantData = {
    body?: never;
    path: {
        id: string;
    };
    query?: never;
    url: '/v1/tenants/{id}';
};

export type GetTenantErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type GetTenantError = GetTenantErrors[keyof GetTenantErrors];

export type GetTenantResponses = {
    /**
     * The tenant
     */
    200: Tenant;
};

export type GetTenantResponse = GetTenantResponses[keyof GetTenantResponses];

export type GetTimelineData = {
    body?: never;
    path: {
        id: string;
    };
    query?: {
        /**
         * Most rows of a page
         */
        limit?: number;
        /**
         * `nextCursor` of the previous page
         */
        cursor?: string;
        /**
         * What the list is sorted by; `-` sorts from greatest to least
         */
        sort?: 'id' | '-id';
        /**
         * A part of the message, in any case
         */
        q?: string;
        /**
         * A kind, or its beginning up to a dot
         */
        kind?: string;
        /**
         * Only entries after the one with this id, like `Last-Event-ID` for events
         */
        after?: number | null;
    };
    url: '/v1/tenants/{id}/timeline';
};

export type GetTimelineErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type GetTimelineError = GetTimelineErrors[keyof GetTimelineErrors];

export type GetTimelineResponses = {
    /**
     * One page
     */
    200: Timeline;
};

export type GetTimelineResponse = GetTimelineResponses[keyof GetTimelineResponses];

export type GetAccessData = {
    body?: never;
    path: {
        id: string;
    };
    query?: never;
    url: '/v1/tenants/{id}/access';
};

export type GetAccessErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type GetAccessError = GetAccessErrors[keyof GetAccessErrors];

export type GetAccessResponses = {
    /**
     * Yes, here
     */
    200: Access;
};

export type GetAccessResponse = GetAccessResponses[keyof GetAccessResponses];

export type RetryTenantData = {
    body?: never;
    headers?: {
        /**
         * Your own id of the request, such as a UUID. If you send the request again with it within 24 hours, the work is not done again and you get the same answer
         */
        'idempotency-key'?: string;
    };
    path: {
        id: string;
    };
    query?: never;
    url: '/v1/tenants/{id}/retry';
};

export type RetryTenantErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type RetryTenantError = RetryTenantErrors[keyof RetryTenantErrors];

export type RetryTenantResponses = {
    /**
     * A worker is on it
     */
    202: Tenant;
};

export type RetryTenantResponse = RetryTenantResponses[keyof RetryTenantResponses];

export type GetCreditsData = {
    body?: never;
    path: {
        id: string;
    };
    query?: {
        /**
         * Most rows of a page
         */
        limit?: number;
        /**
         * `nextCursor` of the previous page
         */
        cursor?: string;
        /**
         * What the list is sorted by; `-` sorts from greatest to least
         */
        sort?: '-id' | 'id';
        /**
         * A part of the cause, in any case
         */
        q?: string;
        kind?: 'grant' | 'top_up' | 'hold' | 'capture' | 'release' | 'expiry' | 'overshoot';
    };
    url: '/v1/tenants/{id}/credits';
};

export type GetCreditsErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type GetCreditsError = GetCreditsErrors[keyof GetCreditsErrors];

export type GetCreditsResponses = {
    /**
     * The credits
     */
    200: Credits;
};

export type GetCreditsResponse = GetCreditsResponses[keyof GetCreditsResponses];

export type HoldCreditsData = {
    body: HoldRequest;
    headers?: {
        /**
         * Your own id of the request, such as a UUID. If you send the request again with it within 24 hours, the work is not done again and you get the same answer
         */
        'idempotency-key'?: string;
    };
    path: {
        id: string;
    };
    query?: never;
    url: '/v1/tenants/{id}/credits/holds';
};

export type HoldCreditsErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type HoldCreditsError = HoldCreditsErrors[keyof HoldCreditsErrors];

export type HoldCreditsResponses = {
    /**
     * The cause was booked before; nothing changed
     */
    200: LedgerAnswer;
    /**
     * Booked
     */
    201: LedgerAnswer;
};

export type HoldCreditsResponse = HoldCreditsResponses[keyof HoldCreditsResponses];

export type CaptureCreditsData = {
    body: CaptureRequest;
    headers?: {
        /**
         * Your own id of the request, such as a UUID. If you send the request again with it within 24 hours, the work is not done again and you get the same answer
         */
        'idempotency-key'?: string;
    };
    path: {
        id: string;
    };
    query?: never;
    url: '/v1/tenants/{id}/credits/captures';
};

export type CaptureCreditsErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type CaptureCreditsError = CaptureCreditsErrors[keyof CaptureCreditsErrors];

export type CaptureCreditsResponses = {
    /**
     * The cause was booked before; nothing changed
     */
    200: LedgerAnswer;
    /**
     * Booked
     */
    201: LedgerAnswer;
};

export type CaptureCreditsResponse = CaptureCreditsResponses[keyof CaptureCreditsResponses];

export type ReleaseCreditsData = {
    body: ReleaseRequest;
    headers?: {
        /**
         * Your own id of the request, such as a UUID. If you send the request again with it within 24 hours, the work is not done again and you get the same answer
         */
        'idempotency-key'?: string;
    };
    path: {
        id: string;
    };
    query?: never;
    url: '/v1/tenants/{id}/credits/releases';
};

export type ReleaseCreditsErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type ReleaseCreditsError = ReleaseCreditsErrors[keyof ReleaseCreditsErrors];

export type ReleaseCreditsResponses = {
    /**
     * The cause was booked before; nothing changed
     */
    200: LedgerAnswer;
    /**
     * Booked
     */
    201: LedgerAnswer;
};

export type ReleaseCreditsResponse = ReleaseCreditsResponses[keyof ReleaseCreditsResponses];

export type TopUpCreditsData = {
    body: TopUpRequest;
    headers?: {
        /**
         * Your own id of the request, such as a UUID. If you send the request again with it within 24 hours, the work is not done again and you get the same answer
         */
        'idempotency-key'?: string;
    };
    path: {
        id: string;
    };
    query?: never;
    url: '/v1/tenants/{id}/credits/top-ups';
};

export type TopUpCreditsErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type TopUpCreditsError = TopUpCreditsErrors[keyof TopUpCreditsErrors];

export type TopUpCreditsResponses = {
    /**
     * The cause was booked before; nothing changed
     */
    200: LedgerAnswer;
    /**
     * Booked
     */
    201: LedgerAnswer;
};

export type TopUpCreditsResponse = TopUpCreditsResponses[keyof TopUpCreditsResponses];

export type GetBudgetsData = {
    body?: never;
    path: {
        id: string;
    };
    query?: never;
    url: '/v1/tenants/{id}/budget';
};

export type GetBudgetsErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type GetBudgetsError = GetBudgetsErrors[keyof GetBudgetsErrors];

export type GetBudgetsResponses = {
    /**
     * Both budgets
     */
    200: Budgets;
};

export type GetBudgetsResponse = GetBudgetsResponses[keyof GetBudgetsResponses];

export type ChangeBudgetData = {
    body: BudgetChange;
    path: {
        id: string;
    };
    query?: never;
    url: '/v1/tenants/{id}/budget';
};

export type ChangeBudgetErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type ChangeBudgetError = ChangeBudgetErrors[keyof ChangeBudgetErrors];

export type ChangeBudgetResponses = {
    /**
     * Both budgets
     */
    200: Budgets;
};

export type ChangeBudgetResponse = ChangeBudgetResponses[keyof ChangeBudgetResponses];

export type ListApiCostsData = {
    body?: never;
    path: {
        id: string;
    };
    query?: {
        /**
         * Most rows of a page
         */
        limit?: number;
        /**
         * `nextCursor` of the previous page
         */
        cursor?: string;
        /**
         * What the list is sorted by; `-` sorts from greatest to least
         */
        sort?: '-at' | 'at';
        /**
         * Beginning of the id of a call, in any case
         */
        q?: string;
        provider?: string;
        operation?: string;
        project?: string;
        /**
         * `open`: its cost has not been reported
         */
        state?: 'open' | 'settled';
    };
    url: '/v1/tenants/{id}/api-costs';
};

export type ListApiCostsErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type ListApiCostsError = ListApiCostsErrors[keyof ListApiCostsErrors];

export type ListApiCostsResponses = {
    /**
     * One page
     */
    200: ApiCosts;
};

export type ListApiCostsResponse = ListApiCostsResponses[keyof ListApiCostsResponses];

export type ChargeApiCallData = {
    body: ApiCost;
    headers?: {
        /**
         * Your own id of the request, such as a UUID. If you send the request again with it within 24 hours, the work is not done again and you get the same answer
         */
        'idempotency-key'?: string;
    };
    path: {
        id: string;
    };
    query?: never;
    url: '/v1/tenants/{id}/api-costs';
};

export type ChargeApiCallErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type ChargeApiCallError = ChargeApiCallErrors[keyof ChargeApiCallErrors];

export type ChargeApiCallResponses = {
    /**
     * The call was counted before; nothing changed
     */
    200: ApiCostAnswer;
    /**
     * Counted
     */
    201: ApiCostAnswer;
};

export type ChargeApiCallResponse = ChargeApiCallResponses[keyof ChargeApiCallResponses];

export type GetEntitlementsData = {
    body?: never;
    path: {
        id: string;
    };
    query?: never;
    url: '/v1/tenants/{id}/entitlements';
};

export type GetEntitlementsErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type GetEntitlementsError = GetEntitlementsErrors[keyof GetEntitlementsErrors];

export type GetEntitlementsResponses = {
    /**
     * What it may do
     */
    200: Entitlements;
};

export type GetEntitlementsResponse = GetEntitlementsResponses[keyof GetEntitlementsResponses];

export type CheckUseData = {
    body: CheckRequest;
    headers?: {
        /**
         * Your own id of the request, such as a UUID. If you send the request again with it within 24 hours, the work is not done again and you get the same answer
         */
        'idempotency-key'?: string;
    };
    path: {
        id: string;
    };
    query?: never;
    url: '/v1/tenants/{id}/check';
};

export type CheckUseErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type CheckUseError = CheckUseErrors[keyof CheckUseErrors];

export type CheckUseResponses = {
    /**
     * An earlier request with the key made the reservation
     */
    200: CheckAnswer;
    /**
     * Admitted and reserved
     */
    201: CheckAnswer;
};

export type CheckUseResponse = CheckUseResponses[keyof CheckUseResponses];

export type ListReservationsData = {
    body?: never;
    path: {
        id: string;
    };
    query?: {
        /**
         * Most rows of a page
         */
        limit?: number;
        /**
         * `nextCursor` of the previous page
         */
        cursor?: string;
        /**
         * What the list is sorted by; `-` sorts from greatest to least
         */
        sort?: '-createdAt' | 'createdAt';
        /**
         * Beginning of an id or of a key, in any case
         */
        q?: string;
        meter?: string;
        state?: 'open' | 'settled' | 'released' | 'expired';
    };
    url: '/v1/tenants/{id}/reservations';
};

export type ListReservationsErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type ListReservationsError = ListReservationsErrors[keyof ListReservationsErrors];

export type ListReservationsResponses = {
    /**
     * One page
     */
    200: ReservationList;
};

export type ListReservationsResponse = ListReservationsResponses[keyof ListReservationsResponses];

export type SettleUseData = {
    body: SettleRequest;
    headers?: {
        /**
         * Your own id of the request, such as a UUID. If you send the request again with it within 24 hours, the work is not done again and you get the same answer
         */
        'idempotency-key'?: string;
    };
    path: {
        id: string;
        reservation: string;
    };
    query?: never;
    url: '/v1/tenants/{id}/check/{reservation}/settle';
};

export type SettleUseErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type SettleUseError = SettleUseErrors[keyof SettleUseErrors];

export type SettleUseResponses = {
    /**
     * Counted
     */
    200: SettleAnswer;
};

export type SettleUseResponse = SettleUseResponses[keyof SettleUseResponses];

export type ReleaseUseData = {
    body?: never;
    headers?: {
        /**
         * Your own id of the request, such as a UUID. If you send the request again with it within 24 hours, the work is not done again and you get the same answer
         */
        'idempotency-key'?: string;
    };
    path: {
        id: string;
        reservation: string;
    };
    query?: never;
    url: '/v1/tenants/{id}/check/{reservation}/release';
};

export type ReleaseUseErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type ReleaseUseError = ReleaseUseErrors[keyof ReleaseUseErrors];

export type ReleaseUseResponses = {
    /**
     * Given back
     */
    200: SettleAnswer;
};

export type ReleaseUseResponse = ReleaseUseResponses[keyof ReleaseUseResponses];

export type GetUsageData = {
    body?: never;
    path: {
        id: string;
    };
    query?: {
        /**
         * Samples of five minutes are kept 35 days, hours 400 days, days three years
         */
        by?: 'sample' | 'hour' | 'day';
        /**
         * First day (UTC); the first of this month when left out
         */
        from?: string;
        /**
         * The last day; defaults to today
         */
        until?: string;
        format?: 'json' | 'csv';
    };
    url: '/v1/tenants/{id}/usage';
};

export type GetUsageErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type GetUsageError = GetUsageErrors[keyof GetUsageErrors];

export type GetUsageResponses = {
    /**
     * The use; with `format=csv` as comma-separated values
     */
    200: Usage;
};

export type GetUsageResponse = GetUsageResponses[keyof GetUsageResponses];

export type TellUsageData = {
    body: ToldUsage;
    headers?: {
        /**
         * Your own id of the request, such as a UUID. If you send the request again with it within 24 hours, the work is not done again and you get the same answer
         */
        'idempotency-key'?: string;
    };
    path: {
        id: string;
    };
    query?: never;
    url: '/v1/tenants/{id}/usage';
};

export type TellUsageErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type TellUsageError = TellUsageErrors[keyof TellUsageErrors];

export type TellUsageResponses = {
    /**
     * All of it counts
     */
    200: ToldUsageAnswer;
};

export type TellUsageResponse = TellUsageResponses[keyof TellUsageResponses];

export type GetStatementData = {
    body?: never;
    path: {
        id: string;
    };
    query?: {
        /**
         * A calendar month (UTC); defaults to the present one
         */
        month?: string;
        format?: 'json' | 'csv';
    };
    url: '/v1/tenants/{id}/statement';
};

export type GetStatementErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type GetStatementError = GetStatementErrors[keyof GetStatementErrors];

export type GetStatementResponses = {
    /**
     * The statement; with `format=csv` as comma-separated values
     */
    200: Statement;
};

export type GetStatementResponse = GetStatementResponses[keyof GetStatementResponses];

export type ListFindingsData = {
    body?: never;
    path?: never;
    query?: {
        /**
         * Most rows of a page
         */
        limit?: number;
        /**
         * `nextCursor` of the previous page
         */
        cursor?: string;
        /**
         * What the list is sorted by; `-` sorts from greatest to least
         */
        sort?: '-id' | 'id';
        /**
         * A part of the subject, or the beginning of a key, a tenant or a subscription, in any case
         */
        q?: string;
        /**
         * The product of its tenant
         */
        product?: string;
        kind?: 'paid-without-tenant' | 'paid-not-served' | 'unpaid-served' | 'wrong-plan' | 'wrong-seats' | 'stale-record' | 'wrong-product' | 'subscription-missing' | 'tenant-without-subscription' | 'billed-after-deletion' | 'subscription-of-nobody' | 'customer-of-nobody' | 'customer-missing' | 'unreported-usage' | 'ledger-unbalanced' | 'tenant-stuck' | 'slot-stuck' | 'tenant-stalled' | 'namespace-missing' | 'object-missing' | 'wrong-plan-in-cluster' | 'database-missing' | 'not-running' | 'runs-otherwise' | 'lease-left' | 'stack-missing' | 'reservation-without-stack' | 'slot-of-nobody' | 'namespace-of-nobody' | 'schema-of-nobody' | 'role-of-nobody' | 'database-of-nobody' | 'stack-of-nobody' | 'object-left' | 'object-of-nobody';
        state?: 'suspected' | 'healing' | 'waiting' | 'approved' | 'dismissed';
        tenant?: string;
        ended?: 'true' | 'false';
    };
    url: '/v1/findings';
};

export type ListFindingsErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type ListFindingsError = ListFindingsErrors[keyof ListFindingsErrors];

export type ListFindingsResponses = {
    /**
     * One page
     */
    200: FindingList;
};

export type ListFindingsResponse = ListFindingsResponses[keyof ListFindingsResponses];

export type ApproveFindingData = {
    body: {
        note?: string;
    };
    headers?: {
        /**
         * Your own id of the request, such as a UUID. If you send the request again with it within 24 hours, the work is not done again and you get the same answer
         */
        'idempotency-key'?: string;
    };
    path: {
        id: string;
    };
    query?: never;
    url: '/v1/findings/{id}/approve';
};

export type ApproveFindingErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type ApproveFindingError = ApproveFindingErrors[keyof ApproveFindingErrors];

export type ApproveFindingResponses = {
    /**
     * It is being done
     */
    200: Finding;
};

export type ApproveFindingResponse = ApproveFindingResponses[keyof ApproveFindingResponses];

export type DismissFindingData = {
    body: {
        note?: string;
    };
    headers?: {
        /**
         * Your own id of the request, such as a UUID. If you send the request again with it within 24 hours, the work is not done again and you get the same answer
         */
        'idempotency-key'?: string;
    };
    path: {
        id: string;
    };
    query?: never;
    url: '/v1/findings/{id}/dismiss';
};

export type DismissFindingErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type DismissFindingError = DismissFindingErrors[keyof DismissFindingErrors];

export type DismissFindingResponses = {
    /**
     * Dismissed
     */
    200: Finding;
};

export type DismissFindingResponse = DismissFindingResponses[keyof DismissFindingResponses];

export type GetReconciliationData = {
    body?: never;
    path?: never;
    query?: never;
    url: '/v1/reconciliation';
};

export type GetReconciliationErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type GetReconciliationError = GetReconciliationErrors[keyof GetReconciliationErrors];

export type GetReconciliationResponses = {
    /**
     * Every area
     */
    200: Reconciliations;
};

export type GetReconciliationResponse = GetReconciliationResponses[keyof GetReconciliationResponses];

export type ReconcileData = {
    body: {
        /**
         * Look and tell, and heal nothing
         */
        dryRun?: boolean;
    };
    headers?: {
        /**
         * Your own id of the request, such as a UUID. If you send the request again with it within 24 hours, the work is not done again and you get the same answer
         */
        'idempotency-key'?: string;
    };
    path?: never;
    query?: never;
    url: '/v1/reconciliation';
};

export type ReconcileErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type ReconcileError = ReconcileErrors[keyof ReconcileErrors];

export type ReconcileResponses = {
    /**
     * Every area that will be compared
     */
    202: Reconciliations;
};

export type ReconcileResponse = ReconcileResponses[keyof ReconcileResponses];

export type ListSubscriptionsData = {
    body?: never;
    path?: never;
    query?: {
        /**
         * Most rows of a page
         */
        limit?: number;
        /**
         * `nextCursor` of the previous page
         */
        cursor?: string;
        /**
         * What the list is sorted by; `-` sorts from greatest to least
         */
        sort?: '-createdAt' | 'createdAt';
        /**
         * Beginning of an id, a tenant or an owner, or a part of the name of the organization that pays, in any case
         */
        q?: string;
        product?: string;
        plan?: string;
        status?: 'incomplete' | 'incomplete_expired' | 'trialing' | 'active' | 'past_due' | 'canceled' | 'unpaid' | 'paused';
        /**
         * Who pays
         */
        organization?: string;
    };
    url: '/v1/subscriptions';
};

export type ListSubscriptionsErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type ListSubscriptionsError = ListSubscriptionsErrors[keyof ListSubscriptionsErrors];

export type ListSubscriptionsResponses = {
    /**
     * One page
     */
    200: SubscriptionList;
};

export type ListSubscriptionsResponse = ListSubscriptionsResponses[keyof ListSubscriptionsResponses];

export type GetSubscriptionData = {
    body?: never;
    path: {
        id: string;
    };
    query?: never;
    url: '/v1/subscriptions/{id}';
};

export type GetSubscriptionErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type GetSubscriptionError = GetSubscriptionErrors[keyof GetSubscriptionErrors];

export type GetSubscriptionResponses = {
    /**
     * The subscription
     */
    200: Subscription;
};

export type GetSubscriptionResponse = GetSubscriptionResponses[keyof GetSubscriptionResponses];

export type PreviewChangeData = {
    body: ChangePreviewRequest;
    path: {
        id: string;
    };
    query?: never;
    url: '/v1/subscriptions/{id}/preview';
};

export type PreviewChangeErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type PreviewChangeError = PreviewChangeErrors[keyof PreviewChangeErrors];

export type PreviewChangeResponses = {
    /**
     * The costs
     */
    200: ChangePreview;
};

export type PreviewChangeResponse = PreviewChangeResponses[keyof PreviewChangeResponses];

export type ChangeSubscriptionData = {
    body: ChangeRequest;
    headers?: {
        /**
         * Your own id of the request, such as a UUID. If you send the request again with it within 24 hours, the work is not done again and you get the same answer
         */
        'idempotency-key'?: string;
    };
    path: {
        id: string;
    };
    query?: never;
    url: '/v1/subscriptions/{id}/change';
};

export type ChangeSubscriptionErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type ChangeSubscriptionError = ChangeSubscriptionErrors[keyof ChangeSubscriptionErrors];

export type ChangeSubscriptionResponses = {
    /**
     * The subscription afterwards; its tenant follows
     */
    200: Subscription;
};

export type ChangeSubscriptionResponse = ChangeSubscriptionResponses[keyof ChangeSubscriptionResponses];

export type CancelSubscriptionData = {
    body?: CancelRequest;
    headers?: {
        /**
         * Your own id of the request, such as a UUID. If you send the request again with it within 24 hours, the work is not done again and you get the same answer
         */
        'idempotency-key'?: string;
    };
    path: {
        id: string;
    };
    query?: never;
    url: '/v1/subscriptions/{id}/cancel';
};

export type CancelSubscriptionErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type CancelSubscriptionError = CancelSubscriptionErrors[keyof CancelSubscriptionErrors];

export type CancelSubscriptionResponses = {
    /**
     * The subscription afterwards; its tenant follows
     */
    200: Subscription;
};

export type CancelSubscriptionResponse = CancelSubscriptionResponses[keyof CancelSubscriptionResponses];

export type ReactivateSubscriptionData = {
    body?: never;
    headers?: {
        /**
         * Your own id of the request, such as a UUID. If you send the request again with it within 24 hours, the work is not done again and you get the same answer
         */
        'idempotency-key'?: string;
    };
    path: {
        id: string;
    };
    query?: never;
    url: '/v1/subscriptions/{id}/reactivate';
};

export type ReactivateSubscriptionErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type ReactivateSubscriptionError = ReactivateSubscriptionErrors[keyof ReactivateSubscriptionErrors];

export type ReactivateSubscriptionResponses = {
    /**
     * The subscription afterwards
     */
    200: Subscription;
};

export type ReactivateSubscriptionResponse = ReactivateSubscriptionResponses[keyof ReactivateSubscriptionResponses];

export type ListInvoicesData = {
    body?: never;
    path?: never;
    query?: {
        /**
         * Most rows of a page
         */
        limit?: number;
        /**
         * `nextCursor` of the previous page
         */
        cursor?: string;
        /**
         * What the list is sorted by; `-` sorts from greatest to least
         */
        sort?: '-createdAt';
        organization?: string;
        subscription?: string;
        status?: 'draft' | 'open' | 'paid' | 'uncollectible' | 'void';
    };
    url: '/v1/invoices';
};

export type ListInvoicesErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type ListInvoicesError = ListInvoicesErrors[keyof ListInvoicesErrors];

export type ListInvoicesResponses = {
    /**
     * One page
     */
    200: InvoiceList;
};

export type ListInvoicesResponse = ListInvoicesResponses[keyof ListInvoicesResponses];

export type GetInvoiceData = {
    body?: never;
    path: {
        id: string;
    };
    query?: never;
    url: '/v1/invoices/{id}';
};

export type GetInvoiceErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type GetInvoiceError = GetInvoiceErrors[keyof GetInvoiceErrors];

export type GetInvoiceResponses = {
    /**
     * The invoice
     */
    200: Invoice;
};

export type GetInvoiceResponse = GetInvoiceResponses[keyof GetInvoiceResponses];

export type PayInvoiceData = {
    body?: never;
    headers?: {
        /**
         * Your own id of the request, such as a UUID. If you send the request again with it within 24 hours, the work is not done again and you get the same answer
         */
        'idempotency-key'?: string;
    };
    path: {
        id: string;
    };
    query?: never;
    url: '/v1/invoices/{id}/pay';
};

export type PayInvoiceErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type PayInvoiceError = PayInvoiceErrors[keyof PayInvoiceErrors];

export type PayInvoiceResponses = {
    /**
     * The invoice afterwards
     */
    200: Invoice;
};

export type PayInvoiceResponse = PayInvoiceResponses[keyof PayInvoiceResponses];

export type OpenPortalData = {
    body: PortalRequest;
    headers?: {
        /**
         * Your own id of the request, such as a UUID. If you send the request again with it within 24 hours, the work is not done again and you get the same answer
         */
        'idempotency-key'?: string;
    };
    path?: never;
    query?: never;
    url: '/v1/portal';
};

export type OpenPortalErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type OpenPortalError = OpenPortalErrors[keyof OpenPortalErrors];

export type OpenPortalResponses = {
    /**
     * Go to `url`
     */
    201: Portal;
};

export type OpenPortalResponse = OpenPortalResponses[keyof OpenPortalResponses];

export type ListOrganizationsData = {
    body?: never;
    path?: never;
    query?: {
        /**
         * Most rows of a page
         */
        limit?: number;
        /**
         * `nextCursor` of the previous page
         */
        cursor?: string;
        /**
         * What the list is sorted by; `-` sorts from greatest to least
         */
        sort?: 'name' | '-name' | 'createdAt' | '-createdAt';
        /**
         * A part of the name or the slug, or the beginning of an id or of the billing address, in any case
         */
        q?: string;
        role?: 'admin' | 'viewer';
    };
    url: '/v1/organizations';
};

export type ListOrganizationsErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type ListOrganizationsError = ListOrganizationsErrors[keyof ListOrganizationsErrors];

export type ListOrganizationsResponses = {
    /**
     * One page
     */
    200: OrganizationList;
};

export type ListOrganizationsResponse = ListOrganizationsResponses[keyof ListOrganizationsResponses];

export type ListKeysData = {
    body?: never;
    path?: never;
    query?: {
        /**
         * Most rows of a page
         */
        limit?: number;
        /**
         * `nextCursor` of the previous page
         */
        cursor?: string;
        /**
         * What the list is sorted by; `-` sorts from greatest to least
         */
        sort?: '-createdAt' | 'createdAt' | 'name' | '-name';
        /**
         * A part of the name, or the beginning of an id, a subject or a tenant, in any case
         */
        q?: string;
        /**
         * Only keys of the product's own application
         */
        product?: string;
        tenant?: string;
        /**
         * Only keys of this kind of owner
         */
        kind?: 'person' | 'tenant' | 'service';
        scope?: 'tenants:read' | 'tenants:write' | 'entitlements:read' | 'checks:write' | 'usage:write' | 'notifications:read' | 'notifications:write';
        state?: 'live' | 'expired';
    };
    url: '/v1/keys';
};

export type ListKeysErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type ListKeysError = ListKeysErrors[keyof ListKeysErrors];

export type ListKeysResponses = {
    /**
     * One page
     */
    200: KeyList;
};

export type ListKeysResponse = ListKeysResponses[keyof ListKeysResponses];

export type CreateKeyData = {
    body: KeyRequest;
    headers?: {
        /**
         * Your own id of the request, such as a UUID. If you send the request again with it within 24 hours, the work is not done again and you get the same answer
         */
        'idempotency-key'?: string;
    };
    path?: never;
    query?: never;
    url: '/v1/keys';
};

export type CreateKeyErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type CreateKeyError = CreateKeyErrors[keyof CreateKeyErrors];

export type CreateKeyResponses = {
    /**
     * The key, this one time
     */
    201: NewKey;
};

export type CreateKeyResponse = CreateKeyResponses[keyof CreateKeyResponses];

export type RevokeKeyData = {
    body?: never;
    path: {
        id: string;
    };
    query?: never;
    url: '/v1/keys/{id}';
};

export type RevokeKeyErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type RevokeKeyError = RevokeKeyErrors[keyof RevokeKeyErrors];

export type RevokeKeyResponses = {
    /**
     * The key as it was
     */
    200: Key;
};

export type RevokeKeyResponse = RevokeKeyResponses[keyof RevokeKeyResponses];

export type GetFiguresData = {
    body?: never;
    path?: never;
    query?: {
        /**
         * First UTC day; the first of the month eleven months ago
         */
        from?: string;
        /**
         * Last UTC day; today
         */
        to?: string;
        every?: 'day' | 'month' | 'whole';
        by?: 'none' | 'product' | 'plan';
        /**
         * Figures are in one currency; nothing is converted
         */
        currency?: string;
    };
    url: '/v1/figures';
};

export type GetFiguresErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type GetFiguresError = GetFiguresErrors[keyof GetFiguresErrors];

export type GetFiguresResponses = {
    /**
     * A row for each period and product or plan
     */
    200: Figures;
};

export type GetFiguresResponse = GetFiguresResponses[keyof GetFiguresResponses];

export type GetMrrData = {
    body?: never;
    path?: never;
    query?: {
        /**
         * An instant, past ones too; now
         */
        at?: string;
    };
    url: '/v1/figures/mrr';
};

export type GetMrrErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type GetMrrError = GetMrrErrors[keyof GetMrrErrors];

export type GetMrrResponses = {
    /**
     * By plan and currency
     */
    200: Mrr;
};

export type GetMrrResponse = GetMrrResponses[keyof GetMrrResponses];

export type GetFiguresOverviewData = {
    body?: never;
    path?: never;
    query?: never;
    url: '/v1/figures/overview';
};

export type GetFiguresOverviewErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type GetFiguresOverviewError = GetFiguresOverviewErrors[keyof GetFiguresOverviewErrors];

export type GetFiguresOverviewResponses = {
    /**
     * By product
     */
    200: FiguresOverview;
};

export type GetFiguresOverviewResponse = GetFiguresOverviewResponses[keyof GetFiguresOverviewResponses];

export type GetOnboardingData = {
    body?: never;
    path?: never;
    query: {
        slug: string;
        adminEmail: string;
    };
    url: '/v1/onboardings';
};

export type GetOnboardingErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type GetOnboardingError = GetOnboardingErrors[keyof GetOnboardingErrors];

export type GetOnboardingResponses = {
    /**
     * The parts
     */
    200: Onboarding;
};

export type GetOnboardingResponse = GetOnboardingResponses[keyof GetOnboardingResponses];

export type OnboardOrganizationData = {
    body: OnboardRequest;
    headers?: {
        /**
         * Your own id of the request, such as a UUID. If you send the request again with it within 24 hours, the work is not done again and you get the same answer
         */
        'idempotency-key'?: string;
    };
    path?: never;
    query?: never;
    url: '/v1/onboardings';
};

export type OnboardOrganizationErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type OnboardOrganizationError = OnboardOrganizationErrors[keyof OnboardOrganizationErrors];

export type OnboardOrganizationResponses = {
    /**
     * Everything existed
     */
    200: Onboarding;
    /**
     * Something was made
     */
    201: Onboarding;
};

export type OnboardOrganizationResponse = OnboardOrganizationResponses[keyof OnboardOrganizationResponses];

export type ListExportsData = {
    body?: never;
    path: {
        id: string;
    };
    query?: {
        /**
         * Most rows of a page
         */
        limit?: number;
        /**
         * `nextCursor` of the previous page
         */
        cursor?: string;
        /**
         * What the list is sorted by; `-` sorts from greatest to least
         */
        sort?: '-id' | 'id';
        reason?: 'request' | 'offboarding';
        state?: 'pending' | 'ready' | 'expired';
    };
    url: '/v1/tenants/{id}/exports';
};

export type ListExportsErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type ListExportsError = ListExportsErrors[keyof ListExportsErrors];

export type ListExportsResponses = {
    /**
     * The exports
     */
    200: TenantExportList;
};

export type ListExportsResponse = ListExportsResponses[keyof ListExportsResponses];

export type RequestExportData = {
    body?: never;
    headers?: {
        /**
         * Your own id of the request, such as a UUID. If you send the request again with it within 24 hours, the work is not done again and you get the same answer
         */
        'idempotency-key'?: string;
    };
    path: {
        id: string;
    };
    query?: never;
    url: '/v1/tenants/{id}/exports';
};

export type RequestExportErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type RequestExportError = RequestExportErrors[keyof RequestExportErrors];

export type RequestExportResponses = {
    /**
     * It is being made
     */
    202: TenantExport;
};

export type RequestExportResponse = RequestExportResponses[keyof RequestExportResponses];

export type DownloadExportData = {
    body?: never;
    path: {
        id: string;
        export: number;
    };
    query?: never;
    url: '/v1/tenants/{id}/exports/{export}/file';
};

export type DownloadExportErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type DownloadExportError = DownloadExportErrors[keyof DownloadExportErrors];

export type DownloadExportResponses = {
    /**
     * The file
     */
    200: Blob | File;
};

export type DownloadExportResponse = DownloadExportResponses[keyof DownloadExportResponses];

export type GetOffboardingData = {
    body?: never;
    path: {
        id: string;
    };
    query?: never;
    url: '/v1/tenants/{id}/offboarding';
};

export type GetOffboardingErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type GetOffboardingError = GetOffboardingErrors[keyof GetOffboardingErrors];

export type GetOffboardingResponses = {
    /**
     * The journal
     */
    200: Offboarding;
};

export type GetOffboardingResponse = GetOffboardingResponses[keyof GetOffboardingResponses];

export type BeginOffboardingData = {
    body?: never;
    headers?: {
        /**
         * Your own id of the request, such as a UUID. If you send the request again with it within 24 hours, the work is not done again and you get the same answer
         */
        'idempotency-key'?: string;
    };
    path: {
        id: string;
    };
    query?: never;
    url: '/v1/tenants/{id}/offboarding';
};

export type BeginOffboardingErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type BeginOffboardingError = BeginOffboardingErrors[keyof BeginOffboardingErrors];

export type BeginOffboardingResponses = {
    /**
     * The journal
     */
    202: Offboarding;
};

export type BeginOffboardingResponse = BeginOffboardingResponses[keyof BeginOffboardingResponses];

export type ListOffboardingsData = {
    body?: never;
    path?: never;
    query?: {
        /**
         * Most rows of a page
         */
        limit?: number;
        /**
         * `nextCursor` of the previous page
         */
        cursor?: string;
        /**
         * What the list is sorted by; `-` sorts from greatest to least
         */
        sort?: 'begunAt' | '-begunAt';
        /**
         * Of its tenant: beginning of an id, owner or subscription or e-mail address, or a part of a slug or namespace, in any case
         */
        q?: string;
        product?: string;
        plan?: string;
        phase?: 'pending' | 'provisioning' | 'active' | 'updating' | 'suspending' | 'suspended' | 'deleting' | 'deleted' | 'failed';
        /**
         * `finished`: the receipt is signed
         */
        state?: 'open' | 'finished';
    };
    url: '/v1/offboardings';
};

export type ListOffboardingsErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type ListOffboardingsError = ListOffboardingsErrors[keyof ListOffboardingsErrors];

export type ListOffboardingsResponses = {
    /**
     * One page of journals
     */
    200: OffboardingList;
};

export type ListOffboardingsResponse = ListOffboardingsResponses[keyof ListOffboardingsResponses];

export type GetReceiptData = {
    body?: never;
    path: {
        id: string;
    };
    query?: never;
    url: '/v1/tenants/{id}/receipt';
};

export type GetReceiptErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type GetReceiptError = GetReceiptErrors[keyof GetReceiptErrors];

export type GetReceiptResponses = {
    /**
     * The receipt
     */
    200: Receipt;
};

export type GetReceiptResponse = GetReceiptResponses[keyof GetReceiptResponses];

export type ListReceiptKeysData = {
    body?: never;
    path?: never;
    query?: never;
    url: '/v1/receipt-keys';
};

export type ListReceiptKeysErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type ListReceiptKeysError = ListReceiptKeysErrors[keyof ListReceiptKeysErrors];

export type ListReceiptKeysResponses = {
    /**
     * The keys
     */
    200: {
        keys: Array<{
            kty: string;
            crv: string;
            x: string;
            kid: string;
            [key: string]: unknown;
        }>;
    };
};

export type ListReceiptKeysResponse = ListReceiptKeysResponses[keyof ListReceiptKeysResponses];

export type ListNotificationEndpointsData = {
    body?: never;
    path?: never;
    query?: {
        /**
         * Most rows of a page
         */
        limit?: number;
        /**
         * `nextCursor` of the previous page
         */
        cursor?: string;
        /**
         * What the list is sorted by; `-` sorts from greatest to least
         */
        sort?: '-createdAt' | 'createdAt';
        /**
         * A part of the URL or the description, or the beginning of an id, in any case
         */
        q?: string;
        /**
         * Only those of endpoints for this product
         */
        product?: string;
        /**
         * Only those of this tenant; defaults to all that you may see
         */
        tenant?: string;
        state?: 'enabled' | 'disabled';
    };
    url: '/v1/notifications/endpoints';
};

export type ListNotificationEndpointsErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type ListNotificationEndpointsError = ListNotificationEndpointsErrors[keyof ListNotificationEndpointsErrors];

export type ListNotificationEndpointsResponses = {
    /**
     * One page
     */
    200: NotificationEndpointList;
};

export type ListNotificationEndpointsResponse = ListNotificationEndpointsResponses[keyof ListNotificationEndpointsResponses];

export type AddNotificationEndpointData = {
    body: NewNotificationEndpoint;
    headers?: {
        /**
         * Your own id of the request, such as a UUID. If you send the request again with it within 24 hours, the work is not done again and you get the same answer
         */
        'idempotency-key'?: string;
    };
    path?: never;
    query?: never;
    url: '/v1/notifications/endpoints';
};

export type AddNotificationEndpointErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type AddNotificationEndpointError = AddNotificationEndpointErrors[keyof AddNotificationEndpointErrors];

export type AddNotificationEndpointResponses = {
    /**
     * It gets events from now on
     */
    201: NotificationEndpointSecret;
};

export type AddNotificationEndpointResponse = AddNotificationEndpointResponses[keyof AddNotificationEndpointResponses];

export type RemoveNotificationEndpointData = {
    body?: never;
    path: {
        id: string;
    };
    query?: never;
    url: '/v1/notifications/endpoints/{id}';
};

export type RemoveNotificationEndpointErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type RemoveNotificationEndpointError = RemoveNotificationEndpointErrors[keyof RemoveNotificationEndpointErrors];

export type RemoveNotificationEndpointResponses = {
    /**
     * It is gone
     */
    204: void;
};

export type RemoveNotificationEndpointResponse = RemoveNotificationEndpointResponses[keyof RemoveNotificationEndpointResponses];

export type GetNotificationEndpointData = {
    body?: never;
    path: {
        id: string;
    };
    query?: never;
    url: '/v1/notifications/endpoints/{id}';
};

export type GetNotificationEndpointErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type GetNotificationEndpointError = GetNotificationEndpointErrors[keyof GetNotificationEndpointErrors];

export type GetNotificationEndpointResponses = {
    /**
     * The endpoint
     */
    200: NotificationEndpoint;
};

export type GetNotificationEndpointResponse = GetNotificationEndpointResponses[keyof GetNotificationEndpointResponses];

export type RotateNotificationSecretData = {
    body?: never;
    headers?: {
        /**
         * Your own id of the request, such as a UUID. If you send the request again with it within 24 hours, the work is not done again and you get the same answer
         */
        'idempotency-key'?: string;
    };
    path: {
        id: string;
    };
    query?: never;
    url: '/v1/notifications/endpoints/{id}/rotate';
};

export type RotateNotificationSecretErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type RotateNotificationSecretError = RotateNotificationSecretErrors[keyof RotateNotificationSecretErrors];

export type RotateNotificationSecretResponses = {
    /**
     * The new secret, shown this once
     */
    200: NotificationEndpointSecret;
};

export type RotateNotificationSecretResponse = RotateNotificationSecretResponses[keyof RotateNotificationSecretResponses];

export type EnableNotificationEndpointData = {
    body?: never;
    headers?: {
        /**
         * Your own id of the request, such as a UUID. If you send the request again with it within 24 hours, the work is not done again and you get the same answer
         */
        'idempotency-key'?: string;
    };
    path: {
        id: string;
    };
    query?: never;
    url: '/v1/notifications/endpoints/{id}/enable';
};

export type EnableNotificationEndpointErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type EnableNotificationEndpointError = EnableNotificationEndpointErrors[keyof EnableNotificationEndpointErrors];

export type EnableNotificationEndpointResponses = {
    /**
     * It is enabled
     */
    200: NotificationEndpoint;
};

export type EnableNotificationEndpointResponse = EnableNotificationEndpointResponses[keyof EnableNotificationEndpointResponses];

export type TestNotificationEndpointData = {
    body?: never;
    headers?: {
        /**
         * Your own id of the request, such as a UUID. If you send the request again with it within 24 hours, the work is not done again and you get the same answer
         */
        'idempotency-key'?: string;
    };
    path: {
        id: string;
    };
    query?: never;
    url: '/v1/notifications/endpoints/{id}/test';
};

export type TestNotificationEndpointErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type TestNotificationEndpointError = TestNotificationEndpointErrors[keyof TestNotificationEndpointErrors];

export type TestNotificationEndpointResponses = {
    /**
     * It is on its way
     */
    202: TestSent;
};

export type TestNotificationEndpointResponse = TestNotificationEndpointResponses[keyof TestNotificationEndpointResponses];

export type ReplayNotificationsData = {
    body: ReplayRequest;
    headers?: {
        /**
         * Your own id of the request, such as a UUID. If you send the request again with it within 24 hours, the work is not done again and you get the same answer
         */
        'idempotency-key'?: string;
    };
    path: {
        id: string;
    };
    query?: never;
    url: '/v1/notifications/endpoints/{id}/replay';
};

export type ReplayNotificationsErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type ReplayNotificationsError = ReplayNotificationsErrors[keyof ReplayNotificationsErrors];

export type ReplayNotificationsResponses = {
    /**
     * They are on their way
     */
    202: Replayed;
};

export type ReplayNotificationsResponse = ReplayNotificationsResponses[keyof ReplayNotificationsResponses];

export type ListNotificationsData = {
    body?: never;
    path?: never;
    query?: {
        /**
         * Most rows of a page
         */
        limit?: number;
        /**
         * `nextCursor` of the previous page
         */
        cursor?: string;
        /**
         * What the list is sorted by; `-` sorts from greatest to least
         */
        sort?: '-id' | 'id';
        /**
         * Beginning of the id of an event, a tenant or an organization, in any case
         */
        q?: string;
        /**
         * Only those of endpoints for this product
         */
        product?: string;
        /**
         * Only those of this tenant; defaults to all that you may see
         */
        tenant?: string;
        endpoint?: string;
        state?: 'pending' | 'delivered' | 'failed';
        type?: 'tenant.created' | 'tenant.active' | 'tenant.suspended' | 'tenant.resumed' | 'tenant.plan_changed' | 'tenant.deletion_scheduled' | 'tenant.deleted' | 'credits.low' | 'credits.exhausted' | 'usage.limit_reached' | 'budget.reached' | 'member.added' | 'member.joined' | 'member.role_changed' | 'member.removed' | 'session.completed' | 'notifications.test';
    };
    url: '/v1/notifications';
};

export type ListNotificationsErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type ListNotificationsError = ListNotificationsErrors[keyof ListNotificationsErrors];

export type ListNotificationsResponses = {
    /**
     * One page
     */
    200: NotificationList;
};

export type ListNotificationsResponse = ListNotificationsResponses[keyof ListNotificationsResponses];

export type GetNotificationData = {
    body?: never;
    path: {
        id: string;
    };
    query?: never;
    url: '/v1/notifications/{id}';
};

export type GetNotificationErrors = {
    /**
     * An error
     */
    default: Problem;
};

export type GetNotificationError = GetNotificationErrors[keyof GetNotificationErrors];

export type GetNotificationResponses = {
    /**
     * The notification
     */
    200: NotificationDetail;
};

export type GetNotificationResponse = GetNotificationResponses[keyof GetNotificationResponses];

export type GetHealthData = {
    body?: never;
    path?: never;
    query?: never;
    url: '/healthz';
};

export type GetHealthResponses = {
    /**
     * Yes
     */
    200: Health;
};

export type GetHealthResponse = GetHealthResponses[keyof GetHealthResponses];

export type GetReadinessData = {
    body?: never;
    path?: never;
    query?: {
        exclude?: Array<'database' | 'worker' | 'stripe' | 'issuer'>;
    };
    url: '/readyz';
};

export type GetReadinessErrors = {
    /**
     * No, and what is missing
     */
    503: NotReady;
};

export type GetReadinessError = GetReadinessErrors[keyof GetReadinessErrors];

export type GetReadinessResponses = {
    /**
     * Yes
     */
    200: Readiness;
};

export type GetReadinessResponse = GetReadinessResponses[keyof GetReadinessResponses];

export type GetMetricsData = {
    body?: never;
    path?: never;
    query?: never;
    url: '/metrics';
};

export type GetMetricsResponses = {
    /**
     * Text exposition format
     */
    200: string;
};

export type GetMetricsResponse = GetMetricsResponses[keyof GetMetricsResponses];

export type GetPageConfigData = {
    body?: never;
    path?: never;
    query?: never;
    url: '/v1/config';
};

export type GetPageConfigResponses = {
    /**
     * Settings
     */
    200: PageConfig;
};

export type GetPageConfigResponse = GetPageConfigResponses[keyof GetPageConfigResponses];
