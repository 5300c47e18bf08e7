import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import ts from 'typescript';

/** The sources of this repository, for tests that hold them to a rule. */

export const root = resolve(import.meta.dirname, '../..');
const folders = ['api', 'automation', 'cli', 'gateway', 'infra', 'services', 'tenants'];

export interface SourceFile {
  /** From the root. */
  readonly file: string;
  readonly content: string;
}

/** Every file of the sources, tests left out, whose name has one of the endings. */
export function sourceFiles(endings: RegExp): readonly SourceFile[] {
  const under = (folder: string): string[] =>
    readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory())
        return ['node_modules', 'dist', 'modules'].includes(entry.name) ? [] : under(path);
      return endings.test(entry.name) ? [path] : [];
    });
  return folders
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap(under)
    .map((file) => ({ file, content: readFileSync(join(root, file), 'utf8') }));
}

export function parse({ file, content }: SourceFile): ts.SourceFile {
  return ts.createSourceFile(file, content, ts.ScriptTarget.Latest, true);
}

/** Every node, parents first. */
export function* nodesOf(node: ts.Node): Generator<ts.Node> {
  yield node;
  const children: ts.Node[] = [];
  ts.forEachChild(node, (child) => {
    children.push(child);
  });
  for (const child of children) yield* nodesOf(child);
}
