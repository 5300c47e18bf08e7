import type { ApiService } from '../../api/router.ts';
import { stream as product } from '../../tenants/catalog/stream.ts';
import { checks } from './checks.ts';

export const stream: ApiService = { product, checks };
