/** The build puts the pattern of `tenants/catalog/names.ts` here, so that the page needs no schema library, which probes
 *  `eval` and so makes the page's content security policy report it. */
declare const SLUG_PATTERN: string;

const slugPattern = new RegExp(SLUG_PATTERN);

/** Why a name is refused; null when it is fine. The pattern decides, the messages only explain. */
export function slugComplaint(slug: string): string | null {
  if (slugPattern.test(slug)) return null;
  if (slug === '') return 'Choose a name.';
  if (/[A-Z]/.test(slug)) return 'Use lower case letters only.';
  if (!/^[a-z]/.test(slug)) return 'Start with a letter.';
  if (/[^a-z0-9-]/.test(slug)) return 'Use only letters a to z, digits and hyphens.';
  if (slug.includes('--')) return 'Use one hyphen at a time.';
  if (slug.endsWith('-')) return 'End with a letter or a digit.';
  return slug.length < 3 ? 'A little longer, please.' : 'That is too long.';
}
