import { catalog } from '../../../tenants/catalog/index.ts';
import { promotions } from '../../../tenants/catalog/promotions.ts';
import { record } from '../../store/audit.ts';
import { planCatalog } from '../catalog/sync.ts';
import { type WantedCatalog, wantedCatalog } from '../catalog/wanted.ts';
import type { BillingContext } from '../context.ts';
import { catalogNotice } from './notices.ts';
import { noteCatalogCheck, writeNotice } from './notices-rows.ts';

/**
 * Compares Stripe's products, prices, meters and coupons with the catalog. Differences are an alert until they are
 * corrected, which needs an operator's command, because prices are money.
 */
export async function checkCatalog(
  { database, stripe, now }: Pick<BillingContext, 'database' | 'stripe' | 'now'>,
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
