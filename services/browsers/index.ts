import type { ApiService } from '../../api/router.ts';
import { browsers as product } from '../../tenants/catalog/browsers.ts';
import { checks } from './checks.ts';

export const browsers: ApiService = { product, checks };
