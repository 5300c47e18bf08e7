/** Options and arguments that several commands share. */
import { InvalidArgumentError, Option } from 'commander';

export function recoveryName(text: string): string {
  if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(text) || text.length > 16)
    throw new InvalidArgumentError('It must be up to 16 lower-case letters, digits and single hyphens.');
  return text;
}

export function instant(text: string): Date {
  const at = new Date(text);
  if (Number.isNaN(at.getTime()) || !/(Z|[+-]\d\d:\d\d)$/.test(text))
    throw new InvalidArgumentError('It must be a time with its zone, such as 2026-11-21T09:30:00Z.');
  return at;
}

export function person(description = 'as this person; default: as the operator'): Option {
  return new Option('--as <email>', description);
}

export function timeout(description: string): Option {
  return new Option('--timeout <seconds>', description).argParser((text) => {
    const seconds = Number(text);
    if (!Number.isFinite(seconds) || seconds <= 0)
      throw new InvalidArgumentError('It must be a number of seconds above 0.');
    return seconds;
  });
}

export function month(text: string): string {
  if (!/^20\d\d-(0[1-9]|1[0-2])$/.test(text))
    throw new InvalidArgumentError('It must be a month such as 2026-11.');
  return text;
}

export function day(text: string): string {
  if (!/^\d{4}-\d\d-\d\d$/.test(text) || Number.isNaN(Date.parse(text)))
    throw new InvalidArgumentError('It must be a day such as 2026-11-21.');
  return text;
}

export function positiveInteger(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError('It must be a whole number from 1 on.');
  return value;
}
