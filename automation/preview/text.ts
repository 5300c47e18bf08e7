/** Writes the report for a terminal. */
import { type Block, documentOf } from './document.ts';
import type { PreviewReport } from './report.ts';

export function textOf(report: PreviewReport): string {
  return documentOf(report, 2).map(blockText).join('\n\n');
}

function blockText(block: Block): string {
  switch (block.kind) {
    case 'heading':
      return unmarked(block.level === 2 ? block.text.toUpperCase() : block.text);
    case 'text':
      return unmarked(block.text);
    case 'list':
      return block.items.map((item) => `- ${unmarked(item)}`).join('\n');
    case 'table':
      return tableText(block.rows.map((row) => row.map(unmarked)));
    case 'alert':
      return block.lines.map(unmarked).join('\n');
    case 'diff':
      return [
        `  ${block.summary}`,
        ...block.lines.map(({ sign, text }) => `  ${sign} ${printable(text)}`),
      ].join('\n');
  }
}

function tableText(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function unmarked(text: string): string {
  return printable(text.replaceAll('**', '').replaceAll('`', ''));
}

/** Removes everything that moves the cursor or changes colours. */
function printable(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ');
}
