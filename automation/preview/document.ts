/** The report as a short document, before it is written as Markdown or plain text. */
import { heldIn, losesData } from './data-loss.ts';
import { type DiffLine, diffOf } from './diff-lines.ts';
import { headline, headlineOf } from './fleet/effects.ts';
import type { FleetReport, PreviewedGroup } from './fleet/fleet.ts';
import type { Part } from './fleet/groups.ts';
import type { PlatformStep } from './platform.ts';
import type { PlatformReport, StackReport } from './platform-stacks.ts';
import { blockersOf, byGravity, countOf, isDestructive, openBlockers, type PreviewReport } from './report.ts';

/** The only markup in text is `code` and **strong**. */
export type Block =
  | { readonly kind: 'heading'; readonly level: 2 | 3; readonly text: string }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'list'; readonly items: readonly string[] }
  | { readonly kind: 'table'; readonly rows: readonly (readonly string[])[] }
  | {
      readonly kind: 'alert';
      readonly level: 'caution' | 'warning' | 'note';
      readonly lines: readonly string[];
    }
  | { readonly kind: 'diff'; readonly summary: string; readonly lines: readonly DiffLine[] };

/** Level of detail: 2 values, 1 changed properties, 0 counts. */
export type Detail = 0 | 1 | 2;

export function documentOf(report: PreviewReport, detail: Detail): Block[] {
  const { platform, fleet } = report;
  return [
    { kind: 'heading', level: 2, text: `Preview of ${code(report.head)} against ${code(report.base)}` },
    verdict(report),
    ...destructiveChanges(report),
    ...(platform ? platformSection(platform, detail) : []),
    ...(fleet ? [{ kind: 'heading' as const, level: 3 as const, text: 'Fleet' }] : []),
    ...(fleet?.kind === 'previewed' ? fleetSection(fleet.report, fleet.source, detail) : []),
    ...(fleet?.kind === 'unavailable'
      ? [{ kind: 'text' as const, text: `The tenants were not looked at: ${plain(fleet.why)}` }]
      : []),
  ];
}

function verdict(report: PreviewReport): Block {
  const open = openBlockers(report);
  if (open.length > 0) {
    const liftable = [...new Set(open.flatMap(({ liftedBy }) => liftedBy ?? []))];
    return {
      kind: 'alert',
      level: 'caution',
      lines: [
        '**Blocked.**',
        ...open.map(({ message }) => `- ${plain(message)}`),
        ...liftable.flatMap((allowance) => [
          '',
          `The label ${code(`allow-${allowance}`)} allows losses of data.`,
        ]),
      ],
    };
  }
  const lifted = blockersOf(report);
  if (lifted.length > 0) {
    return {
      kind: 'alert',
      level: 'warning',
      lines: [
        '**Data may be lost; a label allows it.**',
        ...lifted.map(({ message }) => `- ${plain(message)}`),
      ],
    };
  }
  return { kind: 'text', text: 'Nothing that holds data is replaced or deleted.' };
}

/** Lists everything that is replaced or deleted, before the details. */
function destructiveChanges({ platform, fleet }: PreviewReport): Block[] {
  const stacks = (platform?.stacks ?? []).flatMap((stack) =>
    stack.kind === 'previewed'
      ? byGravity(stack.preview.steps.filter(isDestructive)).map((step) => ({
          where: code(stack.stack),
          step,
        }))
      : [],
  );
  const tenants = (fleet?.kind === 'previewed' ? fleet.report.groups : []).flatMap((group) =>
    byGravity(stepsToShow(group).filter(isDestructive)).map((step) => ({
      where: countOf(group.tenants, 'tenant'),
      step,
    })),
  );
  const all = [...stacks, ...tenants].sort((a, b) => Number(losesData(b.step)) - Number(losesData(a.step)));
  if (all.length === 0) return [];
  const shownLines = 20;
  const items = all.slice(0, shownLines).map(({ where, step }) => {
    const noun = heldIn(step.type);
    return `${where}: **${step.op}** ${code(nameOf(step))}${noun ? ` – loses a ${noun}` : ''}${because(step)}`;
  });
  if (all.length > shownLines) items.push(`… and ${all.length - shownLines} more`);
  return [
    { kind: 'heading', level: 3, text: 'Replaced or deleted' },
    { kind: 'list', items },
  ];
}

