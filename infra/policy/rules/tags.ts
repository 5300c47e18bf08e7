/** Required tags: every resource says who owns it, which cell it belongs to, and who pays for it. */
import { requiredTags } from '../../tags.ts';
import { effectiveTags, tagsAreKnown } from '../resource.ts';
import { type Rule, ruleForAll } from '../rule.ts';

export const tagRules: readonly Rule[] = [
  ruleForAll(
    {
      name: 'required-tags',
      concern: 'required tags',
      description: `Every resource of AWS carries ${requiredTags.join(', ')}: best by the defaultTags of its provider.`,
    },
    (resource) => {
      if (!resource.type.startsWith('aws:') || !tagsAreKnown(resource)) return [];
      const tags = effectiveTags(resource);
      const missing = requiredTags.filter((name) => !tags[name]);
      return missing.length > 0 ? [`there is no tag ${missing.join(', ')}`] : [];
    },
  ),
];
