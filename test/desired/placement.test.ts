import { expect, test } from 'vitest';
import {
  type PlaceAsked,
  type Placement,
  placeDatabase,
  placeTenant,
} from '../../automation/desired/placement.ts';

const east = { id: 'prod-us-east-1', region: 'us-east-1', home: true };
const ireland = { id: 'prod-eu-west-1', region: 'eu-west-1', home: false };
const second = { id: 'prod-b-eu-west-1', region: 'eu-west-1', home: false };
const singapore = { id: 'prod-ap-southeast-1', region: 'ap-southeast-1', home: false };
const local = { id: 'local', region: 'local' };

const nothing: PlaceAsked = { product: 'stream', plan: 'business', region: null, residency: null };
const place = (asked: Partial<PlaceAsked>, cells = [east, ireland, singapore]): Placement =>
  placeTenant({ ...nothing, ...asked }, cells, local);
const cellOf = (placement: Placement) => ('cell' in placement ? placement.cell.id : placement.problem);

test.each<[string, Partial<PlaceAsked>, string]>([
  ['nothing goes home', {}, 'prod-us-east-1'],
  ['a region goes there', { region: 'ap-southeast-1' }, 'prod-ap-southeast-1'],
  ['the home region goes home', { region: 'us-east-1' }, 'prod-us-east-1'],
  ['GDPR goes to Ireland', { residency: 'gdpr' }, 'prod-eu-west-1'],
  ['GDPR and Ireland agree', { residency: 'gdpr', region: 'eu-west-1' }, 'prod-eu-west-1'],
  ['a region is open to every plan', { plan: 'free', region: 'eu-west-1' }, 'prod-eu-west-1'],
])('who asks for %s', (_what, asked, cell) => {
  expect(cellOf(place(asked))).toBe(cell);
});

test.each<[string, Partial<PlaceAsked>, 'region' | 'residency', RegExp]>([
  [
    'a region without a cell',
    { region: 'us-west-2' },
    'region',
    /no cell in the region us-west-2; tenants can be in ap-southeast-1, eu-west-1, us-east-1\./,
  ],
  [
    'GDPR outside of Europe',
    { residency: 'gdpr', region: 'us-east-1' },
    'region',
    /GDPR stays in eu-west-1, not in us-east-1/,
  ],
  [
    'GDPR on a plan without compliance',
    { plan: 'professional', residency: 'gdpr' },
    'residency',
    /professional of stream does not include compliance/,
  ],
])('who asks for %s is told why there is no place', (_what, asked, field, problem) => {
  expect(place(asked)).toEqual({ field, problem: expect.stringMatching(problem) });
});

test('where no cell is the home, who asks for nothing stays where the question was asked', () => {
  expect(cellOf(place({}, [ireland]))).toBe('local');
  expect(cellOf(place({}, []))).toBe('local');
});

test('residency without a cell that keeps it is refused rather than placed elsewhere', () => {
  expect(place({ residency: 'gdpr' }, [east])).toMatchObject({ field: 'residency' });
});

test('of two cells in a region it is always the same one, in whatever order they come', () => {
  expect(cellOf(place({ region: 'eu-west-1' }, [ireland, second]))).toBe('prod-b-eu-west-1');
  expect(cellOf(place({ region: 'eu-west-1' }, [second, ireland]))).toBe('prod-b-eu-west-1');
});

const server = (name: string, slug: string | null = null, tenant: string | null = null) => ({
  name,
  slug,
  tenant,
});
const acme = { product: 'stream', plan: 'enterprise', slug: 'acme' };

test.each<[string, Partial<typeof acme>, ReturnType<typeof server>[], string | null]>([
  ['on the one that is free', {}, [server('one')], 'one'],
  ['on the first that is free', {}, [server('one', null, 'a0000001'), server('two'), server('three')], 'two'],
  ['on the one that was ordered for it, before any other', {}, [server('one'), server('two', 'acme')], 'two'],
  ['not on one that was ordered for another', {}, [server('one', 'globex')], null],
  ['on the shared one when all are taken', {}, [server('one', 'acme', 'a0000001')], null],
  ['on the shared one where there are no others', {}, [], null],
  [
    'on the shared one when its plan has rows in a schema',
    { plan: 'business' },
    [server('one', 'acme')],
    null,
  ],
  [
    'on the shared one when its product keeps no rows',
    { product: 'browsers', plan: 'enterprise' },
    [server('one')],
    null,
  ],
  ['on a server of its own for other products too', { product: 'agents' }, [server('one')], 'one'],
])('a new tenant has its rows %s', (_where, asked, servers, expected) => {
  expect(placeDatabase({ ...acme, ...asked }, servers)).toBe(expected);
});
