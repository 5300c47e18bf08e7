/** Configurations of the billing portal: what it lets a customer do. */

import { z } from 'zod';
import { type Context, find } from '../context.ts';
import type { ListOf, PortalConfigurationDoc } from '../documents.ts';
import type { Form } from '../http/form.ts';
import { listOf } from '../http/lists.ts';
import {
  anyCall,
  flag,
  ignored,
  listCall,
  mergeMetadata,
  metadata,
  parseParams,
  text,
} from '../http/params.ts';
import { newId, stableId } from '../ids.ts';

/** The default configuration, which Stripe makes when the portal's settings are first saved. */
export function seedPortal(context: Context): void {
  const id = stableId('portal_configuration', 'default');
  if (context.store.get('portal_configuration', id)) return;
  context.store.put('portal_configuration', blankConfiguration(id, context.now(), true));
}

function blankConfiguration(id: string, now: number, isDefault: boolean): PortalConfigurationDoc {
  return {
    id,
    object: 'billing_portal.configuration',
    active: true,
    application: null,
    business_profile: { headline: null, privacy_policy_url: null, terms_of_service_url: null },
    created: now,
    default_return_url: null,
    features: {
      customer_update: { allowed_updates: [], enabled: false },
      invoice_history: { enabled: true },
      payment_method_update: { enabled: true, payment_method_configuration: null },
      subscription_cancel: {
        cancellation_reason: { enabled: false, feedback_options: null, options: [] },
        enabled: true,
        mode: 'at_period_end',
        proration_behavior: 'none',
      },
      subscription_pause: { duration: { interval_options: [], type: 'indefinite' }, enabled: false },
      subscription_update: {
        billing_cycle_anchor: null,
        default_allowed_updates: ['price', 'quantity'],
        enabled: true,
        proration_behavior: 'always_invoice',
        schedule_at_period_end: { conditions: [] },
        trial_update_behavior: 'continue_trial',
      },
    },
    is_default: isDefault,
    livemode: false,
    login_page: { enabled: false, url: null },
    metadata: {},
    name: null,
    updated: now,
  };
}

const proration = z.enum(['always_invoice', 'create_prorations', 'none']);
const configurationParams = z.strictObject({
  ...anyCall,
  business_profile: ignored,
  default_return_url: text.optional(),
  login_page: ignored,
  metadata: metadata.optional(),
  name: text.optional(),
  active: flag.optional(),
  features: z
    .strictObject({
      customer_update: ignored,
      invoice_history: z.strictObject({ enabled: flag }).optional(),
      payment_method_update: z
        .strictObject({ enabled: flag, payment_method_configuration: ignored })
        .optional(),
      subscription_cancel: z
        .strictObject({
          enabled: flag,
          mode: z.enum(['at_period_end', 'immediately']).optional(),
          proration_behavior: proration.optional(),
          cancellation_reason: ignored,
        })
        .optional(),
      subscription_pause: ignored,
      subscription_update: z
        .strictObject({
          enabled: flag,
          default_allowed_updates: z.union([z.literal(''), z.array(text)]).optional(),
          proration_behavior: proration.optional(),
          products: ignored,
        })
        .optional(),
    })
    .optional(),
});

function configured(
  before: PortalConfigurationDoc,
  params: z.output<typeof configurationParams>,
  now: number,
): PortalConfigurationDoc {
  const { features } = before;
  const { subscription_cancel: cancel, subscription_update: update } = params.features ?? {};
  return {
    ...before,
    active: params.active ?? before.active,
    name: params.name ?? before.name,
    default_return_url: params.default_return_url ?? before.default_return_url,
    metadata: mergeMetadata(before.metadata ?? {}, params.metadata),
    updated: now,
    features: {
      ...features,
      invoice_history: params.features?.invoice_history ?? features.invoice_history,
      payment_method_update: {
        ...features.payment_method_update,
        enabled: params.features?.payment_method_update?.enabled ?? features.payment_method_update.enabled,
      },
      subscription_cancel: {
        ...features.subscription_cancel,
        enabled: cancel?.enabled ?? features.subscription_cancel.enabled,
        mode: cancel?.mode ?? features.subscription_cancel.mode,
        proration_behavior: cancel?.proration_behavior ?? features.subscription_cancel.proration_behavior,
      },
      subscription_update: {
        ...features.subscription_update,
        enabled: update?.enabled ?? features.subscription_update.enabled,
        default_allowed_updates:
          update?.default_allowed_updates === undefined || update.default_allowed_updates === ''
            ? features.subscription_update.default_allowed_updates
            : update.default_allowed_updates,
        proration_behavior: update?.proration_behavior ?? features.subscription_update.proration_behavior,
      },
    },
  };
}

export function createConfiguration(context: Context, form: Form): PortalConfigurationDoc {
  const params = parseParams(configurationParams, form);
  const now = context.now();
  const after = configured(blankConfiguration(newId('portal_configuration'), now, false), params, now);
  context.store.put('portal_configuration', after);
  return after;
}

export function updateConfiguration(context: Context, id: string, form: Form): PortalConfigurationDoc {
  const before = find(context, 'portal_configuration', id);
  const after = configured(before, parseParams(configurationParams, form), context.now());
  context.store.put('portal_configuration', after);
  return after;
}

const listParams = z.strictObject({ ...listCall, active: flag.optional(), is_default: flag.optional() });

export function listConfigurations(context: Context, form: Form): ListOf<PortalConfigurationDoc> {
  const params = parseParams(listParams, form);
  const fields: [string, number][] = [];
  if (params.active !== undefined) fields.push(['$.active', params.active ? 1 : 0]);
  if (params.is_default !== undefined) fields.push(['$.is_default', params.is_default ? 1 : 0]);
  return listOf(context, 'portal_configuration', '/v1/billing_portal/configurations', { fields }, params);
}
