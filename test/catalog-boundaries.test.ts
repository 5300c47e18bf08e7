import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { catalog } from '../tenants/catalog/index.ts';
import { platformEntitlements } from '../tenants/catalog/types.ts';
import { sourceFiles } from './support/sources.ts';

/**
 * A product stands in two places: its catalog file and its service. Whoever writes a sixth one writes these two and a
 * line in each list; so nothing else may know the five by name.
 *
 * What counts as a name: an import of a product's file; a text or a key that is a product's id or namespace prefix, or
 * that holds the id of one of its meters, objectives or plan prices; and in a comment, a code span of any of them. What
 * does not count: a word of plain English in a sentence, a variable, a folder of npm or Node.
 */

const ids = catalog.map(({ id }) => id);

/** The lists that say which products there are: a line for each. */
const lists = ['tenants/catalog/index.ts', 'services/index.ts', 'services/pages.ts'];

/** A product's two places. */
const own = new RegExp(`^(?:tenants/catalog/(?:${ids.join('|')})\\.ts|services/(?:${ids.join('|')})/)`);

/** Words that are a product's id and mean something else, by file or folder, with what they mean. */
const otherwise: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'api/client/': { stream: 'an answer that is read as it comes' },
};
const isOtherwise = ({ file, name }: Named) =>
  Object.entries(otherwise).some(([place, exempt]) => file.startsWith(place) && exempt[name] !== undefined);

const words = new Set([...ids, ...catalog.map(({ namespace }) => namespace.prefix)]);
const within = [
  ...catalog.flatMap(({ meters, objectives }) => [...meters, ...objectives].map(({ id }) => id)),
  // The lookup key of a price, and what is typed to subscribe.
  ...catalog.flatMap(({ id, plans }) => plans.flatMap((plan) => [`${id}:${plan.id}`, `${id} ${plan.id}`])),
];
const parts = new RegExp(`(?<![\\w-])(?:${within.join('|')})(?![\\w-])`);

/** The product's name in a text of the code, or null. */
function nameIn(text: string): string | null {
  return words.has(text) ? text : (parts.exec(text)?.[0] ?? null);
}

interface Named {
  readonly file: string;
  readonly line: number;
  readonly name: string;
}