function because(step: { op: string; changes: readonly { path: string; replaces?: boolean }[] }): string {
  const reasons = step.changes.filter(({ replaces }) => replaces !== false).map(({ path }) => code(path));
  return step.op === 'replace' && reasons.length > 0 ? `, because of ${reasons.slice(0, 3).join(', ')}` : '';
}

function platformSection({ stacks, withoutBase }: PlatformReport, detail: Detail): Block[] {
  const changed = stacks.filter((stack) => stack.kind === 'previewed' && stack.preview.steps.length > 0);
  const unchanged = stacks.filter(
    (stack) => stack.kind === 'untouched' || (stack.kind === 'previewed' && stack.preview.steps.length === 0),
  );
  const names = (list: readonly StackReport[]) => list.map(({ stack }) => code(stack)).join(', ');
  const blocks: Block[] = [{ kind: 'heading', level: 3, text: 'Platform' }];
  if (changed.length > 0) {
    blocks.push({
      kind: 'table',
      rows: [['stack', 'create', 'update', 'replace', 'delete', 'unchanged'], ...changed.map(countsRow)],
    });
  }
  for (const stack of changed) {
    if (stack.kind !== 'previewed') continue;
    const { steps, providers } = stack.preview;
    const against = providers === 'simulated' ? ' (simulated providers)' : '';
    blocks.push({
      kind: 'diff',
      summary: `${stack.stack}: ${headlineOf(steps)}${against}`,
      lines: diffOf(byGravity(steps), detail),
    });
  }
  for (const stack of stacks) {
    if (stack.kind === 'failed') {
      const lines = stack.cause.split('\n').map((text) => ({ sign: '-' as const, text }));
      blocks.push({ kind: 'diff', summary: `${stack.stack}: the preview failed`, lines });
    }
  }
  const removed = stacks.filter(({ kind }) => kind === 'removed');
  if (removed.length > 0)
    blocks.push({
      kind: 'text',
      text: `Without settings from now on, its resources stay: ${names(removed)}`,
    });
  const alone = Object.keys(withoutBase);
  if (alone.length > 0) {
    const list = alone.map(code).join(', ');
    blocks.push({
      kind: 'text',
      text: `The base cannot be previewed, so that everything counts as new: ${list}`,
    });
  }
  if (unchanged.length > 0) blocks.push({ kind: 'text', text: `Unchanged: ${names(unchanged)}` });
  return blocks;
}

function countsRow(stack: StackReport): string[] {
  if (stack.kind !== 'previewed') return [];
  const { steps, unchanged } = stack.preview;
  const count = (op: string) => {
    const found = steps.filter((step) => step.op === op).length;
    return found === 0 ? '–' : op === 'create' || op === 'update' ? String(found) : `**${found}**`;
  };
  return [
    code(stack.stack),
    count('create'),
    count('update'),
    count('replace'),
    count('delete'),
    String(unchanged),
  ];
}

function fleetSection(fleet: FleetReport, source: 'installation' | 'sample', detail: Detail): Block[] {
  const { deleting, notStanding } = fleet.outside;
  const outside = [
    ...(deleting > 0 ? [`${deleting.toLocaleString('en-US')} more being deleted`] : []),
    ...(notStanding > 0 ? [`${notStanding.toLocaleString('en-US')} more not made yet`] : []),
  ];
  const what =
    source === 'sample' ? 'one tenant of every plan, made for this preview' : 'all tenants that stand';
  return [
    {
      kind: 'text',
      text: `${countOf(fleet.tenants, 'tenant')} of ${countOf(fleet.shapes, 'shape')} (${[what, ...outside].join('; ')}), one engine preview for each group:`,
    },
    ...fleet.groups.flatMap((group) => groupBlocksOf(group, detail)),
  ];
}

