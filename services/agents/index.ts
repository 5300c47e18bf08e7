import type { ApiService } from '../../api/router.ts';
import { agents as product } from '../../tenants/catalog/agents.ts';
import { checks } from './checks.ts';

export const agents: ApiService = { product, checks };
