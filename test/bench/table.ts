/** The table that a person reads. */
import type { Measurement } from './row.ts';

const heads = ['figure', 'measured', 'target', 'peer', 'met'] as const;

/** Renders measurements as aligned columns; notes follow, numbered by their row. */
export function renderTable(measurements: readonly Measurement[]): string {
  const rows = measurements.map(({ figure, measured, target, peer, met }, index) => [
    `${index + 1}. ${figure}`,
    measured,
    target,
    peer,
    met === null ? '-' : met ? 'yes' : 'NO',
  ]);
  const widths = heads.map((head, column) =>
    Math.max(head.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const notes = measurements.flatMap(({ notes, load }, index) => [
    `${index + 1}. load average before the row ${load.toFixed(2)}`,
    ...notes.map((note) => `   ${note}`),
  ]);
  return [
    line(heads),
    `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`,
    ...rows.map(line),
    '',
    ...notes,
  ].join('\n');
}
