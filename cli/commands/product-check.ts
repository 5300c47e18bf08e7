/** `tenantry product check <image or manifest>`: whether a tenant's pod could run it. */
import { existsSync, readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import {
  checkImage,
  checkManifest,
  checkProgram,
  type Demands,
  readImage,
  Unreadable,
  type Verdict,
} from '../../automation/product-check/index.ts';
import { catalog, findProduct } from '../../tenants/catalog/index.ts';
import type { Plan, Product } from '../../tenants/catalog/types.ts';
import { tenantFile } from '../../tenants/pod-contract.ts';
import { userId } from '../../tenants/workload.ts';
import type { CliEnv } from '../env.ts';
import type { Output } from '../output.ts';
import { CliProblem, type ExitCode, exitCodes } from '../problem.ts';
import { plain } from '../text/table.ts';

export interface ProductCheckOptions {
  readonly product: string;
  readonly plan?: string;
  readonly login?: string;
  readonly run?: string;
}

/**
 * Checks an image (read from its registry), a manifest (a file) and, with `--run`, a program on this machine.
 * @returns `blocked` when something keeps it from running
 * @throws CliProblem when there is nothing that could be checked
 */
export async function productCheck(
  env: Pick<CliEnv, 'processEnv'>,
  output: Output,
  target: string | undefined,
  options: ProductCheckOptions,
): Promise<ExitCode> {
  const { product, plan } = chosen(options);
  const demands: Demands = {
    runtime: product.runtime,
    userId,
    plan: options.plan === undefined ? null : plan,
  };
  if (target === undefined && options.run === undefined)
    throw new CliProblem(
      exitCodes.usage,
      'usage',
      'Say what to check: an image, a manifest, or a program with --run.',
    );
  try {
    const verdicts = [
      ...(target === undefined ? [] : await checkTarget(target, demands, options.login)),
      ...(options.run === undefined
        ? []
        : await checkProgram(options.run.trim().split(/\s+/), demands, {
            environment: env.processEnv ?? {},
            tenant: tenantFile({ spec: sampleSpec(product, plan), product, plan }),
          })),
    ];
    const fits = verdicts.every(({ outcome }) => outcome !== 'problem');
    output.result({ product: product.id, fits, verdicts }, () => verdictsText(verdicts, fits));
    return fits ? exitCodes.ok : exitCodes.blocked;
  } catch (error) {
    if (error instanceof Unreadable) throw new CliProblem(exitCodes.failed, 'not_readable', error.message);
    throw error;
  }
}

async function checkTarget(
  target: string,
  demands: Demands,
  login: string | undefined,
): Promise<readonly Verdict[]> {
  const isFile = /\.(ya?ml|json)$/.test(target) || existsSync(target);
  if (!isFile) return checkImage(await readImage(target, login), demands);
  const documents = parseAllDocuments(readText(target));
  const broken = documents.flatMap(({ errors }) => errors)[0];
  if (broken) throw new Unreadable(`${target}: ${broken.message}`);
  return checkManifest(
    documents.map((document): unknown => document.toJS()).filter((document) => document !== null),
    demands,
  );
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Unreadable(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function chosen({ product: productId, plan: planId }: ProductCheckOptions): { product: Product; plan: Plan } {
  const product = findProduct(productId);
  if (!product)
    throw new CliProblem(
      exitCodes.usage,
      'usage',
      `--product: there is no product ${productId}; there are ${catalog.map(({ id }) => id).join(', ')}.`,
    );
  const plan = planId === undefined ? product.plans[0] : product.plans.find(({ id }) => id === planId);
  if (!plan)
    throw new CliProblem(
      exitCodes.usage,
      'usage',
      `--plan: ${productId} has no plan ${planId}; it has ${product.plans.map(({ id }) => id).join(', ')}.`,
    );
  return { product, plan };
}

/** A tenant as the program's file describes it. */
function sampleSpec(product: Product, plan: Plan) {
  return {
    tenantId: 'checked1',
    product: product.id,
    plan: plan.id,
    slug: 'checked',
    namespace: `${product.namespace.prefix}checked`,
    cell: 'local',
    region: 'local',
    owner: 'check',
    billingAccount: null,
    seats: 1,
    state: 'active' as const,
    volumeBytes: plan.volumeBytes,
    createdAt: '2026-01-01T00:00:00Z',
  };
}

const marks = { ok: 'ok     ', warning: 'warning', problem: 'PROBLEM' };

function verdictsText(verdicts: readonly Verdict[], fits: boolean): string {
  return [
    ...verdicts.map(({ rule, outcome, where, message }) =>
      plain(`${marks[outcome]}  ${rule.padEnd(12)}  ${where} ${message}`),
    ),
    '',
    fits
      ? 'It can run as a tenant.'
      : 'It cannot run as a tenant; docs/pod-contract.md says what a pod must withstand.',
  ].join('\n');
}
