import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '..');
const pages = [
  'README.md',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];
const textOf = (page: string) => readFileSync(join(root, page), 'utf8');
/** Files that the reader of a tutorial makes. */
const ofReader = /\bwikis\b/;
/** Examples show files of readers' own. */
const withoutBlocks = (text: string) => text.replace(/^```[\s\S]*?^```/gm, '');

/** What a heading is linked by, as GitHub makes it. */
function anchorsOf(text: string): string[] {
  return [...withoutBlocks(text).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replace(/\s/g, '-'),
  );
}

describe.each(pages)('%s', (page) => {
  const text = withoutBlocks(textOf(page));

  test('links to what exists', () => {
    const broken = [...text.matchAll(/\]\((?!https?:|mailto:)([^)\s]+)\)/g)].flatMap(([, link = '']) => {
      const [path = '', anchor] = link.split('#');
      const target = path === '' ? join(root, page) : resolve(join(root, dirname(page)), path);
      if (!existsSync(target)) return [link];
      if (anchor === undefined || !target.endsWith('.md')) return [];
      return anchorsOf(readFileSync(target, 'utf8')).includes(anchor) ? [] : [link];
    });
    expect(broken).toEqual([]);
  });

  test('names files of this repository that exist', () => {
    const named = [
      ...text.matchAll(/`((?:api|automation|cli|gateway|infra|services|tenants|test|docs)\/[\w./-]+)`/g),
    ];
    const missing = named
      .map(([, path = '']) => path)
      .filter((path) => !existsSync(join(root, path)) && !ofReader.test(path));
    expect(missing).toEqual([]);
  });
});

test('the README names every page of docs', () => {
  const readme = textOf('README.md');
  const unnamed = pages.filter(
    (page) => page !== 'README.md' && !readme.includes(`(${relative('.', page)})`),
  );
  expect(unnamed).toEqual([]);
});
