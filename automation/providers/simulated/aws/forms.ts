/** Fills in the forms of ids, ARNs and outputs. */
import { isMap, type PropertyMap, type PropertyValue, reveal } from '../../properties.ts';
import { decimals, digits, uuid } from '../identity.ts';
import type { Place } from './place.ts';
import type { Form, ResourceType } from './resource-types.ts';

/** The parts of a resource that its identity depends on. */
export interface Subject {
  /** What makes its digits unique: its URN, and for a replacement which one it is. */
  readonly seed: string;
  readonly inputs: PropertyMap;
  readonly place: Place;
  readonly kind: ResourceType;
}

export interface Identity {
  readonly id: string;
  readonly arn: string | undefined;
  readonly name: string;
}

/** The resource's id and ARN; the same in every run. */
export function identify(subject: Subject): Identity {
  const { kind, inputs } = subject;
  const name = kind.physicalName ? text(inputs[kind.physicalName.input]) : '';
  const known = { name, id: '', arn: '' };
  const form = kind.id ?? (kind.physicalName ? '{name}' : '{hex17}');
  const arnForm = kind.arn === undefined ? undefined : `arn:{partition}:${kind.arn}`;
  if (form === '{arn}') {
    const arn = fillText(arnForm ?? '{hex17}', subject, known);
    return { id: arn, arn, name };
  }
  const id = fillText(form, subject, known);
  return { id, arn: arnForm && fillText(arnForm, subject, { ...known, id }), name };
}

/** A form with everything in its place. */
export function fill(form: Form, subject: Subject, identity: Identity): PropertyValue {
  if (typeof form === 'string')
    return fillText(form, subject, { ...identity, arn: identity.arn ?? identity.id });
  if (typeof form === 'number' || typeof form === 'boolean') return form;
  if (isListForm(form)) return form.map((item) => fill(item, subject, identity));
  return Object.fromEntries(Object.entries(form).map(([key, item]) => [key, fill(item, subject, identity)]));
}

function isListForm(form: Form): form is readonly Form[] {
  return Array.isArray(form);
}

function fillText(
  form: string,
  { seed, inputs, place }: Subject,
  known: { name: string; id: string; arn: string },
): string {
  return form.replaceAll(/\{(\w+)(?::(\w+))?\}/g, (whole, word: string, input: string | undefined) => {
    const random = /^(hex|HEX|digits)(\d+)$/.exec(word);
    if (random) {
      const length = Number(random[2]);
      if (random[1] === 'digits') return decimals(seed, length);
      return random[1] === 'HEX' ? digits(seed, length).toUpperCase() : digits(seed, length);
    }
    switch (word) {
      case 'input':
        return text(inputs[input ?? '']).replace(/^https:\/\//, '');
      case 'partition':
      case 'region':
      case 'account':
        return place[word];
      case 'name':
      case 'id':
      case 'arn':
        return known[word];
      case 'uuid':
        return uuid(seed);
      case 'keyId':
        return multiRegion(inputs) ? `mrk-${digits(seed, 32)}` : uuid(seed);
      case 'scope':
        return inputs.scope === 'CLOUDFRONT' ? 'global' : 'regional';
      default:
        return whole;
    }
  });
}

/** A key's copies in other regions share its id, which then has another form. */
function multiRegion(inputs: PropertyMap): boolean {
  return inputs.multiRegion === true || inputs.primaryKeyArn !== undefined;
}

function text(value: PropertyValue | undefined): string {
  const shown = value === undefined ? '' : reveal(value);
  if (isMap(shown)) return '';
  return typeof shown === 'string' || typeof shown === 'number' ? String(shown) : '';
}
