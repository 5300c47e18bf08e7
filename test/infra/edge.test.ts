import { output } from '@pulumi/pulumi';
import { beforeAll, describe, expect, test } from 'vitest';
import { contentSecurityPolicy, managedPolicies } from '../../infra/edge/distribution.ts';
import { firewallRules } from '../../infra/edge/firewall.ts';
import { hostNames } from '../../infra/edge/names.ts';
import { signInOrigins } from '../../infra/edge.ts';
import { tokenClaims } from '../../infra/identity/pre-token-generation.ts';
import { controllerStatements } from '../../infra/ingress.ts';
import { checks } from '../smoke/checks.ts';
import { type InfraGraph, infraGraph, stackValues } from '../support/infra-graph.ts';

let prod: InfraGraph;
let west: InfraGraph;
let outside: InfraGraph;

beforeAll(async () => {
  prod = await infraGraph('prod');
  west = await infraGraph('prod-us-west-2');
  outside = await infraGraph('dev', {
    'tenantry:identity': { kind: 'oidc', issuer: 'https://login.example.com/', clientId: 'page' },
  });
}, 120_000);

/** As CloudFront does for patterns whose only `*` is their last character: it stands for slashes too. */
function matchesPattern(path: string, pattern: string): boolean {
  return pattern.endsWith('*') ? path.startsWith(pattern.slice(0, -1)) : path === pattern;
}

interface Behaviour {
  readonly pathPattern?: string;
  readonly targetOriginId: string;
  readonly viewerProtocolPolicy: string;
  readonly cachePolicyId: string;
  readonly originRequestPolicyId?: string;
  readonly allowedMethods: readonly string[];
}

const distribution = (graph: InfraGraph) =>
  graph.get('aws:cloudfront/distribution:Distribution', 'edge').inputs as unknown as {
    aliases: string[];
    origins: Record<string, unknown>[];
    originGroups?: unknown;
    defaultCacheBehavior: Behaviour;
    orderedCacheBehaviors: Behaviour[];
    viewerCertificate: Record<string, unknown>;
    webAclId: string;
  };

describe('names', () => {
  const config = { domain: 'tenantry.example.com', edge: { wafRateLimit: 2000 } };
  const failover = { ...config.edge, failover: { region: 'us-west-2' as const } };

  test.each([
    {
      cell: 'at home',
      of: { ...config, primary: true, region: 'us-east-1' as const },
      names: {
        public: 'tenantry.example.com',
        origin: 'origin-us-east-1.tenantry.example.com',
        api: 'origin-us-east-1.tenantry.example.com',
        signIn: 'auth.tenantry.example.com',
      },
    },
    {
      cell: 'at home with a failover',
      of: { ...config, edge: failover, primary: true, region: 'us-east-1' as const },
      names: {
        public: 'tenantry.example.com',
        origin: 'origin-us-east-1.tenantry.example.com',
        api: 'origin.tenantry.example.com',
        signIn: 'auth.tenantry.example.com',
      },
    },
    {
      cell: 'elsewhere',
      of: { ...config, primary: false, region: 'eu-west-1' as const },
      names: {
        public: 'eu-west-1.tenantry.example.com',
        origin: 'origin-eu-west-1.tenantry.example.com',
        api: 'origin-eu-west-1.tenantry.example.com',
        signIn: 'auth-eu-west-1.tenantry.example.com',
      },
    },
  ])('of the cell $cell are one label below the domain', ({ of, names }) => {
    expect(hostNames(of)).toEqual(names);
  });
});

