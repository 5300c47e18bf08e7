/** docs/configuration.md, made from the table. */
import { sections } from './table.ts';
import type { Section, Variable } from './variable.ts';

const intro = `# Configuration

Every environment variable that Tenantry reads. \`npm run docs\` writes this page from [the table](../automation/environment/variables) that the processes read them by.

- A variable set to nothing counts as not set. A value of the wrong form stops the process with an error that names the variable and the form.
- A **secret** is never shown, and can stand in a file: \`STRIPE_SECRET_KEY_FILE=/run/secrets/stripe\` in place of \`STRIPE_SECRET_KEY\`.
- A variable that begins with \`TENANTRY_\` and is not listed here has no effect; every process warns of it when it starts, and names the nearest one.
- \`npm start\` (below: start) hands its environment on to the API and the worker it starts, so that theirs can be set there too. Tests are \`npm test\` and \`npm run bench\`; tenantry is the command line, with \`npm run preview\`.
`;

/** The whole page. */
export function configurationDocument(): string {
  return `${[intro, ...sections.map(sectionText)].join('\n')}`;
}

function sectionText({ title, about, variables }: Section): string {
  const rows = Object.entries(variables).map(
    ([name, variable]) =>
      `| \`${name}\`${variable.secret ? ' (secret)' : ''} | ${[
        variable.about,
        variable.kind.form,
        defaultText(variable),
        variable.readBy.join(', '),
      ]
        .map((cell) => cell.replaceAll('|', '\\|'))
        .join(' | ')} |`,
  );
  return [
    `## ${title}`,
    '',
    about,
    '',
    '| variable | what it says | must be | when not set | read by |',
    '|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

function defaultText({ kind, default: value, unset, requiredBy = [] }: Variable): string {
  const text = unset ?? valueText(value, kind.form);
  if (requiredBy.length === 0) return text;
  return [text, `required by ${requiredBy.join(', ')}`].filter((part) => part !== '').join('; ');
}

function valueText(value: string | number | undefined, form: string): string {
  if (value === undefined || ['', '{}', '[]'].includes(String(value))) return 'none';
  const inWords = typeof value === 'number' && form.includes('milliseconds') ? ` (${duration(value)})` : '';
  return `\`${value}\`${inWords}`;
}

const units = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
] as const;

/** Writes a duration in the largest unit that divides it. */
function duration(milliseconds: number): string {
  const [name, size] = units.find((unit) => milliseconds > 0 && milliseconds % unit[1] === 0) ?? ['ms', 1];
  const amount = milliseconds / size;
  return `${amount} ${name}${amount === 1 || name === 'ms' ? '' : 's'}`;
}
