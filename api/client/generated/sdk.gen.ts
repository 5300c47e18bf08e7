// Generated from the OpenAPI document by `npm run client`
// @ts-nocheck

import type { Client, ClientMeta, Options as Options2, RequestResult, ServerSentEventsResult, TDataShape } from './client/index.ts';
import type { AddNotificationEndpointData, AddNotificationEndpointErrors, AddNotificationEndpointResponses, ApproveFindingData, ApproveFindingErrors, ApproveFindingResponses, BeginOffboardingData, BeginOffboardingErrors, BeginOffboardingResponses, CancelSubscriptionData, CancelSubscriptionErrors, CancelSubscriptionResponses, CaptureCreditsData, CaptureCreditsErrors, CaptureCreditsResponses, ChangeBudgetData, ChangeBudgetErrors, ChangeBudgetResponses, ChangeSubscriptionData, ChangeSubscriptionErrors, ChangeSubscriptionResponses, ChargeApiCallData, ChargeApiCallErrors, ChargeApiCallResponses, CheckUseData, CheckUseErrors, CheckUseResponses, CreateCheckoutData, CreateCheckoutErrors, CreateCheckoutResponses, CreateKeyData, CreateKeyErrors, CreateKeyResponses, DismissFindingData, DismissFindingErrors, DismissFindingResponses, DownloadExportData, DownloadExportErrors, DownloadExportResponses, EnableNotificationEndpointData, EnableNotificationEndpointErrors, EnableNotificationEndpointResponses, GetAccessData, GetAccessErrors, GetAccessResponses, GetBudgetsData, GetBudgetsErrors, GetBudgetsResponses, GetCreditsData, GetCreditsErrors, GetCreditsResponses, GetEntitlementsData, GetEntitlementsErrors, GetEntitlementsResponses, GetFiguresData, GetFiguresErrors, GetFiguresOverviewData, GetFiguresOverviewErrors, GetFiguresOverviewResponses, GetFiguresResponses, GetFleetUsageData, GetFleetUsageErrors, GetFleetUsageResponses, GetHealthData, GetHealthResponses, GetInvoiceData, GetInvoiceErrors, GetInvoiceResponses, GetMetricsData, GetMetricsResponses, GetMrrData, GetMrrErrors, GetMrrResponses, GetNotificationData, GetNotificationEndpointData, GetNotificationEndpointErrors, GetNotificationEndpointResponses, GetNotificationErrors, GetNotificationResponses, GetOffboardingData, GetOffboardingErrors, GetOffboardingResponses, GetOnboardingData, GetOnboardingErrors, GetOnboardingResponses, GetPageConfigData, GetPageConfigResponses, GetReadinessData, GetReadinessErrors, GetReadinessResponses, GetReceiptData, GetReceiptErrors, GetReceiptResponses, GetReconciliationData, GetReconciliationErrors, GetReconciliationResponses, GetStatementData, GetStatementErrors, GetStatementResponses, GetSubscriptionData, GetSubscriptionErrors, GetSubscriptionResponses, GetTenantData, GetTenantErrors, GetTenantResponses, GetTimelineData, GetTimelineErrors, GetTimelineResponses, GetUsageData, GetUsageErrors, GetUsageResponses, HoldCreditsData, HoldCreditsErrors, HoldCreditsResponses, ListApiCostsData, ListApiCostsErrors, ListApiCostsResponses, ListExportsData, ListExportsErrors, ListExportsResponses, ListFindingsData, ListFindingsErrors, ListFindingsResponses, ListInvoicesData, ListInvoicesErrors, ListInvoicesResponses, ListKeysData, ListKeysErrors, ListKeysResponses, ListNotificationEndpointsData, ListNotificationEndpointsErrors, ListNotificationEndpointsResponses, ListNotificationsData, ListNotificationsErrors, ListNotificationsResponses, ListOffboardingsData, ListOffboardingsErrors, ListOffboardingsResponses, ListOrganizationsData, ListOrganizationsErrors, ListOrganizationsResponses, ListProductsData, ListProductsResponses, ListReceiptKeysData, ListReceiptKeysErrors, ListReceiptKeysResponses, ListReservationsData, ListReservationsErrors, ListReservationsResponses, ListSubscriptionsData, ListSubscriptionsErrors, ListSubscriptionsResponses, ListTenantsData, ListTenantsErrors, ListTenantsResponses, OnboardOrganizationData, OnboardOrganizationErrors, OnboardOrganizationResponses, OpenPortalData, OpenPortalErrors, OpenPortalResponses, PayInvoiceData, PayInvoiceErrors, PayInvoiceResponses, PreviewChangeData, PreviewChangeErrors, PreviewChangeResponses, ReactivateSubscriptionData, ReactivateSubscriptionErrors, ReactivateSubscriptionResponses, ReceiveStripeEventData, ReceiveStripeEventErrors, ReceiveStripeEventResponses, ReconcileData, ReconcileErrors, ReconcileResponses, ReleaseCreditsData, ReleaseCreditsErrors, ReleaseCreditsResponses, ReleaseUseData, ReleaseUseErrors, ReleaseUseResponses, RemoveNotificationEndpointData, RemoveNotificationEndpointErrors, RemoveNotificationEndpointResponses, ReplayNotificationsData, ReplayNotificationsErrors, ReplayNotificationsResponses, RequestExportData, RequestExportErrors, RequestExportResponses, RetryTenantData, RetryTenantErrors, RetryTenantResponses, RevokeKeyData, RevokeKeyErrors, RevokeKeyResponses, RotateNotificationSecretData, RotateNotificationSecretErrors, RotateNotificationSecretResponses, SettleUseData, SettleUseErrors, SettleUseResponses, StreamTenantEventsData, StreamTenantEventsErrors, StreamTenantEventsResponse, StreamTenantEventsResponses, TellUsageData, TellUsageErrors, TellUsageEventsData, TellUsageEventsErrors, TellUsageEventsResponses, TellUsageResponses, TestNotificationEndpointData, TestNotificationEndpointErrors, TestNotificationEndpointResponses, TopUpCreditsData, TopUpCreditsErrors, TopUpCreditsResponses } from './types.gen.ts';

