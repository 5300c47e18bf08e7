import type { ApiService } from '../../api/router.ts';
import { workspace as product } from '../../tenants/catalog/workspace.ts';
import { checks } from './checks.ts';

export const workspace: ApiService = { product, checks };
