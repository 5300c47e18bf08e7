/** Where the visitor is. Pages live in the hash, so the server need not know any of them. */
export type Route =
  | { readonly page: 'products' /** The one to show first. */; readonly product: string | null }
  | {
      readonly page: 'subscribe';
      readonly product: string;
      readonly plan: string;
      readonly cancelled: boolean;
    }
  | { readonly page: 'checkout'; readonly session: string }
  | { readonly page: 'tenants' }
  | { readonly page: 'tenant'; readonly id: string }
  | { readonly page: 'figures' }
  | { readonly page: 'unknown' };

/** Reads a route from a URL. `?checkout=` is where the payment page sends the visitor back to. */
export function routeOf(url: URL): Route {
  const session = url.searchParams.get('checkout');
  if (session) return { page: 'checkout', session };
  const [path = '', query = ''] = url.hash.replace(/^#\/?/, '').split('?');
  const parts = path.split('/').filter((part) => part !== '');
  const [first, second, third] = parts.map(decode);
  if (first === undefined) return { page: 'products', product: null };
  if (first === 'products' && second !== undefined && parts.length === 2)
    return { page: 'products', product: second };
  if (first === 'figures' && parts.length === 1) return { page: 'figures' };
  if (first === 'tenants' && parts.length === 1) return { page: 'tenants' };
  if (first === 'tenants' && second !== undefined && parts.length === 2)
    return { page: 'tenant', id: second };
  if (first === 'subscribe' && second !== undefined && third !== undefined && parts.length === 3) {
    return { page: 'subscribe', product: second, plan: third, cancelled: query === 'cancelled' };
  }
  return { page: 'unknown' };
}

export const paths = {
  products: '/#/',
  product: (id: string) => `/#/products/${encodeURIComponent(id)}`,
  figures: '/#/figures',
  tenants: '/#/tenants',
  tenant: (id: string) => `/#/tenants/${encodeURIComponent(id)}`,
  subscribe: (product: string, plan: string) =>
    `/#/subscribe/${encodeURIComponent(product)}/${encodeURIComponent(plan)}`,
} as const;

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