export type Options<TData extends TDataShape = TDataShape, ThrowOnError extends boolean = boolean, TResponse = unknown> = Options2<TData, ThrowOnError, TResponse> & {
    /**
     * You can provide a client instance returned by `createClient()` instead of
     * individual options. This might be also useful if you want to implement a
     * custom client.
     */
    client: Client;
    /**
     * You can pass arbitrary values through the `meta` object. This can be
     * used to access values that aren't defined as part of the SDK function.
     */
    meta?: keyof ClientMeta extends never ? Record<string, unknown> : ClientMeta;
};

/**
 * Stripe reports an event
 *
 * For Stripe only: the header `Stripe-Signature` must sign the raw body. Snapshot and thin events are taken; an event that is here already is acknowledged and changes nothing.
 */
export const receiveStripeEvent = <ThrowOnError extends boolean = true>(options: Options<ReceiveStripeEventData, ThrowOnError>): RequestResult<ReceiveStripeEventResponses, ReceiveStripeEventErrors, ThrowOnError, 'data'> => options.client.post<ReceiveStripeEventResponses, ReceiveStripeEventErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    url: '/webhooks/stripe',
    ...options
});

/**
 * What all tenants used in a month, most expensive first unless sorted otherwise, and the state of metering; for operators
 */
export const getFleetUsage = <ThrowOnError extends boolean = true>(options: Options<GetFleetUsageData, ThrowOnError>): RequestResult<GetFleetUsageResponses, GetFleetUsageErrors, ThrowOnError, 'data'> => options.client.get<GetFleetUsageResponses, GetFleetUsageErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/usage',
    ...options
});

/**
 * Tell what tenants used, event by event, up to 500 at once
 *
 * Each event counts once by its tenant, source and id, so you may send again whatever got no answer. An event that cannot count is refused with the reason; the others count. CloudEvents 1.0 are accepted, too: `type` is the meter, `subject` the tenant, `data.quantity` the amount; as `application/cloudevents+json`, in batches as `application/cloudevents-batch+json`, or with `ce-` headers. If a request is a single CloudEvent that is refused, the answer is 400.
 */
export const tellUsageEvents = <ThrowOnError extends boolean = true>(options: Options<TellUsageEventsData, ThrowOnError>): RequestResult<TellUsageEventsResponses, TellUsageEventsErrors, ThrowOnError, 'data'> => options.client.post<TellUsageEventsResponses, TellUsageEventsErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/usage',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * Products and their plans
 */
export const listProducts = <ThrowOnError extends boolean = true>(options: Options<ListProductsData, ThrowOnError>): RequestResult<ListProductsResponses, unknown, ThrowOnError, 'data'> => options.client.get<ListProductsResponses, unknown, ThrowOnError, 'data'>({
    responseStyle: 'data',
    url: '/v1/products',
    ...options
});

/**
 * Begin to subscribe to a plan
 *
 * The answer says where to pay. The tenant appears once Stripe reports the subscription.
 */
export const createCheckout = <ThrowOnError extends boolean = true>(options: Options<CreateCheckoutData, ThrowOnError>): RequestResult<CreateCheckoutResponses, CreateCheckoutErrors, ThrowOnError, 'data'> => options.client.post<CreateCheckoutResponses, CreateCheckoutErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/checkout',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * Your tenants, newest first unless sorted otherwise; all tenants for operators
 */
export const listTenants = <ThrowOnError extends boolean = true>(options: Options<ListTenantsData, ThrowOnError>): RequestResult<ListTenantsResponses, ListTenantsErrors, ThrowOnError, 'data'> => options.client.get<ListTenantsResponses, ListTenantsErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/tenants',
    ...options
});

/**
 * Follow a tenant (server-sent events)
 *
 * The timeline from the beginning, or after `Last-Event-ID`, and then live. Entries are events named by their kind; between them, `tenant` events carry the whole tenant whenever it has changed. The stream ends with the token or key that opened it.
 */
