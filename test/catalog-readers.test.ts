import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { catalog, type Product, platform } from '../tenants/catalog/index.ts';
import { appliedEntitlements, uncountedEntitlements } from '../tenants/catalog/rules.ts';
import { platformEntitlements } from '../tenants/catalog/types.ts';
import { nodesOf, parse, type SourceFile, sourceFiles } from './support/sources.ts';

/**
 * Nothing is sold that nothing enforces, and no figure stands in the catalog that nobody applies.
 *
 * An entitlement has a reader when a rule of its product goes by it (a limit, credits, a budget, sandboxes), when it is
 * one of the platform's and a source asks for it, or when the product's service asks a plan for it or has a check that needs
 * or refuses it. A name alone applies nothing. A field, and a figure of the
 * platform, has one when a source outside the catalog asks for it.
 */

/** What has no reader yet, with the issue that brings it to life. Whoever gives one its reader takes it off the list. */
const waiting: Readonly<Record<string, { readonly issue: 13 | 14 | 15; readonly as: string }>> = {
  'agents.priority': { issue: 15, as: 'tasks of plans that have it come first in the queue' },
  'agents.apiAccess': { issue: 15, as: 'keys of the API are for plans that have it' },
  'inbox.projects': { issue: 15, as: 'a project is counted and made in one transaction' },
  'stream.memoryGb': { issue: 14, as: 'the quota follows the seats, each with the memory of the plan' },
  'objective browsers-namespace': { issue: 13, as: 'sessions of browsers are measured by it' },
  'objective browsers-session-create': { issue: 13, as: 'sessions of browsers are measured by it' },
  'objective browsers-session-create-warm': { issue: 13, as: 'sessions of browsers are measured by it' },
  'objective browsers-session-create-on-demand': { issue: 13, as: 'sessions of browsers are measured by it' },
  'objective browsers-warm-hit-rate': { issue: 13, as: 'sessions of browsers are measured by it' },
  'objective browsers-orphans': { issue: 13, as: 'pods of sessions are found that have no session' },
};

const sources = sourceFiles(/\.(ts|tsx)$/).filter(
  ({ file }) => !file.startsWith('tenants/catalog/') && !file.startsWith('api/dashboard/'),
);
const trees = sources.map((source) => ({ ...source, tree: parse(source) }));

/** What is asked of an object here: `one.two`, `const { two } = one`, `one['two']`; null where nothing is. */
function askedFor(node: ts.Node): string | null {
  if (ts.isPropertyAccessExpression(node)) return node.name.text;
  if (ts.isElementAccessExpression(node) && ts.isStringLiteral(node.argumentExpression))
    return node.argumentExpression.text;
  if (!ts.isBindingElement(node) || !ts.isObjectBindingPattern(node.parent)) return null;
  const name = node.propertyName ?? node.name;
  return ts.isIdentifier(name) ? name.text : null;
}

const asked = new Set(
  trees.flatMap(({ tree }) => [...nodesOf(tree)].flatMap((node) => askedFor(node) ?? [])),
);

/** `platform.nodes.maxCpuMillis` for each place that reads it; where a whole part is taken along, all that is in it. */
const platformReads = trees.flatMap(({ tree, content }) => {
  const imported = /\bplatform(?: as (\w+))?\b[^;]*from '[./]*(?:tenants\/)?catalog\/index\.ts'/.exec(
    content,
  );
  if (!imported) return [];
  return [...nodesOf(tree)].flatMap((node) => {
    if (!ts.isIdentifier(node) || node.text !== (imported[1] ?? 'platform')) return [];
    if (ts.isImportSpecifier(node.parent)) return [];
    let top: ts.Node = node;
    const path: string[] = [];
    while (ts.isPropertyAccessExpression(top.parent) && top.parent.expression === top) {
      top = top.parent;
      path.push((top as ts.PropertyAccessExpression).name.text);
    }
    const { parent } = top;
    return ts.isVariableDeclaration(parent) && ts.isObjectBindingPattern(parent.name)
      ? parent.name.elements.map((element) => [...path, askedFor(element) ?? ''].join('.'))
      : [path.join('.')];
  });
});

function isReadOfPlatform(figure: string): boolean {
  const last = figure.slice(figure.lastIndexOf('.') + 1);
  return platformReads.some(
    (read) =>
      read === figure ||
      // A list is asked for its entries and methods.
      read.startsWith(`${figure}.`) ||
      (read !== '' && figure.startsWith(`${read}.`) && asked.has(last)),
  );
}

/** The figures of an object by their paths; a list is one figure. */
function figuresOf(value: object, path: readonly string[] = []): string[] {
  return Object.entries(value).flatMap(([key, inner]) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? figuresOf(inner, [...path, key])
      : [[...path, key].join('.')],
  );
}

