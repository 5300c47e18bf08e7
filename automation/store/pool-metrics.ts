import { Gauge, type Registry } from 'prom-client';
import type { Database } from './database.ts';

export function observePool(registry: Registry, pool: Database['pool']): void {
  new Gauge({
    name: 'tenantry_database_pool_connections',
    help: 'Database connections of this process by state, and requests that wait for one',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      const used = pool.totalCount - pool.idleCount;
      this.set({ state: 'used' }, used);
      this.set({ state: 'free' }, pool.options.max - used);
      this.set({ state: 'waiting' }, pool.waitingCount);
    },
  });
}
