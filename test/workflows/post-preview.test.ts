import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

interface Posted {
  readonly issue_number?: number;
  readonly comment_id?: number;
  readonly body: string;
}
interface Comment {
  readonly id: number;
  readonly user: { readonly type: string };
  readonly body: string;
}

const script = new URL('../../.github/scripts/post-preview.mjs', import.meta.url).href;
const { postPreview } = (await import(script)) as { postPreview: (given: object) => Promise<void> };

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tenantry-comment-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Posts a text for the run of a commit; tells what GitHub was asked to write. */
async function post(
  text: string,
  { sha = 'new', from = 'us/tenantry', comments = [] as Comment[] } = {},
): Promise<{ created: Posted[]; updated: Posted[] }> {
  const file = join(folder, 'comment.md');
  await writeFile(file, text);
  const created: Posted[] = [];
  const updated: Posted[] = [];
  const listComments = () => {};
  const github = {
    rest: {
      pulls: { list: async () => ({ data: [{ number: 7, head: { sha: 'new' } }] }) },
      issues: {
        listComments,
        createComment: async (comment: Posted) => created.push(comment),
        updateComment: async (comment: Posted) => updated.push(comment),
      },
    },
    paginate: async () => comments,
  };
  const run = {
    head_sha: sha,
    head_branch: 'change',
    html_url: 'https://example.com/run',
    head_repository: { full_name: from, owner: { login: from.split('/')[0] } },
  };
  const context = { repo: { owner: 'us', repo: 'tenantry' }, payload: { workflow_run: run } };
  await postPreview({ github, context, core: { info: () => {} }, file });
  return { created, updated };
}

const marked = '<!-- tenantry-preview -->\n\n## Preview';

describe('the comment of a preview', () => {
  test('is made once', async () => {
    const { created, updated } = await post(marked);
    expect(created.map(({ issue_number }) => issue_number)).toEqual([7]);
    expect(updated).toEqual([]);
  });

  test('is updated in place from then on, and nobody else’s is', async () => {
    const comments = [
      { id: 1, user: { type: 'User' }, body: marked },
      { id: 2, user: { type: 'Bot' }, body: 'Something else' },
      { id: 3, user: { type: 'Bot' }, body: marked },
    ];
    const { created, updated } = await post(marked, { comments });
    expect(created).toEqual([]);
    expect(updated.map(({ comment_id }) => comment_id)).toEqual([3]);
  });

  test('is not posted for a commit that is not the newest any more', async () => {
    expect(await post(marked, { sha: 'old' })).toEqual({ created: [], updated: [] });
  });

  test('says when a fork made it', async () => {
    const [ours] = (await post(marked)).created;
    const [theirs] = (await post(marked, { from: 'them/tenantry' })).created;
    expect(ours?.body).not.toContain('fork');
    expect(theirs?.body).toContain('which comes from a fork');
  });

  test('calls nobody, loads nothing and hides no address, whatever the pull request writes', async () => {
    const text = `${marked}\n@everyone ![](https://evil.example/x.png) [safe](https://evil.example) <img src=x>`;
    const [posted] = (await post(text)).created;
    expect(posted?.body).not.toMatch(/@everyone|\]\(|<img/);
    expect(posted?.body.startsWith('<!-- tenantry-preview -->')).toBe(true);
  });

  test('leaves values in code as they are, and takes for code only what GitHub does', async () => {
    const of = async (text: string) => (await post(`${marked}\n${text}`)).created[0]?.body ?? '';
    expect(await of('\n```diff\n+ a: "<b>"\n```\n<img src=x>')).toMatch(/\+ a: "<b>"\n```\n&lt;img/);
    expect(await of('<details>\n```diff\n<img src=x>\n```')).not.toContain('<img');
    expect(await of('\n```diff\n`````\n<img src=x>')).not.toContain('<img');
  });

  test('is never longer than GitHub takes, and never empty', async () => {
    const [long] = (await post(marked + 'x'.repeat(200_000))).created;
    expect(long?.body.length).toBeLessThan(65_536);
    const [empty] = (await post('')).created;
    expect(empty?.body).toContain('failed before it could say anything');
  });
});
