/** The report as one comment on a pull request. */
import { type Block, type Detail, documentOf } from './document.ts';
import type { PreviewReport } from './report.ts';

/** First line of the comment, by which its next version finds it. */
export const commentMarker = '<!-- tenantry-preview -->';

/** GitHub accepts 65,536 characters; the rest is room for its encoding. */
const longestComment = 60_000;
const longestDiff = 400;

/** Writes the report with as much detail as fits into a comment. */
export function markdownOf(report: PreviewReport): string {
  const versions = ([2, 1, 0] as const).map((detail) => () => render(report, detail));
  let text = '';
  for (const version of versions) {
    text = version();
    if (text.length <= longestComment) return text;
  }
  return `${text.slice(0, longestComment)}\n\n… The rest does not fit into a comment.\n`;
}

function render(report: PreviewReport, detail: Detail): string {
  const blocks = documentOf(report, detail).map(blockText);
  const seconds = Math.round(report.durationMs / 1000);
  return `${[commentMarker, ...blocks, `<sub>tenantry preview, ${seconds} s</sub>`].join('\n\n')}\n`;
}

function blockText(block: Block): string {
  switch (block.kind) {
    case 'heading':
      return `${'#'.repeat(block.level)} ${block.text}`;
    case 'text':
      return block.text;
    case 'list':
      return block.items.map((item) => `- ${item}`).join('\n');
    case 'table':
      return tableText(block.rows);
    case 'alert':
      return [`[!${block.level.toUpperCase()}]`, ...block.lines]
        .map((line) => `> ${line}`.trimEnd())
        .join('\n');
    case 'diff':
      return diffText(block);
  }
}

function tableText([head = [], ...rows]: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, index) => (index === 0 ? '---' : '---:'))), ...rows.map(line)].join(
    '\n',
  );
}

function diffText({ summary, lines }: Extract<Block, { kind: 'diff' }>): string {
  const shown = lines.slice(0, longestDiff).map(({ sign, text }) => `${sign} ${onOneLine(text)}`);
  if (lines.length > longestDiff) shown.push(`  … and ${lines.length - longestDiff} more lines`);
  const body = shown.join('\n');
  // A fence longer than any run of backticks inside cannot be closed from inside.
  const longest = Math.max(2, ...[...body.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `<details><summary>${escapeHtml(summary)}</summary>\n\n${fence}diff\n${body}\n${fence}\n\n</details>`;
}

function onOneLine(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ');
}

function escapeHtml(text: string): string {
  return onOneLine(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
