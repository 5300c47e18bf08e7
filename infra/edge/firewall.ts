/** WAF in front of CloudFront: AWS's managed rules, and a request limit for each address. */
import * as aws from '@pulumi/aws';
import type * as inputs from '@pulumi/aws/types/input.js';
import type { PlatformConfig } from '../config.ts';
import { globalRegion, type Keys } from '../keys.ts';
import { logRetentionDays } from '../log-retention.ts';

type Rule = inputs.wafv2.WebAclRule;
type Statement = inputs.wafv2.WebAclRuleStatement;
type ScopeDown = inputs.wafv2.WebAclRuleStatementRateBasedStatementScopeDownStatement;

/** Seconds over which requests are counted; the configured limit applies to these. */
export const rateWindowSeconds = 300;

/**
 * Stripe sends all webhooks from a few addresses, in bursts after an outage of ours, with bodies that hold whatever
 * customers typed. They are signed, and the API checks the signature first.
 */
const webhookPath = '/webhooks/';
/** Webhooks may come at this many times the limit of an address. */
const webhookAllowance = 10;

/** Managed groups, cheapest to evaluate first; rules in `counted` only count. */
const managedGroups: readonly { name: string; counted: readonly string[]; webhooks: boolean }[] = [
  { name: 'AWSManagedRulesAmazonIpReputationList', counted: [], webhooks: true },
  { name: 'AWSManagedRulesKnownBadInputsRuleSet', counted: [], webhooks: true },
  // The API limits bodies itself and accepts more than the 8 KB that this group allows.
  { name: 'AWSManagedRulesCommonRuleSet', counted: ['SizeRestrictions_BODY'], webhooks: false },
  { name: 'AWSManagedRulesSQLiRuleSet', counted: [], webhooks: false },
];

/**
 * The rules, in order.
 * @param requestsPerAddress in five minutes
 */
export function firewallRules(requestsPerAddress: number): Rule[] {
  const limits = [
    rateRule('requests-per-address', requestsPerAddress, exceptWebhooks),
    rateRule('webhooks-per-address', requestsPerAddress * webhookAllowance, onlyWebhooks),
  ];
  const managed = managedGroups.map(
    ({ name, counted, webhooks }): Omit<Rule, 'priority'> => ({
      name,
      // A group brings its own actions.
      overrideAction: { none: {} },
      statement: {
        managedRuleGroupStatement: {
          vendorName: 'AWS',
          name,
          ruleActionOverrides: counted.map((rule) => ({ name: rule, actionToUse: { count: {} } })),
          ...(!webhooks && { scopeDownStatement: exceptWebhooks }),
        },
      },
      visibilityConfig: measured(name),
    }),
  );
  return [...limits, ...managed].map((rule, priority) => ({ ...rule, priority }));
}

function rateRule(name: string, limit: number, scopeDownStatement: ScopeDown): Omit<Rule, 'priority'> {
  const statement: Statement = {
    rateBasedStatement: {
      limit,
      aggregateKeyType: 'IP',
      evaluationWindowSec: rateWindowSeconds,
      scopeDownStatement,
    },
  };
  return { name, action: { block: {} }, statement, visibilityConfig: measured(name) };
}

const onlyWebhooks = {
  byteMatchStatement: {
    fieldToMatch: { uriPath: {} },
    positionalConstraint: 'STARTS_WITH',
    searchString: webhookPath,
    textTransformations: [{ priority: 0, type: 'NONE' }],
  },
};
const exceptWebhooks = { notStatement: { statement: onlyWebhooks } };

function measured(metricName: string) {
  return { cloudwatchMetricsEnabled: true, sampledRequestsEnabled: false, metricName };
}

/** Makes the firewall. What it blocks is logged, without credentials. */
export function createFirewall(config: PlatformConfig, keys: Keys): aws.wafv2.WebAcl {
  const region = globalRegion;
  const acl = new aws.wafv2.WebAcl('edge', {
    region,
    name: `${config.cellId}-edge`,
    description: `In front of ${config.cellId}`,
    scope: 'CLOUDFRONT',
    defaultAction: { allow: {} },
    rules: firewallRules(config.edge.wafRateLimit),
    visibilityConfig: measured('edge'),
  });
  const logs = new aws.cloudwatch.LogGroup('firewall', {
    region,
    // WAF writes only to groups with such names.
    name: `aws-waf-logs-${config.cellId}`,
    kmsKeyId: keys.globalLogs.arn,
    retentionInDays: logRetentionDays(config.monitoring.retentionDays),
  });
  new aws.wafv2.WebAclLoggingConfiguration('edge', {
    region,
    resourceArn: acl.arn,
    logDestinationConfigs: [logs.arn],
    redactedFields: ['authorization', 'cookie'].map((name) => ({ singleHeader: { name } })),
    loggingFilter: {
      defaultBehavior: 'DROP',
      filters: [
        {
          behavior: 'KEEP',
          requirement: 'MEETS_ANY',
          conditions: [{ actionCondition: { action: 'BLOCK' } }, { actionCondition: { action: 'COUNT' } }],
        },
      ],
    },
  });
  return acl;
}
