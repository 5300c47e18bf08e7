import { isArray, isMap, type PropertyMap, type PropertyValue } from '../../properties.ts';

/**
 * The JSON that `aws.iam.getPolicyDocument` renders: keys in the order of the IAM grammar, lists of one as the
 * value alone, conditions grouped by test (hashicorp/terraform-provider-aws, internal/service/iam/policy_model.go).
 */
export function renderPolicyDocument(asked: PropertyMap): string {
  const statements = list(asked.statements).filter(isMap).map(renderStatement);
  return JSON.stringify(
    {
      Version: asked.version ?? '2012-10-17',
      ...(asked.policyId !== undefined && { Id: asked.policyId }),
      Statement: statements,
    },
    null,
    2,
  );
}

function renderStatement(statement: PropertyMap): Record<string, unknown> {
  return {
    ...(statement.sid !== undefined && { Sid: statement.sid }),
    Effect: statement.effect ?? 'Allow',
    ...oneOrMany('Action', statement.actions),
    ...oneOrMany('NotAction', statement.notActions),
    ...oneOrMany('Resource', statement.resources),
    ...oneOrMany('NotResource', statement.notResources),
    ...principals('Principal', statement.principals),
    ...principals('NotPrincipal', statement.notPrincipals),
    ...conditions(statement.conditions),
  };
}

function oneOrMany(key: string, value: PropertyValue | undefined): Record<string, unknown> {
  const items = [...list(value)].sort();
  if (items.length === 0) return {};
  return { [key]: items.length === 1 ? items[0] : items };
}

function principals(key: string, value: PropertyValue | undefined): Record<string, unknown> {
  const items = list(value).filter(isMap);
  if (items.length === 0) return {};
  if (items.some(({ type, identifiers }) => type === '*' && list(identifiers).includes('*'))) {
    return { [key]: '*' };
  }
  return {
    [key]: Object.assign({}, ...items.map(({ type, identifiers }) => oneOrMany(String(type), identifiers))),
  };
}

function conditions(value: PropertyValue | undefined): Record<string, unknown> {
  const items = list(value).filter(isMap);
  if (items.length === 0) return {};
  const byTest: Record<string, Record<string, unknown>> = {};
  for (const { test, variable, values } of items) {
    byTest[String(test)] = { ...byTest[String(test)], ...oneOrMany(String(variable), values) };
  }
  return { Condition: byTest };
}

function list(value: PropertyValue | undefined): readonly PropertyValue[] {
  return isArray(value) ? value : [];
}