function namesInSource(file: string, content: string): Named[] {
  const source = ts.createSourceFile(file, content, ts.ScriptTarget.Latest, true);
  const found: Named[] = [];
  const note = (at: number, name: string | null) => {
    if (name === null) return;
    found.push({ file, line: source.getLineAndCharacterOfPosition(at).line + 1, name });
  };
  const visit = (node: ts.Node) => {
    if (
      ts.isStringLiteral(node) ||
      ts.isNoSubstitutionTemplateLiteral(node) ||
      ts.isTemplateHead(node) ||
      ts.isTemplateMiddle(node) ||
      ts.isTemplateTail(node) ||
      ts.isJsxText(node)
    ) {
      const isImport = ts.isImportDeclaration(node.parent) || ts.isExportDeclaration(node.parent);
      note(node.getStart(), isImport ? productFile(node.text) : nameIn(node.text));
    }
    const key =
      (ts.isPropertyAssignment(node) || ts.isMethodDeclaration(node) || ts.isPropertySignature(node)) &&
      ts.isIdentifier(node.name)
        ? node.name.text
        : null;
    if (key !== null && words.has(key)) note(node.getStart(), key);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return [...found, ...namesInComments(file, content)];
}

/** The product whose file is imported, or null. */
function productFile(specifier: string): string | null {
  return new RegExp(`/(?:catalog|services)/(${ids.join('|')})(?:\\.ts|/)`).exec(specifier)?.[1] ?? null;
}

function namesInComments(file: string, content: string): Named[] {
  return [...content.matchAll(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm)].flatMap(({ 0: comment, index }) =>
    [...comment.matchAll(/`([^`\n]+)`/g)].flatMap((span) => {
      const name = nameIn(span[1] ?? '');
      const line = content.slice(0, index + span.index).split('\n').length;
      return name === null ? [] : [{ file, line, name }];
    }),
  );
}

/** SQL, JSON and the like: a quoted id, or a part that is nobody else's. */
function namesInText(file: string, content: string): Named[] {
  return content.split('\n').flatMap((text, n) => {
    const quoted = [...text.matchAll(/(['"])([\w-]+)\1/g)].map(([, , word]) => word ?? '');
    const name = quoted.find((word) => words.has(word)) ?? parts.exec(text)?.[0];
    return name === undefined ? [] : [{ file, line: n + 1, name }];
  });
}

const files = sourceFiles(/\.(ts|tsx|mjs|sql|json|yaml|html|css|sh)$/);
const isSource = (file: string) => /\.(ts|tsx|mjs)$/.test(file);
const namesIn = ({ file, content }: { readonly file: string; readonly content: string }) =>
  isSource(file) ? namesInSource(file, content) : namesInText(file, content);

describe('a product stands in its catalog file and in its service', () => {
  test('no other file names one', () => {
    const named = files
      .filter(({ file }) => !own.test(file) && !lists.includes(file))
      .flatMap(namesIn)
      .filter((found) => !isOtherwise(found))
      .map(({ file, line, name }) => `${file}:${line} names ${name}`);
    expect(
      named,
      `${named.join('\n')}\nWhat depends on a product belongs into tenants/catalog/<id>.ts, as a field that every product has, or into services/<id>/.`,
    ).toEqual([]);
  });

  test('and one that would is found, wherever it stands', () => {
    const caught = (content: string, file = 'api/some.ts') =>
      (isSource(file) ? namesInSource : namesInText)(file, content).map(({ name }) => name);
    expect(caught("if (product.id === 'stream') act();")).toEqual(['stream']);
    expect(caught("import { inbox } from '../../tenants/catalog/inbox.ts';")).toEqual(['inbox']);
    expect(caught("import { inbox } from '../services/inbox/index.ts';")).toEqual(['inbox']);
    expect(caught('const ways = { browsers: 1 };')).toEqual(['browsers']);
    expect(caught(['const name = `customer-$', '{id}`;'].join(''))).toEqual(['customer-']);
    expect(caught("readUse('stream_egress_gb');")).toEqual(['stream_egress_gb']);
    expect(caught('/** As `workspace` has it. */')).toEqual(['workspace']);
    expect(caught("const hint = 'tenantry subscribe workspace byoc';")).toEqual(['workspace byoc']);
    expect(caught("where product = 'agents'", 'automation/some.sql')).toEqual(['agents']);
    expect(caught("import { Readable } from 'node:stream'; // an event stream of browsers")).toEqual([]);
    expect(caught("const stream = open(); log('the inbox is empty', stream.workspace);")).toEqual([]);
  });

  test('words that mean something else are still there', () => {
    const idle = Object.entries(otherwise).flatMap(([place, exempt]) => {
      const found = files.filter(({ file }) => file.startsWith(place)).flatMap(namesIn);
      return Object.keys(exempt).filter((word) => !found.some(({ name }) => name === word));
    });
    expect(idle).toEqual([]);
  });

  test('an entitlement that is read by its name is one of the platform', () => {
    const read = files
      .filter(({ file }) => isSource(file) && !own.test(file))
      .flatMap(({ file, content }) =>
        [...content.matchAll(/\bentitlements\??\.(?!ts')(?:\[')?([A-Za-z]\w*)/g)].map(([, name]) => ({
          file,
          name,
        })),
      )
      .filter(({ name }) => !(platformEntitlements as readonly string[]).includes(name ?? ''))
      .map(({ file, name }) => `${file} reads ${name}`);
    expect(
      read,
      'A rule of the product (limits, credits, budget, …) says by which entitlement it goes; or the entitlement belongs to PlatformEntitlements.',
    ).toEqual([]);
  });
});

describe('the catalog may grow until a process has started', () => {
  /** What a file does with the catalog when it is imported, outside of every function. */
  function readsAtImport(file: string, content: string): string[] {
    const source = ts.createSourceFile(file, content, ts.ScriptTarget.Latest, true);
    const found: string[] = [];
    const visit = (node: ts.Node) => {
      if (ts.isFunctionLike(node) || ts.isImportDeclaration(node) || ts.isTypeNode(node)) return;
      if (ts.isIdentifier(node) && ['catalog', 'findProduct', 'findPlan'].includes(node.text)) {
        const line = source.getLineAndCharacterOfPosition(node.getStart()).line + 1;
        found.push(`${file}:${line} reads ${node.text}`);
      }
      ts.forEachChild(node, visit);
    };
    if (/from '[./]*(?:tenants\/)?catalog\/index\.ts'/.test(content)) visit(source);
    return found;
  }

  test('no file makes anything of it when it is imported', () => {
    const early = files
      .filter(({ file }) => isSource(file))
      .flatMap(({ file, content }) => readsAtImport(file, content));
    expect(
      early,
      `${early.join('\n')}\nProducts of packages come later: make it a function, and call it when it is needed.`,
    ).toEqual([]);
  });

  test('and one that would is found', () => {
    const content = "import { catalog } from '../tenants/catalog/index.ts';\n";
    expect(readsAtImport('a.ts', `${content}const ids = catalog.map(({ id }) => id);`)).toHaveLength(1);
    expect(readsAtImport('a.ts', `${content}const ids = () => catalog.map(({ id }) => id);`)).toEqual([]);
  });
});
