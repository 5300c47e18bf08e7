import { randomInt } from 'node:crypto';

/** The characters of a random text, in the official provider's terms. */
export interface TextRules {
  readonly length: number;
  readonly upper: boolean;
  readonly lower: boolean;
  readonly numeric: boolean;
  readonly special: boolean;
  readonly overrideSpecial: string;
  readonly minUpper: number;
  readonly minLower: number;
  readonly minNumeric: number;
  readonly minSpecial: number;
}

const upperCase = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const lowerCase = 'abcdefghijklmnopqrstuvwxyz';
const digits = '0123456789';
/** Default of the official provider. */
const specials = '!@#$%&*()-_=+[]{}<>:?';

/** What is wrong with the rules, or null. */
export function ruleProblem(rules: TextRules): string | null {
  const least = rules.minUpper + rules.minLower + rules.minNumeric + rules.minSpecial;
  if (!Number.isInteger(rules.length) || rules.length < 1)
    return 'length must be a whole number of at least 1';
  if (least > rules.length) return `length must be at least ${least}, the sum of the minimums`;
  if (classes(rules).every(({ characters }) => characters === '')) {
    return 'at least one of upper, lower, numeric and special must be true';
  }
  return null;
}

/**
 * A text by these rules from the system's cryptographic generator: minimums first, the rest from all, then shuffled.
 */
export function randomText(rules: TextRules): string {
  const chosen: string[] = [];
  for (const { characters, least } of classes(rules)) {
    for (let count = 0; count < least; count++) chosen.push(pick(characters));
  }
  const all = classes(rules)
    .map(({ characters }) => characters)
    .join('');
  while (chosen.length < rules.length) chosen.push(pick(all));
  for (let index = chosen.length - 1; index > 0; index--) {
    const other = randomInt(index + 1);
    [chosen[index], chosen[other]] = [chosen[other] ?? '', chosen[index] ?? ''];
  }
  return chosen.join('');
}

function classes(rules: TextRules): readonly { readonly characters: string; readonly least: number }[] {
  const special = rules.overrideSpecial === '' ? specials : rules.overrideSpecial;
  return [
    { characters: rules.upper ? upperCase : '', least: rules.upper ? rules.minUpper : 0 },
    { characters: rules.lower ? lowerCase : '', least: rules.lower ? rules.minLower : 0 },
    { characters: rules.numeric ? digits : '', least: rules.numeric ? rules.minNumeric : 0 },
    { characters: rules.special ? special : '', least: rules.special ? rules.minSpecial : 0 },
  ];
}

function pick(characters: string): string {
  return characters.charAt(randomInt(characters.length));
}