describe('CloudFront', () => {
  test('has three origins: assets in S3, the API, and WebSockets', () => {
    expect(distribution(prod).origins.map(({ originId }) => originId)).toEqual([
      'assets',
      'assets-replica',
      'api',
      'ws',
    ]);
    expect(distribution(outside).origins.map(({ originId }) => originId)).toEqual(['assets', 'api', 'ws']);
  });

  test('caches assets and nothing of the API and of WebSockets, which get all of the request', () => {
    const { defaultCacheBehavior, orderedCacheBehaviors } = distribution(prod);
    expect(defaultCacheBehavior).toMatchObject({
      targetOriginId: 'assets-or-replica',
      cachePolicyId: managedPolicies.cachingOptimized,
      allowedMethods: ['GET', 'HEAD', 'OPTIONS'],
    });
    const targets = Object.fromEntries(
      orderedCacheBehaviors.map(({ pathPattern, targetOriginId }) => [pathPattern, targetOriginId]),
    );
    expect(targets).toMatchObject({
      '/api/*': 'api',
      '/ws/*': 'ws',
      '/v1/*': 'api',
      '/webhooks/*': 'api',
    });
    for (const behaviour of orderedCacheBehaviors) {
      expect(behaviour).toMatchObject({
        cachePolicyId: managedPolicies.cachingDisabled,
        originRequestPolicyId: managedPolicies.allViewer,
      });
      expect(behaviour.allowedMethods).toContain('POST');
    }
  });

  test.each([
    ...checks.map(({ path }) => `/${path}`),
    '/v1/config',
    '/v1/tenants/some-id/events',
    '/openapi.json',
    '/docs',
    '/docs/start.js',
  ])('asks the API for %s', (path) => {
    const { orderedCacheBehaviors } = distribution(prod);
    expect(
      orderedCacheBehaviors.find(({ pathPattern = '' }) => matchesPattern(path, pathPattern))?.targetOriginId,
    ).toBe('api');
  });

  test.each(['/', '/index.html', '/assets/index.js', '/metrics'])('does not ask the API for %s', (path) => {
    const { orderedCacheBehaviors } = distribution(prod);
    expect(orderedCacheBehaviors.filter(({ pathPattern = '' }) => matchesPattern(path, pathPattern))).toEqual(
      [],
    );
  });

  test('turns HTTP into HTTPS everywhere, and speaks TLS 1.2 and newer to both sides', () => {
    for (const graph of [prod, west]) {
      const { defaultCacheBehavior, orderedCacheBehaviors, viewerCertificate, origins } = distribution(graph);
      for (const { viewerProtocolPolicy } of [defaultCacheBehavior, ...orderedCacheBehaviors]) {
        expect(viewerProtocolPolicy).toBe('redirect-to-https');
      }
      expect(viewerCertificate).toMatchObject({ minimumProtocolVersion: 'TLSv1.2_2021' });
      for (const origin of origins.filter(({ originId }) => originId === 'api' || originId === 'ws')) {
        expect(origin.customOriginConfig).toMatchObject({
          originProtocolPolicy: 'https-only',
          originSslProtocols: ['TLSv1.2'],
        });
      }
    }
  });

  test('reads the bucket by an access control of its own, and the copy when the bucket fails', () => {
    const { origins, originGroups } = distribution(prod);
    for (const origin of origins.slice(0, 2)) expect(origin.originAccessControlId).toBeTruthy();
    expect(originGroups).toMatchObject([
      {
        failoverCriteria: { statusCodes: [500, 502, 503, 504] },
        members: [{ originId: 'assets' }, { originId: 'assets-replica' }],
      },
    ]);
    const policy = JSON.parse(
      String(prod.get('aws:s3/bucketPolicy:BucketPolicy', 'assets').inputs.policy),
    ) as { Statement: { Sid: string; Condition: unknown; Action: unknown }[] };
    expect(policy.Statement.find(({ Sid }) => Sid === 'CloudFrontReads')).toMatchObject({
      Action: 's3:GetObject',
      Condition: {
        ArnLike: { 'aws:SourceArn': 'arn:aws:cloudfront::111122223333:distribution/*' },
      },
    });
  });

  test('adds security headers to every answer', () => {
    const policy = prod.get('aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy', 'security').inputs;
    expect(policy.securityHeadersConfig).toMatchObject({
      strictTransportSecurity: { accessControlMaxAgeSec: 63_072_000, includeSubdomains: true },
      contentTypeOptions: { override: true },
      frameOptions: { frameOption: 'DENY' },
    });
    const { defaultCacheBehavior, orderedCacheBehaviors } = distribution(prod);
    for (const behaviour of [defaultCacheBehavior, ...orderedCacheBehaviors]) {
      expect(behaviour).toHaveProperty('responseHeadersPolicyId', 'security-id');
    }
  });

  test('lets the page talk to itself and to who signs people in', () => {
    expect(contentSecurityPolicy(['https://login.example.com'])).toContain(
      "connect-src 'self' https://login.example.com;",
    );
    expect(
      signInOrigins({
        identity: { kind: 'oidc', issuer: 'https://login.example.com/tenant/', clientId: 'page' },
        region: 'us-east-1',
        domain: 'tenantry.example.com',
        primary: true,
        edge: { wafRateLimit: 2000 },
      }),
    ).toEqual(['https://login.example.com']);
  });

  test('logs requests without cookies and queries', () => {
    const { recordFields } = prod.get('aws:cloudwatch/logDelivery:LogDelivery', 'edge').inputs as {
      recordFields: string[];
    };
    expect(recordFields).toContain('cs-uri-stem');
    expect(recordFields.join(' ')).not.toMatch(/query|Cookie|Referer/i);
  });
});