export const streamTenantEvents = <ThrowOnError extends boolean = true>(options: Options<StreamTenantEventsData, ThrowOnError, StreamTenantEventsResponse>): Promise<ServerSentEventsResult<StreamTenantEventsResponses>> => options.client.sse.get<StreamTenantEventsResponses, StreamTenantEventsErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/tenants/{id}/events',
    ...options
});

/**
 * One tenant
 */
export const getTenant = <ThrowOnError extends boolean = true>(options: Options<GetTenantData, ThrowOnError>): RequestResult<GetTenantResponses, GetTenantErrors, ThrowOnError, 'data'> => options.client.get<GetTenantResponses, GetTenantErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/tenants/{id}',
    ...options
});

/**
 * What happened to a tenant and why, oldest first unless sorted otherwise
 */
export const getTimeline = <ThrowOnError extends boolean = true>(options: Options<GetTimelineData, ThrowOnError>): RequestResult<GetTimelineResponses, GetTimelineErrors, ThrowOnError, 'data'> => options.client.get<GetTimelineResponses, GetTimelineErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/tenants/{id}/timeline',
    ...options
});

/**
 * May the tenant be used now?
 *
 * For gateways: 200 with the address and what runs there, 402 with the reason while suspended, 409 while it is not ready or none of its pods is. While nobody can say what runs (`health.state` is `unknown`), it is 200.
 */
export const getAccess = <ThrowOnError extends boolean = true>(options: Options<GetAccessData, ThrowOnError>): RequestResult<GetAccessResponses, GetAccessErrors, ThrowOnError, 'data'> => options.client.get<GetAccessResponses, GetAccessErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/tenants/{id}/access',
    ...options
});

/**
 * Try again now
 *
 * Clears a failure and its waiting time. Compares a settled tenant with its cluster and database and repairs what differs.
 */
export const retryTenant = <ThrowOnError extends boolean = true>(options: Options<RetryTenantData, ThrowOnError>): RequestResult<RetryTenantResponses, RetryTenantErrors, ThrowOnError, 'data'> => options.client.post<RetryTenantResponses, RetryTenantErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/tenants/{id}/retry',
    ...options
});

/**
 * Credits of a tenant: balance, where it comes from, and entries
 */
export const getCredits = <ThrowOnError extends boolean = true>(options: Options<GetCreditsData, ThrowOnError>): RequestResult<GetCreditsResponses, GetCreditsErrors, ThrowOnError, 'data'> => options.client.get<GetCreditsResponses, GetCreditsErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/tenants/{id}/credits',
    ...options
});

/**
 * Hold credits for work that begins
 *
 * 402 when the balance does not suffice. The hold is released by itself when its time is over. For operators: a product's own service calls it, not its tenant.
 */
export const holdCredits = <ThrowOnError extends boolean = true>(options: Options<HoldCreditsData, ThrowOnError>): RequestResult<HoldCreditsResponses, HoldCreditsErrors, ThrowOnError, 'data'> => options.client.post<HoldCreditsResponses, HoldCreditsErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/tenants/{id}/credits/holds',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * Capture credits for work that is done
 *
 * From a hold or from the balance. `metered` takes what there is and records the rest as overshoot instead of refusing. For operators: a product's own service calls it, not its tenant.
 */
export const captureCredits = <ThrowOnError extends boolean = true>(options: Options<CaptureCreditsData, ThrowOnError>): RequestResult<CaptureCreditsResponses, CaptureCreditsErrors, ThrowOnError, 'data'> => options.client.post<CaptureCreditsResponses, CaptureCreditsErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/tenants/{id}/credits/captures',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * Release a hold
 *
 * Credits of a period that is over expire. For operators: a product's own service calls it, not its tenant.
 */
export const releaseCredits = <ThrowOnError extends boolean = true>(options: Options<ReleaseCreditsData, ThrowOnError>): RequestResult<ReleaseCreditsResponses, ReleaseCreditsErrors, ThrowOnError, 'data'> => options.client.post<ReleaseCreditsResponses, ReleaseCreditsErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/tenants/{id}/credits/releases',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * Add credits that a renewal does not replace
 *
 * They are spent in the order in which they expire. For operators: a product's own service calls it, not its tenant.
 */
export const topUpCredits = <ThrowOnError extends boolean = true>(options: Options<TopUpCreditsData, ThrowOnError>): RequestResult<TopUpCreditsResponses, TopUpCreditsErrors, ThrowOnError, 'data'> => options.client.post<TopUpCreditsResponses, TopUpCreditsErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/tenants/{id}/credits/top-ups',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * This month's budgets of a tenant
 */
export const getBudgets = <ThrowOnError extends boolean = true>(options: Options<GetBudgetsData, ThrowOnError>): RequestResult<GetBudgetsResponses, GetBudgetsErrors, ThrowOnError, 'data'> => options.client.get<GetBudgetsResponses, GetBudgetsErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/tenants/{id}/budget',
    ...options
});

/**
 * Set your own cap, below the limit of the plan
 *
 * The owner sets `capMicros`; operators can also set what was agreed instead of the plan’s limit.
 */
