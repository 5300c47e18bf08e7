import type { PlatformConfig } from '../config.ts';

/** Names of a cell in DNS. All are one label below the domain, so that one wildcard certificate covers them. */
export interface HostNames {
  /** The address for people and tenants' clients: CloudFront. */
  readonly public: string;
  /** The load balancer of this region. */
  readonly origin: string;
  /** Where CloudFront finds the API: the load balancer, or the name that moves to another region in a failover. */
  readonly api: string;
  /** The hosted sign-in page. */
  readonly signIn: string;
}

/** The home cell has the domain itself; every other one has its region in front. */
export function hostNames(config: Pick<PlatformConfig, 'domain' | 'primary' | 'region' | 'edge'>): HostNames {
  const { domain, primary, region } = config;
  const origin = originName(config, region);
  return {
    public: primary ? domain : `${region}.${domain}`,
    origin,
    api: primary && config.edge.failover ? `origin.${domain}` : origin,
    signIn: primary ? `auth.${domain}` : `auth-${region}.${domain}`,
  };
}

/** Name of a region's load balancer. */
export function originName(config: Pick<PlatformConfig, 'domain'>, region: PlatformConfig['region']): string {
  return `origin-${region}.${config.domain}`;
}
