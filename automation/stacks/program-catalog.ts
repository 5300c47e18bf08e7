import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Product } from '../../tenants/catalog/types.ts';

const thisCheckout = resolve(import.meta.dirname, '..', '..');

/** The catalog of any version of the tenant program: those from before products of packages cannot be extended. */
interface ProgramCatalog {
  readonly catalog: readonly Product[];
  readonly extendCatalog?: (products: readonly Product[]) => void;
}

/**
 * Adds the products that the program's catalog lacks: a process that runs the program has not loaded the packages that
 * brought them to its parent.
 * @param products the parent's whole catalog
 * @param root the checkout whose program runs; default this one
 */
export async function completeCatalog(
  products: readonly Product[],
  root: string = thisCheckout,
): Promise<void> {
  const file = pathToFileURL(join(root, 'tenants', 'catalog', 'index.ts')).href;
  const { catalog, extendCatalog }: ProgramCatalog = await import(file);
  extendCatalog?.(products.filter(({ id }) => !catalog.some((known) => known.id === id)));
}
