/** Decides which region the API's name leads to, through Route 53's health check of the home region. */
import {
  ListHealthChecksCommand,
  type Route53Client,
  UpdateHealthCheckCommand,
} from '@aws-sdk/client-route-53';
import type { Step } from './steps.ts';

export interface HealthCheck {
  readonly id: string;
  /** True when the region counts as unhealthy whatever its API says. */
  readonly heldDown: boolean;
}

export interface Traffic {
  /** Finds the health check of a host. */
  find(host: string): Promise<HealthCheck | null>;
  /** Marks the region as down, or lets the health check decide again. */
  hold(id: string, down: boolean): Promise<void>;
}

export function route53Traffic(client: Route53Client): Traffic {
  return {
    async find(host) {
      let Marker: string | undefined;
      do {
        const page = await client.send(new ListHealthChecksCommand({ Marker }));
        const found = page.HealthChecks?.find(
          ({ HealthCheckConfig }) => HealthCheckConfig?.FullyQualifiedDomainName === host,
        );
        if (found?.Id) {
          const { Disabled, Inverted } = found.HealthCheckConfig ?? {};
          return { id: found.Id, heldDown: Disabled === true && Inverted === true };
        }
        Marker = page.NextMarker;
      } while (Marker !== undefined);
      return null;
    },
    async hold(id, down) {
      // A disabled check counts as healthy, an inverted one as the opposite: both together are always unhealthy.
      // Inverted alone would call a dead region healthy.
      await client.send(new UpdateHealthCheckCommand({ HealthCheckId: id, Disabled: down, Inverted: down }));
    },
  };
}

/** Sends traffic away from a region, or lets its health decide again. */
export function trafficStep(traffic: Traffic, host: string, down: boolean): Step {
  const find = async () => {
    const found = await traffic.find(host);
    if (!found) throw new Error(`Route 53 has no health check of ${host}`);
    return found;
  };
  return {
    id: 'traffic',
    title: down ? `Send traffic away from ${host}` : `Let the health of ${host} decide where traffic goes`,
    look: async () => {
      const { heldDown } = await find();
      const detail = heldDown ? 'the region is held down' : 'the health check decides';
      return { state: heldDown === down ? 'done' : 'todo', detail };
    },
    act: async () => {
      const { id } = await find();
      await traffic.hold(id, down);
    },
  };
}