export const changeBudget = <ThrowOnError extends boolean = true>(options: Options<ChangeBudgetData, ThrowOnError>): RequestResult<ChangeBudgetResponses, ChangeBudgetErrors, ThrowOnError, 'data'> => options.client.put<ChangeBudgetResponses, ChangeBudgetErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/tenants/{id}/budget',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * What API calls cost: per day, and call by call
 */
export const listApiCosts = <ThrowOnError extends boolean = true>(options: Options<ListApiCostsData, ThrowOnError>): RequestResult<ListApiCostsResponses, ListApiCostsErrors, ThrowOnError, 'data'> => options.client.get<ListApiCostsResponses, ListApiCostsErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/tenants/{id}/api-costs',
    ...options
});

/**
 * Ask whether an API call may be made, or report what it cost
 *
 * `estimateMicros` holds the most that the call may cost, or the answer is 402. `costMicros` counts the cost, even beyond the limit, because it is already spent. For operators: a product's own service calls it, not its tenant.
 */
export const chargeApiCall = <ThrowOnError extends boolean = true>(options: Options<ChargeApiCallData, ThrowOnError>): RequestResult<ChargeApiCallResponses, ChargeApiCallErrors, ThrowOnError, 'data'> => options.client.post<ChargeApiCallResponses, ChargeApiCallErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/tenants/{id}/api-costs',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * What a tenant may do now: plan, state, limits and what is left, credits, budgets
 *
 * Send the `ETag` as `If-None-Match`: the answer is 304 while nothing has changed.
 */
export const getEntitlements = <ThrowOnError extends boolean = true>(options: Options<GetEntitlementsData, ThrowOnError>): RequestResult<GetEntitlementsResponses, GetEntitlementsErrors, ThrowOnError, 'data'> => options.client.get<GetEntitlementsResponses, GetEntitlementsErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/tenants/{id}/entitlements',
    ...options
});

/**
 * Ask whether a use may begin, and reserve what it takes
 *
 * Reserves plan limits, credits and API budget together or not at all, once for each key. Settle the reservation when the use is over, or release it. A refusal (402, 409 or 429) says in `refusal` which limit refuses, how much is left, when it resets and which plan has more. For operators: a product's own service calls it, not its tenant.
 */
export const checkUse = <ThrowOnError extends boolean = true>(options: Options<CheckUseData, ThrowOnError>): RequestResult<CheckUseResponses, CheckUseErrors, ThrowOnError, 'data'> => options.client.post<CheckUseResponses, CheckUseErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/tenants/{id}/check',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * Reservations and how they ended
 */
export const listReservations = <ThrowOnError extends boolean = true>(options: Options<ListReservationsData, ThrowOnError>): RequestResult<ListReservationsResponses, ListReservationsErrors, ThrowOnError, 'data'> => options.client.get<ListReservationsResponses, ListReservationsErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/tenants/{id}/reservations',
    ...options
});

/**
 * Settle a reservation with what was used
 *
 * Counts the use, captures the credits and counts the cost, once; releases the rest.
 */
export const settleUse = <ThrowOnError extends boolean = true>(options: Options<SettleUseData, ThrowOnError>): RequestResult<SettleUseResponses, SettleUseErrors, ThrowOnError, 'data'> => options.client.post<SettleUseResponses, SettleUseErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/tenants/{id}/check/{reservation}/settle',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * Release a reservation whose use did not take place
 */
export const releaseUse = <ThrowOnError extends boolean = true>(options: Options<ReleaseUseData, ThrowOnError>): RequestResult<ReleaseUseResponses, ReleaseUseErrors, ThrowOnError, 'data'> => options.client.post<ReleaseUseResponses, ReleaseUseErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/tenants/{id}/check/{reservation}/release',
    ...options
});

/**
 * What a tenant used, by samples, hours or days
 */
export const getUsage = <ThrowOnError extends boolean = true>(options: Options<GetUsageData, ThrowOnError>): RequestResult<GetUsageResponses, GetUsageErrors, ThrowOnError, 'data'> => options.client.get<GetUsageResponses, GetUsageErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/tenants/{id}/usage',
    ...options
});

/**
 * Tell what a tenant used that the cluster does not show: sessions, recordings, calls
 *
 * Late and repeated samples are harmless. For operators: a product’s own service calls it, not its tenant.
 */
export const tellUsage = <ThrowOnError extends boolean = true>(options: Options<TellUsageData, ThrowOnError>): RequestResult<TellUsageResponses, TellUsageErrors, ThrowOnError, 'data'> => options.client.post<TellUsageResponses, TellUsageErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/tenants/{id}/usage',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * What a month of a tenant costs: subscription, compute, storage, top consumers
 */
export const getStatement = <ThrowOnError extends boolean = true>(options: Options<GetStatementData, ThrowOnError>): RequestResult<GetStatementResponses, GetStatementErrors, ThrowOnError, 'data'> => options.client.get<GetStatementResponses, GetStatementErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/tenants/{id}/statement',
    ...options
});

/**
 * Where money and infrastructure disagree; for operators
 */
