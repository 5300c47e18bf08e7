/**
 * Posts the comment of a preview on its pull request, in place of the one before. The file was made by the pull
 * request's own code and is taken for nothing but text; which pull request it belongs to is asked of GitHub.
 */
import { readFile } from 'node:fs/promises';

const marker = '<!-- tenantry-preview -->';
/** GitHub takes 65,536 characters. */
const longest = 65_000;

export async function postPreview({ github, context, core, file }) {
  const run = context.payload.workflow_run;
  const { owner, repo } = context.repo;
  const { data: pulls } = await github.rest.pulls.list({
    owner,
    repo,
    state: 'open',
    head: `${run.head_repository.owner.login}:${run.head_branch}`,
  });
  // A run of a commit that is not the newest any more has nothing to say.
  const pull = pulls.find(({ head }) => head.sha === run.head_sha);
  if (!pull) {
    core.info(`no open pull request has ${run.head_sha} as its newest commit`);
    return;
  }
  const body = commentOf(await readFile(file, 'utf8'), {
    isFork: run.head_repository.full_name !== `${owner}/${repo}`,
    url: run.html_url,
  });
  const comments = await github.paginate(github.rest.issues.listComments, {
    owner,
    repo,
    issue_number: pull.number,
    per_page: 100,
  });
  const known = comments.find(({ user, body: text }) => user?.type === 'Bot' && text?.startsWith(marker));
  if (known) await github.rest.issues.updateComment({ owner, repo, comment_id: known.id, body });
  else await github.rest.issues.createComment({ owner, repo, issue_number: pull.number, body });
}

function commentOf(text, { isFork, url }) {
  const said = text.replace(marker, '').trim();
  const whole = said === '' ? 'The preview failed before it could say anything.' : said;
  const tame = tamed(whole);
  const source = isFork
    ? 'Made by the code of this pull request, which comes from a fork'
    : 'Made by this pull request';
  return `${marker}\n\n${tame.slice(0, longest)}\n\n<sub>${source}: ${url}</sub>\n`;
}

/** Nobody is called, nothing is loaded from elsewhere, and no link hides where it goes. */
function tamed(text) {
  let fence = null;
  let before = '';
  const lines = text.split('\n').map((line) => {
    const [, run] = /^ {0,3}(`{3,})/.exec(line) ?? [];
    // Only after an empty line is a fence surely one; any that is long enough ends it.
    if (fence === null && run !== undefined && before.trim() === '') fence = run.length;
    else if (fence !== null && run !== undefined && run.length >= fence) fence = null;
    before = line;
    const quiet = line.replaceAll('@', '@\u200b').replaceAll('](', ']\u200b(');
    return fence === null ? quiet.replace(/<(?!\/?(details|summary|sub)>)/g, '&lt;') : quiet;
  });
  return lines.join('\n');
}
