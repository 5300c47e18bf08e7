/**
 * TLS only: what stores data, and what is reachable from outside the network, accepts no plain-text request and no
 * old version of the protocol. Behind the load balancer requests stay inside the network and are not judged.
 */
import type { PolicyResource } from '../resource.ts';
import { all, type Check, must, mustBe, mustHave, mustNotBe, type Rule, ruleByType, when } from '../rule.ts';
import { isUnknown, recordsOf, shown, textsOf, valueAt } from '../values.ts';

/** Policies of CloudFront that refuse TLS below 1.2. */
const modernViewer = /^TLSv1\.(2_20(18|19|21|25)|3_20\d\d)$/;

/** Policies of load balancers that refuse TLS below 1.2. */
const modernListener = /^ELBSecurityPolicy-(TLS13-1-[23]|TLS-1-2)/;

const toHttps = (behavior: string): Check =>
  must(
    `${behavior}.viewerProtocolPolicy`,
    (policy) => policy === 'redirect-to-https' || policy === 'https-only',
    'redirect-to-https or https-only',
  );

export const transportRules: readonly Rule[] = [
  ruleByType(
    {
      name: 'transport-encrypted',
      concern: 'TLS only',
      description: 'Databases, caches, the edge and load balancers take TLS 1.2 or newer and nothing else.',
    },
    {
      'aws:rds/instance:Instance': mustHave('parameterGroupName', 'a parameter group with rds.force_ssl'),
      'aws:rds/parameterGroup:ParameterGroup': forcesTls,
      'aws:rds/clusterParameterGroup:ClusterParameterGroup': forcesTls,
      'aws:rds/proxy:Proxy': mustBe('requireTls', true),
      'aws:elasticache/replicationGroup:ReplicationGroup': all(
        mustBe('transitEncryptionEnabled', true),
        mustNotBe('transitEncryptionMode', 'preferred'),
      ),
      'aws:cloudfront/distribution:Distribution': all(
        toHttps('defaultCacheBehavior'),
        toHttps('orderedCacheBehaviors[]'),
        must(
          'viewerCertificate.minimumProtocolVersion',
          (version) => modernViewer.test(String(version)),
          'TLSv1.2_2021 or newer',
        ),
        must(
          'origins[].customOriginConfig.originProtocolPolicy',
          (policy) => policy === undefined || policy === 'https-only',
          'https-only',
        ),
        oldOriginProtocols,
      ),
      'aws:lb/listener:Listener': listenerOnTls,
      'aws:alb/listener:Listener': listenerOnTls,
      'aws:sns/topicSubscription:TopicSubscription': mustNotBe('protocol', 'http'),
      'aws:route53/healthCheck:HealthCheck': must(
        'type',
        (type) => type !== 'HTTP' && type !== 'HTTP_STR_MATCH',
        'HTTPS',
      ),
      'kubernetes:networking.k8s.io/v1:Ingress': ingressOnTls,
      'kubernetes:core/v1:Service': when(
        ({ props }) => valueAt(props, 'spec.type') === 'LoadBalancer',
        onlyPort443,
      ),
    },
  ),
];

function forcesTls({ props }: PolicyResource): readonly string[] {
  if (!String(props.family).includes('postgres') || isUnknown(props.parameters)) return [];
  const force = recordsOf(props.parameters).find(({ name }) => name === 'rds.force_ssl');
  if (String(force?.value) === '1' || isUnknown(force?.value)) return [];
  return [`rds.force_ssl is ${shown(force?.value)}; wanted: 1`];
}

function oldOriginProtocols({ props }: PolicyResource): readonly string[] {
  return recordsOf(props.origins).flatMap(({ originId, customOriginConfig }) =>
    textsOf(valueAt(customOriginConfig, 'originSslProtocols'))
      .filter((protocol) => !isUnknown(protocol) && protocol !== 'TLSv1.2' && protocol !== 'TLSv1.3')
      .map((protocol) => `origin ${shown(originId)} is reached with ${protocol}; wanted: TLSv1.2`),
  );
}

function listenerOnTls(resource: PolicyResource): readonly string[] {
  const { protocol, defaultActions } = resource.props;
  if (isUnknown(protocol)) return [];
  if (protocol === 'HTTPS' || protocol === 'TLS') {
    return must(
      'sslPolicy',
      (policy) => modernListener.test(String(policy)),
      'ELBSecurityPolicy-TLS13-1-2-2021-06 or newer',
    )(resource);
  }
  const redirects = recordsOf(defaultActions).every(
    (action) => action.type === 'redirect' && valueAt(action, 'redirect.protocol') === 'HTTPS',
  );
  return protocol === 'HTTP' && redirects && recordsOf(defaultActions).length > 0
    ? []
    : [`protocol is ${shown(protocol)}; wanted: HTTPS or TLS, or a redirect to HTTPS`];
}

/** An Ingress of the AWS load balancer controller listens where its annotations say, by default in plain text. */
function ingressOnTls({ props }: PolicyResource): readonly string[] {
  const annotations = recordsOf(valueAt(props, 'metadata.annotations'))[0] ?? {};
  if (recordsOf(valueAt(props, 'spec.tls')).length > 0) return [];
  const ports = annotations['alb.ingress.kubernetes.io/listen-ports'];
  const redirect = annotations['alb.ingress.kubernetes.io/ssl-redirect'];
  if (isUnknown(ports) || redirect !== undefined) return [];
  return typeof ports === 'string' && !/"HTTP"/.test(ports)
    ? []
    : [`the Ingress listens on ${shown(ports ?? 'HTTP')}; wanted: HTTPS, or ssl-redirect`];
}

function onlyPort443(resource: PolicyResource): readonly string[] {
  const others = recordsOf(valueAt(resource.props, 'spec.ports')).filter(({ port }) => port !== 443);
  return others.map(({ port }) => `the load balancer listens on port ${shown(port)}; wanted: 443`);
}