export const listFindings = <ThrowOnError extends boolean = true>(options: Options<ListFindingsData, ThrowOnError>): RequestResult<ListFindingsResponses, ListFindingsErrors, ThrowOnError, 'data'> => options.client.get<ListFindingsResponses, ListFindingsErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/findings',
    ...options
});

/**
 * Approve what the finding proposes; for operators
 */
export const approveFinding = <ThrowOnError extends boolean = true>(options: Options<ApproveFindingData, ThrowOnError>): RequestResult<ApproveFindingResponses, ApproveFindingErrors, ThrowOnError, 'data'> => options.client.post<ApproveFindingResponses, ApproveFindingErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/findings/{id}/approve',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * Leave the finding alone for as long as it lasts; for operators
 */
export const dismissFinding = <ThrowOnError extends boolean = true>(options: Options<DismissFindingData, ThrowOnError>): RequestResult<DismissFindingResponses, DismissFindingErrors, ThrowOnError, 'data'> => options.client.post<DismissFindingResponses, DismissFindingErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/findings/{id}/dismiss',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * When money and infrastructure were last compared; for operators
 */
export const getReconciliation = <ThrowOnError extends boolean = true>(options: Options<GetReconciliationData, ThrowOnError>): RequestResult<GetReconciliationResponses, GetReconciliationErrors, ThrowOnError, 'data'> => options.client.get<GetReconciliationResponses, GetReconciliationErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/reconciliation',
    ...options
});

/**
 * Compare money and infrastructure now; for operators
 *
 * An area has been compared once its `answered` is at least the `asked` of this answer.
 */
export const reconcile = <ThrowOnError extends boolean = true>(options: Options<ReconcileData, ThrowOnError>): RequestResult<ReconcileResponses, ReconcileErrors, ThrowOnError, 'data'> => options.client.post<ReconcileResponses, ReconcileErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/reconciliation',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * Subscriptions of your organizations and your own; all of them for operators
 */
export const listSubscriptions = <ThrowOnError extends boolean = true>(options: Options<ListSubscriptionsData, ThrowOnError>): RequestResult<ListSubscriptionsResponses, ListSubscriptionsErrors, ThrowOnError, 'data'> => options.client.get<ListSubscriptionsResponses, ListSubscriptionsErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/subscriptions',
    ...options
});

/**
 * One subscription, and your role for it
 */
export const getSubscription = <ThrowOnError extends boolean = true>(options: Options<GetSubscriptionData, ThrowOnError>): RequestResult<GetSubscriptionResponses, GetSubscriptionErrors, ThrowOnError, 'data'> => options.client.get<GetSubscriptionResponses, GetSubscriptionErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/subscriptions/{id}',
    ...options
});

/**
 * What a change of plan or seats would cost
 *
 * Changes nothing. Send its `prorationDate` with the change to be charged exactly this.
 */
export const previewChange = <ThrowOnError extends boolean = true>(options: Options<PreviewChangeData, ThrowOnError>): RequestResult<PreviewChangeResponses, PreviewChangeErrors, ThrowOnError, 'data'> => options.client.post<PreviewChangeResponses, PreviewChangeErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/subscriptions/{id}/preview',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * Change plan, seats or both
 *
 * A higher price is charged at once; if the payment fails (402), nothing changes. A lower one is credited on the next invoice.
 */
export const changeSubscription = <ThrowOnError extends boolean = true>(options: Options<ChangeSubscriptionData, ThrowOnError>): RequestResult<ChangeSubscriptionResponses, ChangeSubscriptionErrors, ThrowOnError, 'data'> => options.client.post<ChangeSubscriptionResponses, ChangeSubscriptionErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/subscriptions/{id}/change',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * End the subscription
 *
 * At the end of the paid period, or now, which invoices the usage so far.
 */
export const cancelSubscription = <ThrowOnError extends boolean = true>(options: Options<CancelSubscriptionData, ThrowOnError>): RequestResult<CancelSubscriptionResponses, CancelSubscriptionErrors, ThrowOnError, 'data'> => options.client.post<CancelSubscriptionResponses, CancelSubscriptionErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/subscriptions/{id}/cancel',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * Undo a cancellation at the end of the period, or resume a paused subscription
 */
export const reactivateSubscription = <ThrowOnError extends boolean = true>(options: Options<ReactivateSubscriptionData, ThrowOnError>): RequestResult<ReactivateSubscriptionResponses, ReactivateSubscriptionErrors, ThrowOnError, 'data'> => options.client.post<ReactivateSubscriptionResponses, ReactivateSubscriptionErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/subscriptions/{id}/reactivate',
    ...options
});

/**
 * Invoices of an organization, newest first
 *
 * Of the named organization, of the named subscription's payer, or of your token's organization. Operators see everybody's.
 */
export const listInvoices = <ThrowOnError extends boolean = true>(options: Options<ListInvoicesData, ThrowOnError>): RequestResult<ListInvoicesResponses, ListInvoicesErrors, ThrowOnError, 'data'> => options.client.get<ListInvoicesResponses, ListInvoicesErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/invoices',
    ...options
});