function groupBlocksOf(group: PreviewedGroup, detail: Detail): Block[] {
  const { effect, preview } = group;
  const title = `${countOf(group.tenants, 'tenant')}: ${effect.kind === 'steps' ? `${samePhrase(group)}${headline(effect)}` : headline(effect)}`;
  const text: Block = {
    kind: 'text',
    text: [`**${title}**`, partsOf(group.parts), previewOf(group), ...cautionsOf(group)].join(' · '),
  };
  const blocks: Block[] = [text];
  if (effect.kind === 'refused') {
    blocks.push({ kind: 'diff', summary: 'why', lines: [{ sign: '-', text: effect.reason }] });
  }
  if (effect.kind === 'steps') {
    blocks.push({ kind: 'diff', summary: 'the change', lines: diffOf(byGravity(effect.steps), detail) });
  }
  if (preview.kind === 'previewed' && !preview.asExpected && preview.steps.length > 0) {
    const summary = `what the engine would do to ${preview.tenantId}`;
    blocks.push({ kind: 'diff', summary, lines: diffOf(byGravity(preview.steps), detail) });
  }
  if (preview.kind === 'failed') {
    const lines = preview.cause.split('\n').map((line) => ({ sign: '-' as const, text: line }));
    blocks.push({ kind: 'diff', summary: `why the engine cannot, for ${preview.tenantId}`, lines });
  }
  return blocks;
}

function samePhrase({ tenants }: PreviewedGroup): string {
  return tenants > 1 ? 'same change – ' : '';
}

function partsOf(parts: readonly Part[]): string {
  const shownParts = 6;
  const list = parts.slice(0, shownParts).map(({ product, plan, state, tenants }) => {
    const suspended = state === 'suspended' ? ' suspended' : '';
    return `${product}/${plan}${suspended} ${tenants.toLocaleString('en-US')}`;
  });
  return [...list, ...(parts.length > shownParts ? [`${parts.length - shownParts} more kinds`] : [])].join(
    ', ',
  );
}

function previewOf({ preview, effect }: PreviewedGroup): string {
  if (preview.kind === 'skipped') return `not previewed: ${plain(preview.why)}`;
  if (preview.kind === 'failed') return `the engine cannot make the change to ${code(preview.tenantId)}`;
  const seen = `previewed on ${code(preview.tenantId)}`;
  if (preview.asExpected) return `${seen}, as expected`;
  if (preview.steps.length === 0) return `${seen}, where it changes nothing`;
  return effect.kind === 'none'
    ? `${seen}, which stands differently from what the program declares: ${headlineOf(preview.steps)}`
    : `${seen}, where it does more or less: ${headlineOf(preview.steps)}`;
}

function cautionsOf({ unusual, unsettled, unseen, tenants }: PreviewedGroup): string[] {
  const some = (count: number) =>
    count === tenants ? 'none of them' : `${count.toLocaleString('en-US')} of them not`;
  return [
    ...(unusual ? ['they stand differently from others of their kind'] : []),
    ...(unsettled > 0 ? [`${some(unsettled)} settled`] : []),
    ...(unseen > 0 ? [`${some(unseen)} compared with the cluster since its last operation`] : []),
  ];
}

/** The engine's verdict if there is one, or else the difference between the versions of the program. */
function stepsToShow({ effect, preview }: PreviewedGroup): readonly (Pick<
  PlatformStep,
  'op' | 'type' | 'name'
> & {
  readonly changes: readonly { readonly path: string; readonly replaces?: boolean }[];
})[] {
  if (preview.kind === 'previewed' && preview.steps.some(isDestructive)) return preview.steps;
  return effect.kind === 'steps' ? effect.steps : [];
}

/** The logical name, after its kind unless it begins with that. */
function nameOf({ type, name }: { type: string; name: string }): string {
  const kind = type.split(':').at(-1) ?? type;
  return name.startsWith(`${kind}/`) ? name : `${kind} ${name}`;
}

/** As code: nothing in it is markup, whatever it looks like. */
export function code(text: string): string {
  return `\`${text.replace(/[`\p{Cc}]/gu, ' ').trim() || ' '}\``;
}

/** Text from a program or an engine, on one line, without markup. */
function plain(text: string): string {
  return text
    .replace(/[`*_<>[\]@#|\p{Cc}]/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}
