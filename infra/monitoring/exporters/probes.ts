/** Requests from outside, by Prometheus' own blackbox exporter. */
import { stringify } from 'yaml';
import { monitoringNamespace } from '../namespaces.ts';
import { configPath, type Exporter } from './exporter.ts';

const module = 'https';
const port = 9_115;

/** The module that probes ask for. */
export const prober = { host: `probes.${monitoringNamespace}.svc:${port}`, module } as const;

export function probeExporter(): Exporter {
  return {
    name: 'probes',
    image: 'quay.io/prometheus/blackbox-exporter:v0.27.0',
    port,
    args: [`--config.file=${configPath}`],
    config: stringify({
      modules: {
        [module]: {
          prober: 'http',
          timeout: '10s',
          http: { fail_if_not_ssl: true, valid_status_codes: [200], preferred_ip_protocol: 'ip4' },
        },
      },
    }),
    memory: '64Mi',
  };
}