/**
 * One invoice
 */
export const getInvoice = <ThrowOnError extends boolean = true>(options: Options<GetInvoiceData, ThrowOnError>): RequestResult<GetInvoiceResponses, GetInvoiceErrors, ThrowOnError, 'data'> => options.client.get<GetInvoiceResponses, GetInvoiceErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/invoices/{id}',
    ...options
});

/**
 * Charge an open invoice to the present payment method now
 *
 * Charges it once, however often you send it. 402 when the payment is declined.
 */
export const payInvoice = <ThrowOnError extends boolean = true>(options: Options<PayInvoiceData, ThrowOnError>): RequestResult<PayInvoiceResponses, PayInvoiceErrors, ThrowOnError, 'data'> => options.client.post<PayInvoiceResponses, PayInvoiceErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/invoices/{id}/pay',
    ...options
});

/**
 * Open the payment service's billing portal
 *
 * For the payment method, the billing address and invoices of the paying organization. Only for its admins. The address is valid for a short time.
 */
export const openPortal = <ThrowOnError extends boolean = true>(options: Options<OpenPortalData, ThrowOnError>): RequestResult<OpenPortalResponses, OpenPortalErrors, ThrowOnError, 'data'> => options.client.post<OpenPortalResponses, OpenPortalErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/portal',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * The organizations that you are a member of, and your role there
 */
export const listOrganizations = <ThrowOnError extends boolean = true>(options: Options<ListOrganizationsData, ThrowOnError>): RequestResult<ListOrganizationsResponses, ListOrganizationsErrors, ThrowOnError, 'data'> => options.client.get<ListOrganizationsResponses, ListOrganizationsErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/organizations',
    ...options
});

/**
 * Your API keys and those of your tenants; all of them for operators
 */
export const listKeys = <ThrowOnError extends boolean = true>(options: Options<ListKeysData, ThrowOnError>): RequestResult<ListKeysResponses, ListKeysErrors, ThrowOnError, 'data'> => options.client.get<ListKeysResponses, ListKeysErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/keys',
    ...options
});

/**
 * Make an API key
 *
 * Send it as a bearer token. It reaches what its owner reaches, and of that what its scopes name. Only operators give a key the scopes that say what was used. An owner has at most 100 live keys.
 */
export const createKey = <ThrowOnError extends boolean = true>(options: Options<CreateKeyData, ThrowOnError>): RequestResult<CreateKeyResponses, CreateKeyErrors, ThrowOnError, 'data'> => options.client.post<CreateKeyResponses, CreateKeyErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/keys',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * End an API key
 *
 * No process takes it any more, and event streams that it opened end. When it is the key of a tenant's own container, the container gets another one.
 */
export const revokeKey = <ThrowOnError extends boolean = true>(options: Options<RevokeKeyData, ThrowOnError>): RequestResult<RevokeKeyResponses, RevokeKeyErrors, ThrowOnError, 'data'> => options.client.delete<RevokeKeyResponses, RevokeKeyErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/keys/{id}',
    ...options
});

/**
 * Business figures over time: MRR and what moved it, churn, LTV, conversion, revenue
 *
 * For operators. The definitions are in docs/business-figures.md.
 */
export const getFigures = <ThrowOnError extends boolean = true>(options: Options<GetFiguresData, ThrowOnError>): RequestResult<GetFiguresResponses, GetFiguresErrors, ThrowOnError, 'data'> => options.client.get<GetFiguresResponses, GetFiguresErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/figures',
    ...options
});

/**
 * MRR by plan at an instant
 *
 * For operators. As of any past instant, to the second.
 */
export const getMrr = <ThrowOnError extends boolean = true>(options: Options<GetMrrData, ThrowOnError>): RequestResult<GetMrrResponses, GetMrrErrors, ThrowOnError, 'data'> => options.client.get<GetMrrResponses, GetMrrErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/figures/mrr',
    ...options
});

/**
 * How each product stands: applications, subscriptions, MRR, active tenants, resources
 *
 * For operators.
 */
export const getFiguresOverview = <ThrowOnError extends boolean = true>(options: Options<GetFiguresOverviewData, ThrowOnError>): RequestResult<GetFiguresOverviewResponses, GetFiguresOverviewErrors, ThrowOnError, 'data'> => options.client.get<GetFiguresOverviewResponses, GetFiguresOverviewErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/figures/overview',
    ...options
});

/**
 * How far an organization's onboarding is
 */
export const getOnboarding = <ThrowOnError extends boolean = true>(options: Options<GetOnboardingData, ThrowOnError>): RequestResult<GetOnboardingResponses, GetOnboardingErrors, ThrowOnError, 'data'> => options.client.get<GetOnboardingResponses, GetOnboardingErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/onboardings',
    ...options
});

/**
 * Onboard an organization: make it, its first admin, its Stripe customer and a welcome mail
 *
 * For operators. Sent again, it makes what is missing and changes nothing else; a sent mail is not sent again.
 */
