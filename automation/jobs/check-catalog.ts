import { catalog } from '../../tenants/catalog/index.ts';
import { promotions } from '../../tenants/catalog/promotions.ts';
import { planCatalog } from '../billing/catalog/sync.ts';
import { type WantedCatalog, wantedCatalog } from '../billing/catalog/wanted.ts';
import { catalogNotice } from '../billing/events/notices.ts';
import { noteCatalogCheck, writeNotice } from '../billing/events/notices-rows.ts';
import { record } from '../store/audit.ts';
import type { JobContext } from './context.ts';

/**
 * Compares Stripe's products, prices, meters and coupons with the catalog. Differences are an alert until repaired;
 * the repair is an operator's command, as prices are money.
 */
export async function checkCatalog(
  { database, stripe, now }: Pick<JobContext, 'database' | 'stripe' | 'now'>,
  wanted: WantedCatalog = wantedCatalog(catalog, promotions),
): Promise<void> {
  const notice = catalogNotice(await planCatalog(stripe, wanted));
  await database.transaction(async (client) => {
    await noteCatalogCheck(client, now());
    if (!(await writeNotice(client, notice, null))) return;
    const { kind, message, data, audience } = notice;
    await record(client, { kind: `stripe.${kind}`, message, data, audience });
  });
}