/** Whether the product's own service asks a plan for an entitlement, or has a check that needs or refuses it. */
function isAppliedByService(id: string, entitlement: string, from: readonly SourceFile[] = trees): boolean {
  return from
    .filter(({ file }) => file.startsWith(`services/${id}/`))
    .some((source) =>
      [...nodesOf(parse(source))].some(
        (node) =>
          (askedFor(node) === entitlement && isOfEntitlements(node)) ||
          (ts.isPropertyAssignment(node) &&
            node.name.getText() === 'entitlement' &&
            ts.isStringLiteral(node.initializer) &&
            node.initializer.text === entitlement),
      ),
    );
}

/** Whether what is asked is a plan's entitlements: `plan.entitlements.one`, `{ entitlements: { one } }`. */
function isOfEntitlements(node: ts.Node): boolean {
  if (ts.isBindingElement(node)) {
    const whole = node.parent.parent;
    return ts.isBindingElement(whole)
      ? whole.propertyName?.getText() === 'entitlements'
      : ts.isVariableDeclaration(whole) && /\bentitlements$/.test(whole.initializer?.getText() ?? '');
  }
  return (
    (ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node)) &&
    /\bentitlements$/.test(node.expression.getText())
  );
}

function isApplied(product: Product, entitlement: string): boolean {
  if (isAppliedByService(product.id, entitlement)) return true;
  if (product.applies?.includes(entitlement)) return false;
  return (platformEntitlements as readonly string[]).includes(entitlement)
    ? asked.has(entitlement)
    : appliedEntitlements(product).has(entitlement);
}

const unread = [
  ...catalog.flatMap((product) =>
    Object.keys(product.plans[0]?.entitlements ?? {})
      .filter((entitlement) => !isApplied(product, entitlement))
      .map((entitlement) => `${product.id}.${entitlement}`),
  ),
  ...(asked.has('objectives')
    ? []
    : catalog.flatMap(({ objectives }) => objectives.map(({ id }) => `objective ${id}`))),
  ...figuresOf(platform)
    // A threshold is applied as one: what compares it reads all of it but its description.
    .filter((figure) => !/^alerts\.\w+\.(?!value)/.test(figure))
    .filter((figure) => !isReadOfPlatform(figure))
    .map((figure) => `platform.${figure}`),
];

describe('what the catalog says has a reader that applies it', () => {
  test('every entitlement, objective and figure, except those that wait by name', () => {
    expect(
      unread.filter((entry) => waiting[entry] === undefined),
      'Give it a reader, or take it out of the catalog. What a later work brings to life stands in `waiting`.',
    ).toEqual([]);
  });

  test('and what has got its reader waits no longer', () => {
    expect(Object.keys(waiting).filter((entry) => !unread.includes(entry))).toEqual([]);
  });

  test('every number that a plan grants is counted, or applied by the product itself', () => {
    const uncounted = catalog.flatMap((product) =>
      uncountedEntitlements(product).map((line) => `${product.id}.${/entitlements\.(\w+)/.exec(line)?.[1]}`),
    );
    expect(uncounted.filter((entry) => waiting[entry] === undefined)).toEqual([]);
  });

  test('every field of a product, of its plans, meters and rules', () => {
    const fields = new Set(
      catalog.flatMap((product) => {
        const { entitlements: _, ...plan } = Object.assign({}, ...product.plans) as Product['plans'][number];
        const { labels: _labels, annotations: _annotations, ...namespace } = product.namespace;
        const parts = [
          product,
          ...[plan, ...product.meters, ...product.limits].flatMap((part) => [part]),
          ...[plan.quota, plan.compute, plan.typicalMonth, plan.autoscaling, plan.autoscaling?.scaleUp],
          ...[product.credits, product.budget, product.runtime, namespace, product.alerts],
          ...product.meters.map(({ measure }) => measure),
        ];
        return parts.flatMap((part) => Object.keys(part ?? {}));
      }),
    );
    expect(fields.size).toBeGreaterThan(60);
    const idle = [...fields].filter((field) => !asked.has(field) && field !== 'objectives');
    expect(idle).toEqual([]);
  });

  test('and one that nobody reads is found', () => {
    expect(isReadOfPlatform('nodes.colourOfTheCatalog')).toBe(false);
    expect(asked.has('colourOfTheCatalog')).toBe(false);
    const service = (content: string) => [{ file: 'services/inbox/routes.ts', content }];
    const applies = (content: string) => isAppliedByService('inbox', 'projects', service(content));
    expect(applies('if (used >= plan.entitlements.projects) no();')).toBe(true);
    expect(applies('const has = ({ entitlements: { projects } }) => projects > 1;')).toBe(true);
    expect(applies('const { projects } = plan.entitlements;')).toBe(true);
    expect(applies("const needs = [{ of: 'limit', entitlement: 'projects', amount }];")).toBe(true);
    expect(applies('const projects = 1;')).toBe(false);
    expect(applies("const features = ['projects']; plan.entitlements[feature];")).toBe(false);
    expect(applies('show(page.projects);')).toBe(false);
    expect(isAppliedByService('stream', 'projects', service('plan.entitlements.projects;'))).toBe(false);
  });
});