export const onboardOrganization = <ThrowOnError extends boolean = true>(options: Options<OnboardOrganizationData, ThrowOnError>): RequestResult<OnboardOrganizationResponses, OnboardOrganizationErrors, ThrowOnError, 'data'> => options.client.post<OnboardOrganizationResponses, OnboardOrganizationErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/onboardings',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * Exports of a tenant
 */
export const listExports = <ThrowOnError extends boolean = true>(options: Options<ListExportsData, ThrowOnError>): RequestResult<ListExportsResponses, ListExportsErrors, ThrowOnError, 'data'> => options.client.get<ListExportsResponses, ListExportsErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/tenants/{id}/exports',
    ...options
});

/**
 * Request an export of everything that is kept of a tenant
 *
 * One at a time: while one is being made, the answer is that one.
 */
export const requestExport = <ThrowOnError extends boolean = true>(options: Options<RequestExportData, ThrowOnError>): RequestResult<RequestExportResponses, RequestExportErrors, ThrowOnError, 'data'> => options.client.post<RequestExportResponses, RequestExportErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/tenants/{id}/exports',
    ...options
});

/**
 * The file of an export: lines of JSON, compressed by gzip
 */
export const downloadExport = <ThrowOnError extends boolean = true>(options: Options<DownloadExportData, ThrowOnError>): RequestResult<DownloadExportResponses, DownloadExportErrors, ThrowOnError, 'data'> => options.client.get<DownloadExportResponses, DownloadExportErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/tenants/{id}/exports/{export}/file',
    ...options
});

/**
 * How far the end of a tenant is: export, backup, destroy, verify, receipt
 */
export const getOffboarding = <ThrowOnError extends boolean = true>(options: Options<GetOffboardingData, ThrowOnError>): RequestResult<GetOffboardingResponses, GetOffboardingErrors, ThrowOnError, 'data'> => options.client.get<GetOffboardingResponses, GetOffboardingErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/tenants/{id}/offboarding',
    ...options
});

/**
 * Delete a tenant whose subscription has ended now, or retry what its end waits for
 *
 * Otherwise it is deleted when its retention expires. It is exported and backed up first. This cannot be undone.
 */
export const beginOffboarding = <ThrowOnError extends boolean = true>(options: Options<BeginOffboardingData, ThrowOnError>): RequestResult<BeginOffboardingResponses, BeginOffboardingErrors, ThrowOnError, 'data'> => options.client.post<BeginOffboardingResponses, BeginOffboardingErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/tenants/{id}/offboarding',
    ...options
});

/**
 * Ends of tenants, by default those that are under way; for operators
 */
export const listOffboardings = <ThrowOnError extends boolean = true>(options: Options<ListOffboardingsData, ThrowOnError>): RequestResult<ListOffboardingsResponses, ListOffboardingsErrors, ThrowOnError, 'data'> => options.client.get<ListOffboardingsResponses, ListOffboardingsErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/offboardings',
    ...options
});

/**
 * The signed receipt that nothing of a tenant remains
 */
export const getReceipt = <ThrowOnError extends boolean = true>(options: Options<GetReceiptData, ThrowOnError>): RequestResult<GetReceiptResponses, GetReceiptErrors, ThrowOnError, 'data'> => options.client.get<GetReceiptResponses, GetReceiptErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/tenants/{id}/receipt',
    ...options
});

/**
 * Public keys that receipts are signed with, as a JSON Web Key Set
 */
export const listReceiptKeys = <ThrowOnError extends boolean = true>(options: Options<ListReceiptKeysData, ThrowOnError>): RequestResult<ListReceiptKeysResponses, ListReceiptKeysErrors, ThrowOnError, 'data'> => options.client.get<ListReceiptKeysResponses, ListReceiptKeysErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    url: '/v1/receipt-keys',
    ...options
});

/**
 * Webhook endpoints, without their secrets
 */
export const listNotificationEndpoints = <ThrowOnError extends boolean = true>(options: Options<ListNotificationEndpointsData, ThrowOnError>): RequestResult<ListNotificationEndpointsResponses, ListNotificationEndpointsErrors, ThrowOnError, 'data'> => options.client.get<ListNotificationEndpointsResponses, ListNotificationEndpointsErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/notifications/endpoints',
    ...options
});

/**
 * Send events to a URL
 *
 * The answer has the secret that signs events. It is shown only now.
 */
export const addNotificationEndpoint = <ThrowOnError extends boolean = true>(options: Options<AddNotificationEndpointData, ThrowOnError>): RequestResult<AddNotificationEndpointResponses, AddNotificationEndpointErrors, ThrowOnError, 'data'> => options.client.post<AddNotificationEndpointResponses, AddNotificationEndpointErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/notifications/endpoints',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * Remove an endpoint and its log
 */
export const removeNotificationEndpoint = <ThrowOnError extends boolean = true>(options: Options<RemoveNotificationEndpointData, ThrowOnError>): RequestResult<RemoveNotificationEndpointResponses, RemoveNotificationEndpointErrors, ThrowOnError, 'data'> => options.client.delete<RemoveNotificationEndpointResponses, RemoveNotificationEndpointErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/notifications/endpoints/{id}',
    ...options
});

