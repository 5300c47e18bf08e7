import { Unreadable } from './verdict.ts';

/** An image by the registry that has it. */
export interface ImageReference {
  /** Host with its port. */
  readonly registry: string;
  readonly repository: string;
  /** A tag or a digest. */
  readonly version: string;
  /** Null when the reference names neither tag nor digest. */
  readonly named: 'tag' | 'digest' | null;
}

const repositoryPattern = /^[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*$/;
const registryPattern = /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::\d+)?$/;
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const digestPattern = /^sha256:[0-9a-f]{64}$/;

/**
 * Reads `registry/repository:tag` as container runtimes do: the registry defaults to Docker Hub, and there the folder
 * defaults to `library/`.
 * @throws Unreadable that says what is wrong with the reference
 */
export function parseImage(text: string): ImageReference {
  const [name = '', digest] = text.split('@');
  const slash = name.indexOf('/');
  const first = slash < 0 ? '' : name.slice(0, slash);
  const hasRegistry = first === 'localhost' || /[.:]/.test(first);
  if (hasRegistry && !registryPattern.test(first))
    throw new Unreadable(`"${text}": "${first}" is no registry.`);
  const path = hasRegistry ? name.slice(slash + 1) : name;
  const colon = path.lastIndexOf(':');
  const repository = colon < 0 ? path : path.slice(0, colon);
  const tag = colon < 0 ? undefined : path.slice(colon + 1);
  if (!repositoryPattern.test(repository))
    throw new Unreadable(
      `"${text}" names no image: "${repository}" is no repository (lower case, digits, . _ - /).`,
    );
  if (tag !== undefined && !tagPattern.test(tag)) throw new Unreadable(`"${text}": "${tag}" is no tag.`);
  if (digest !== undefined && !digestPattern.test(digest))
    throw new Unreadable(`"${text}": the digest must be sha256: and 64 hexadecimal digits.`);
  const onHub = !hasRegistry || first === 'docker.io';
  return {
    registry: onHub ? 'registry-1.docker.io' : first,
    repository: onHub && !repository.includes('/') ? `library/${repository}` : repository,
    version: digest ?? tag ?? 'latest',
    named: digest !== undefined ? 'digest' : tag !== undefined ? 'tag' : null,
  };
}
