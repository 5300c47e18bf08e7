/** Where the product calls Stripe, and which test repeats these calls to Stripe's own `stripe-mock`. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import ts from 'typescript';
import type { Conformance } from './conformance.ts';

const root = resolve(import.meta.dirname, '../../..');

/** Every file that calls Stripe, with the one test that makes each of its calls. */
export const callers = {
  'test/api/stripe-conformance.test.ts': [
    'api/checkout-offers.ts',
    'api/readiness.ts',
    'api/routes/checkout.ts',
    'automation/billing/cancel.ts',
    'automation/organizations/customer.ts',
    'automation/figures/rebuild.ts',
    'automation/figures/record.ts',
    'automation/figures/returns.ts',
    'automation/jobs/compare-with-stripe.ts',
    'automation/jobs/sync-subscription.ts',
    'automation/ledger/read-grants.ts',
    'automation/offboarding/look/stripe.ts',
    'automation/reconcile/decide.ts',
    'automation/reconcile/sources.ts',
  ],
  'test/billing/catalog/sync.test.ts': [
    'automation/billing/catalog/apply.ts',
    'automation/billing/catalog/found.ts',
  ],
  'test/billing/customer/billing.test.ts': [
    'automation/billing/change-plan.ts',
    'automation/billing/invoices.ts',
    'automation/billing/portal.ts',
  ],
  'test/billing/events/events.test.ts': [
    'automation/billing/events/handle-event.ts',
    'automation/billing/events/replay.ts',
  ],
  'test/metering/report.test.ts': ['automation/metering/report.ts'],
} as const;

/** A call as it is written: the file and line of the method's name, and the method. */
export interface CallSite {
  readonly at: string;
  readonly file: string;
  readonly method: string;
}

/**
 * Every call of a Stripe API method in the product, except the simulator. A client is recognised by its name,
 * `stripe`, so every client must have it: see `misnamedClients`.
 */
export function callSites(): CallSite[] {
  return productFiles().flatMap(callsOf);
}

/** Names in the product that hold a client but are not called `stripe`. */
export function misnamedClients(): string[] {
  return productFiles().flatMap((file) => {
    const found: string[] = [];
    visit(file, (node, source) => {
      if (!ts.isParameter(node) && !ts.isVariableDeclaration(node) && !ts.isPropertySignature(node)) return;
      const holds =
        /\bStripe\b(?!\.)/.test(node.type?.getText(source) ?? '') ||
        ('initializer' in node && /^(new Stripe|(createS|s)tripeClient\w*)\(/.test(textOf(node, source)));
      if (holds && node.name.getText(source) !== 'stripe')
        found.push(`${positionOf(file, node.name, source)} ${node.name.getText(source)}`);
    });
    return found;
  });
}

/** Calls in a test's files that were not repeated to stripe-mock; waits for requests under way. */
export async function unrepeated(test: keyof typeof callers, conformance: Conformance): Promise<string[]> {
  await conformance.problems();
  const repeated = new Set(conformance.repeated.map(({ caller }) => caller));
  return callers[test]
    .flatMap(callsOf)
    .filter(({ at }) => !repeated.has(at))
    .map(({ at, method }) => `${at} ${method}`);
}

function callsOf(file: string): CallSite[] {
  const found: CallSite[] = [];
  visit(file, (node, source) => {
    if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return;
    const names: string[] = [];
    let owner: ts.Expression = node.expression;
    for (; ts.isPropertyAccessExpression(owner); owner = owner.expression) {
      if (owner.name.text === 'stripe') break;
      names.unshift(owner.name.text);
    }
    const isClient =
      ts.isPropertyAccessExpression(owner) || (ts.isIdentifier(owner) && owner.text === 'stripe');
    if (!isClient || (names.length < 2 && names[0] !== 'rawRequest')) return;
    found.push({ at: positionOf(file, node.expression.name, source), file, method: names.join('.') });
  });
  return found;
}

function textOf({ initializer }: { initializer?: ts.Expression | undefined }, source: ts.SourceFile): string {
  return initializer?.getText(source) ?? '';
}

function positionOf(file: string, node: ts.Node, source: ts.SourceFile): string {
  return `${file}:${source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1}`;
}

function visit(file: string, look: (node: ts.Node, source: ts.SourceFile) => void): void {
  const text = readFileSync(join(root, file), 'utf8');
  if (!/stripe/i.test(text)) return;
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest);
  const each = (node: ts.Node) => {
    look(node, source);
    ts.forEachChild(node, each);
  };
  each(source);
}

function productFiles(): string[] {
  return ['api', 'automation', 'cli', 'infra', 'services', 'tenants'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter(({ name }) => name.endsWith('.ts'))
      .map(({ parentPath, name }) => relative(root, join(parentPath, name)))
      .filter((file) => !/^(api\/(client|dashboard)|automation\/local\/stripe)\//.test(file))
      .sort(),
  );
}