/**
 * One webhook endpoint
 */
export const getNotificationEndpoint = <ThrowOnError extends boolean = true>(options: Options<GetNotificationEndpointData, ThrowOnError>): RequestResult<GetNotificationEndpointResponses, GetNotificationEndpointErrors, ThrowOnError, 'data'> => options.client.get<GetNotificationEndpointResponses, GetNotificationEndpointErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/notifications/endpoints/{id}',
    ...options
});

/**
 * Give an endpoint a new secret
 *
 * The last one still signs for 24 hours; an older one no more.
 */
export const rotateNotificationSecret = <ThrowOnError extends boolean = true>(options: Options<RotateNotificationSecretData, ThrowOnError>): RequestResult<RotateNotificationSecretResponses, RotateNotificationSecretErrors, ThrowOnError, 'data'> => options.client.post<RotateNotificationSecretResponses, RotateNotificationSecretErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/notifications/endpoints/{id}/rotate',
    ...options
});

/**
 * Enable a disabled endpoint again
 *
 * A replay sends what it missed.
 */
export const enableNotificationEndpoint = <ThrowOnError extends boolean = true>(options: Options<EnableNotificationEndpointData, ThrowOnError>): RequestResult<EnableNotificationEndpointResponses, EnableNotificationEndpointErrors, ThrowOnError, 'data'> => options.client.post<EnableNotificationEndpointResponses, EnableNotificationEndpointErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/notifications/endpoints/{id}/enable',
    ...options
});

/**
 * Send a test event to an endpoint
 */
export const testNotificationEndpoint = <ThrowOnError extends boolean = true>(options: Options<TestNotificationEndpointData, ThrowOnError>): RequestResult<TestNotificationEndpointResponses, TestNotificationEndpointErrors, ThrowOnError, 'data'> => options.client.post<TestNotificationEndpointResponses, TestNotificationEndpointErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/notifications/endpoints/{id}/test',
    ...options
});

/**
 * Send events to an endpoint again, under their own ids
 *
 * They may be older than the endpoint or from when it was disabled. Events are kept for 30 days.
 */
export const replayNotifications = <ThrowOnError extends boolean = true>(options: Options<ReplayNotificationsData, ThrowOnError>): RequestResult<ReplayNotificationsResponses, ReplayNotificationsErrors, ThrowOnError, 'data'> => options.client.post<ReplayNotificationsResponses, ReplayNotificationsErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/notifications/endpoints/{id}/replay',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * Deliveries to endpoints, and their answers
 */
export const listNotifications = <ThrowOnError extends boolean = true>(options: Options<ListNotificationsData, ThrowOnError>): RequestResult<ListNotificationsResponses, ListNotificationsErrors, ThrowOnError, 'data'> => options.client.get<ListNotificationsResponses, ListNotificationsErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/notifications',
    ...options
});

/**
 * One event to one endpoint: its body and every attempt
 */
export const getNotification = <ThrowOnError extends boolean = true>(options: Options<GetNotificationData, ThrowOnError>): RequestResult<GetNotificationResponses, GetNotificationErrors, ThrowOnError, 'data'> => options.client.get<GetNotificationResponses, GetNotificationErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/v1/notifications/{id}',
    ...options
});

/**
 * Is the process alive?
 */
export const getHealth = <ThrowOnError extends boolean = true>(options: Options<GetHealthData, ThrowOnError>): RequestResult<GetHealthResponses, unknown, ThrowOnError, 'data'> => options.client.get<GetHealthResponses, unknown, ThrowOnError, 'data'>({
    responseStyle: 'data',
    url: '/healthz',
    ...options
});

/**
 * Would a subscription become a tenant now?
 *
 * A load balancer excludes checks without which the API can still receive events: `/readyz?exclude=worker`.
 */
export const getReadiness = <ThrowOnError extends boolean = true>(options: Options<GetReadinessData, ThrowOnError>): RequestResult<GetReadinessResponses, GetReadinessErrors, ThrowOnError, 'data'> => options.client.get<GetReadinessResponses, GetReadinessErrors, ThrowOnError, 'data'>({
    responseStyle: 'data',
    url: '/readyz',
    ...options
});

/**
 * Metrics for Prometheus
 */
export const getMetrics = <ThrowOnError extends boolean = true>(options: Options<GetMetricsData, ThrowOnError>): RequestResult<GetMetricsResponses, unknown, ThrowOnError, 'data'> => options.client.get<GetMetricsResponses, unknown, ThrowOnError, 'data'>({
    responseStyle: 'data',
    url: '/metrics',
    ...options
});

/**
 * How the web page signs in
 */
export const getPageConfig = <ThrowOnError extends boolean = true>(options: Options<GetPageConfigData, ThrowOnError>): RequestResult<GetPageConfigResponses, unknown, ThrowOnError, 'data'> => options.client.get<GetPageConfigResponses, unknown, ThrowOnError, 'data'>({
    responseStyle: 'data',
    url: '/v1/config',
    ...options
});
