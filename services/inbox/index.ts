import type { ApiService } from '../../api/router.ts';
import { inbox as product } from '../../tenants/catalog/inbox.ts';
import { checks } from './checks.ts';

export const inbox: ApiService = { product, checks };