describe('the firewall', () => {
  interface Rule {
    name: string;
    priority: number;
    action?: unknown;
    statement: {
      rateBasedStatement?: { limit: number; evaluationWindowSec: number; scopeDownStatement: unknown };
      managedRuleGroupStatement?: { name: string; ruleActionOverrides: unknown[] };
    };
  }
  const rules = firewallRules(2000) as unknown as Rule[];

  test('blocks an address after the configured number of requests in five minutes', () => {
    expect(rules[0]).toMatchObject({
      action: { block: {} },
      statement: { rateBasedStatement: { limit: 2000, evaluationWindowSec: 300, aggregateKeyType: 'IP' } },
    });
  });

  test('grants Stripe, whose webhooks come from few addresses, ten times as many', () => {
    expect(rules[1]?.statement.rateBasedStatement).toMatchObject({
      limit: 20_000,
      scopeDownStatement: { byteMatchStatement: { searchString: '/webhooks/' } },
    });
    expect(rules[0]?.statement.rateBasedStatement?.scopeDownStatement).toHaveProperty('notStatement');
  });

  test('has AWS’s managed rules, each evaluated in an order of its own', () => {
    const managed = rules.flatMap(({ statement }) => statement.managedRuleGroupStatement?.name ?? []);
    expect(managed).toEqual([
      'AWSManagedRulesAmazonIpReputationList',
      'AWSManagedRulesKnownBadInputsRuleSet',
      'AWSManagedRulesCommonRuleSet',
      'AWSManagedRulesSQLiRuleSet',
    ]);
    expect(rules.map(({ priority }) => priority)).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test('stands in us-east-1 before every distribution, and logs what it stops without credentials', () => {
    for (const graph of [prod, west]) {
      const acl = graph.get('aws:wafv2/webAcl:WebAcl', 'edge').inputs;
      expect(acl).toMatchObject({ scope: 'CLOUDFRONT', region: 'us-east-1' });
      expect(distribution(graph).webAclId).toContain('wafv2');
      const log = graph.get('aws:cloudwatch/logGroup:LogGroup', 'firewall').inputs;
      expect(log).toMatchObject({
        region: 'us-east-1',
        name: `aws-waf-logs-${String(acl.name).slice(0, -5)}`,
      });
    }
    // A key of another region cannot encrypt a log of this one.
    expect(west.get('aws:kms/key:Key', 'logs-global').inputs.region).toBe('us-east-1');
    expect(
      prod.get('aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration', 'edge').inputs
        .redactedFields,
    ).toEqual([{ singleHeader: { name: 'authorization' } }, { singleHeader: { name: 'cookie' } }]);
  });
});

describe('the load balancer', () => {
  test('lets in CloudFront and health checks only, by TLS', () => {
    const ingress = ['load-balancer-cloudfront', 'load-balancer-health-checks', 'load-balancer'].map(
      (name) => prod.get('aws:ec2/securityGroup:SecurityGroup', name).inputs.ingress,
    );
    for (const rules of ingress.slice(0, 2)) {
      expect(rules).toMatchObject([{ protocol: 'tcp', fromPort: 443, toPort: 443 }]);
      expect(rules).toHaveProperty('0.prefixListIds');
    }
    expect(ingress[2]).toBeUndefined();
    expect(prod.get('aws:lb/listener:Listener', 'origin').inputs).toMatchObject({
      port: 443,
      protocol: 'HTTPS',
      sslPolicy: 'ELBSecurityPolicy-TLS13-1-2-2021-06',
      defaultActions: [{ type: 'fixed-response', fixedResponse: { statusCode: '403' } }],
    });
  });

  test('refuses what does not come through our CloudFront', () => {
    const header = { name: 'X-Tenantry-Origin', value: 'correct-horse-battery-staple-0123' };
    for (const graph of [prod, west]) {
      for (const origin of distribution(graph).origins.filter(
        ({ customOriginConfig }) => customOriginConfig,
      )) {
        expect(origin.customHeaders).toEqual([header]);
      }
      for (const name of ['api', 'rest']) {
        expect(graph.get('aws:lb/listenerRule:ListenerRule', name).inputs.conditions).toContainEqual({
          httpHeader: { httpHeaderName: header.name, values: [header.value] },
        });
      }
    }
    expect(prod.get('aws:lb/listenerRule:ListenerRule', 'api').inputs.transforms).toMatchObject([
      { urlRewriteConfig: { rewrite: { regex: '^/api/(.*)$', replace: '/$1' } } },
    ]);
  });

  test('shares the header’s value over all regions, so that another one can take over', () => {
    expect(prod.get('aws:secretsmanager/secret:Secret', 'origin').inputs.name).toBe(
      'tenantry/prod-us-east-1/origin',
    );
    expect(west.ofType('aws:secretsmanager/secret:Secret').map(({ name }) => name)).not.toContain('origin');
  });

  test('keeps WebSockets as long as CloudFront does', () => {
    expect(prod.get('aws:lb/loadBalancer:LoadBalancer', 'origin').inputs).toMatchObject({
      idleTimeout: 600,
      enableDeletionProtection: true,
      dropInvalidHeaderFields: true,
    });
  });

  test('gets the addresses of the API’s pods from a controller that may do nothing else', () => {
    const binding = prod.objects().find(({ kind }) => kind === 'TargetGroupBinding');
    expect(binding).toMatchObject({
      metadata: { namespace: 'tenantry-system' },
      spec: { serviceRef: { name: 'api', port: 80 }, targetType: 'ip' },
    });
    const changing = controllerStatements(output('arn:aws:elasticloadbalancing:x'))
      .flatMap(({ Action }) => Action)
      .filter((action) => !/:Describe/.test(action));
    expect(changing).toEqual([
      'elasticloadbalancing:RegisterTargets',
      'elasticloadbalancing:DeregisterTargets',
    ]);
  });
});

describe('DNS and certificates', () => {
  const records = (graph: InfraGraph) =>
    Object.fromEntries(graph.ofType('aws:route53/record:Record').map(({ name, inputs }) => [name, inputs]));

  test('lead the domain to CloudFront by IPv4 and IPv6', () => {
    expect(records(prod)).toMatchObject({
      public: { name: 'tenantry.example.com', type: 'A' },
      'public-ipv6': { name: 'tenantry.example.com', type: 'AAAA' },
    });
  });

  test('move the API to the other region while the health check of this one fails', () => {
    const { 'failover-primary': primary, 'failover-secondary': secondary } = records(prod);
    expect(primary).toMatchObject({
      name: 'origin.tenantry.example.com',
      ttl: 60,
      records: ['origin-us-east-1.tenantry.example.com'],
      failoverRoutingPolicies: [{ type: 'PRIMARY' }],
      healthCheckId: 'origin-id',
    });
    expect(secondary).toMatchObject({
      name: 'origin.tenantry.example.com',
      records: ['origin-us-west-2.tenantry.example.com'],
      failoverRoutingPolicies: [{ type: 'SECONDARY' }],
    });
    expect(records(west).origin).toMatchObject({ name: 'origin-us-west-2.tenantry.example.com' });
    expect(Object.keys(records(west))).not.toContain('failover-primary');
    expect(distribution(prod).origins.at(-1)).toMatchObject({ domainName: 'origin.tenantry.example.com' });
  });

  test('ask the API itself whether it can serve', () => {
    expect(prod.get('aws:route53/healthCheck:HealthCheck', 'origin').inputs).toMatchObject({
      type: 'HTTPS',
      fqdn: 'origin-us-east-1.tenantry.example.com',
      resourcePath: '/readyz?exclude=worker&exclude=stripe',
      requestInterval: 10,
    });
  });

  test('prove the domain once, for the certificates of all regions', () => {
    expect(prod.ofType('aws:acm/certificate:Certificate').map(({ name }) => name)).toEqual(['global']);
    expect(records(prod).certificate).toMatchObject({ type: 'CNAME' });
    const certificates = west.ofType('aws:acm/certificate:Certificate');
    expect(certificates.map(({ name, inputs }) => [name, inputs.region])).toEqual([
      ['global', 'us-east-1'],
      ['regional', 'us-west-2'],
    ]);
    expect(records(west)).not.toHaveProperty('certificate');
    for (const { inputs } of certificates) {
      expect(inputs).toMatchObject({
        domainName: 'tenantry.example.com',
        subjectAlternativeNames: ['*.tenantry.example.com'],
        validationMethod: 'DNS',
      });
    }
  });
});

describe('identity', () => {
  const pool = (graph: InfraGraph) => graph.get('aws:cognito/userPool:UserPool', 'users').inputs;
  const client = () => prod.get('aws:cognito/userPoolClient:UserPoolClient', 'page').inputs;

  test('signs in by e-mail with a long password, and a second factor for who wants one', () => {
    expect(pool(prod)).toMatchObject({
      usernameAttributes: ['email'],
      autoVerifiedAttributes: ['email'],
      passwordPolicy: { minimumLength: 12, requireSymbols: true, requireNumbers: true },
      mfaConfiguration: 'OPTIONAL',
      softwareTokenMfaConfiguration: { enabled: true },
      deletionProtection: 'ACTIVE',
    });
  });

  test('without a second factor asks for none', async () => {
    const graph = await infraGraph('dev', { 'tenantry:identity': { kind: 'cognito', totp: 'off' } });
    expect(pool(graph)).toMatchObject({ mfaConfiguration: 'OFF', deletionProtection: 'INACTIVE' });
    expect(pool(graph)).not.toHaveProperty('softwareTokenMfaConfiguration');
  }, 120_000);

  test('gives tokens of an hour, and thirty days to renew them', () => {
    expect(client()).toMatchObject({
      accessTokenValidity: 1,
      idTokenValidity: 1,
      refreshTokenValidity: 30,
      tokenValidityUnits: { accessToken: 'hours', idToken: 'hours', refreshToken: 'days' },
      refreshTokenRotation: { feature: 'ENABLED' },
      enableTokenRevocation: true,
    });
  });

  test('lets nobody write the attributes that become their claims', () => {
    const { writeAttributes, readAttributes } = client() as Record<string, string[]>;
    expect(writeAttributes).toEqual(['email', 'name']);
    expect(readAttributes).toContain('custom:role');
    expect(pool(prod).schemas).toMatchObject([{ name: 'organization_id' }, { name: 'role' }]);
  });

  test('is a page without a secret that comes back to the domain only', () => {
    expect(client()).toMatchObject({
      generateSecret: false,
      allowedOauthFlows: ['code'],
      callbackUrls: ['https://tenantry.example.com/'],
    });
    expect(prod.get('aws:cognito/userPoolDomain:UserPoolDomain', 'sign-in').inputs).toMatchObject({
      domain: 'auth.tenantry.example.com',
      managedLoginVersion: 2,
    });
  });

  test('ships the trigger that its tests have seen, which Cognito alone may call', async () => {
    const { inputs } = prod.get('aws:lambda/function:Function', 'token-claims');
    const { assets } = inputs.code as { assets: Record<string, { text: string }> };
    const text = assets['index.mjs']?.text;
    const shipped = await import(/* @vite-ignore */ `data:text/javascript,${encodeURIComponent(text ?? '')}`);
    const event = {
      callerContext: { clientId: 'client-1' },
      request: { userAttributes: { 'custom:organization_id': 'org', 'custom:role': 'admin' } },
    };
    expect(await shipped.handler(event)).toMatchObject({
      response: { claimsAndScopeOverrideDetails: tokenClaims(event) },
    });
    expect(inputs).toMatchObject({ handler: 'index.handler', runtime: 'nodejs24.x' });
    expect(pool(prod).lambdaConfig).toMatchObject({
      preTokenGenerationConfig: { lambdaVersion: 'V2_0', lambdaArn: expect.stringContaining('lambda') },
    });
    expect(prod.get('aws:lambda/permission:Permission', 'token-claims').inputs).toMatchObject({
      principal: 'cognito-idp.amazonaws.com',
      sourceArn: expect.stringContaining('userpool'),
    });
  });

  test('sends its mail in the name of the domain, signed', () => {
    expect(pool(prod).emailConfiguration).toMatchObject({
      emailSendingAccount: 'DEVELOPER',
      fromEmailAddress: 'Tenantry <no-reply@tenantry.example.com>',
    });
    const names = prod.ofType('aws:route53/record:Record').map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['mail-dkim-1', 'mail-dkim-2', 'mail-dkim-3']));
  });

  test('is somebody else’s where the configuration names an issuer', () => {
    expect(outside.ofType('aws:cognito/userPool:UserPool')).toEqual([]);
    expect(outside.ofType('aws:lambda/function:Function').map(({ name }) => name)).not.toContain(
      'token-claims',
    );
    expect(stackValues('dev')['tenantry:identity']).toMatchObject({ kind: 'cognito' });
  });
});
