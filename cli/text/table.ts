/** Text for a terminal: aligned columns, money, counts, times. Pure. */

/** Outside text on one line: line breaks and control characters (which a terminal would obey) become spaces. */
export function plain(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ');
}

/** Rows under a heading, each column as wide as its widest cell; nothing after the last column's text. */
export function table(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [heading, ...rows].map((row) => row.map(plain));
  const widths = heading.map((_, column) => Math.max(...cells.map((row) => width(row[column] ?? ''))));
  return cells
    .map((row) =>
      row
        .map((cell, column) => cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - width(cell))))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** `name  value` lines, with names padded to one width; omits rows without a value. */
export function fields(rows: readonly (readonly [string, string | null])[]): string {
  const shown = rows.filter((row): row is readonly [string, string] => row[1] !== null);
  const longest = Math.max(0, ...shown.map(([name]) => width(name)));
  return shown.map(([name, value]) => `  ${name.padEnd(longest)}  ${plain(value)}`).join('\n');
}

/** Columns that text takes up; combining marks take none, East Asian wide characters two. */
function width(text: string): number {
  let columns = 0;
  for (const character of text.normalize('NFC')) {
    if (/\p{Mn}/u.test(character)) continue;
    columns += /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60\u{1f300}-\u{1faff}]/u.test(
      character,
    )
      ? 2
      : 1;
  }
  return columns;
}

/** `2026-11-21 03:50:12 UTC` */
export function time(iso: string): string {
  return `${new Date(iso).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** `0.912 s`, `12.3 s`, `3 min 20 s` */
export function duration(milliseconds: number): string {
  const ms = Math.max(0, Math.round(milliseconds));
  if (ms < 10_000) return `${(ms / 1000).toFixed(3)} s`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** How long ago, in the largest unit that fits: `5s`, `12m`, `3h`, `9d`. */
export function age(iso: string, nowMs: number): string {
  const seconds = Math.max(0, Math.floor((nowMs - Date.parse(iso)) / 1000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}
