/** The page parts of this tree's services, one line each; a module is loaded when a tenant's page opens. */
import type { PageParts } from '../api/dashboard/src/page-part.ts';

export const pages: PageParts = {};
