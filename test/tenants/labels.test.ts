import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { annotationSafe, labelSafe } from '../../tenants/labels.ts';

const labelValue = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;

describe('a text from outside becomes a label value', () => {
  test.each(['acme', 'cus_Q1w2E3', 'a', 'us-east-1', 'x'.repeat(63)])(
    '%j is one already and stays',
    (text) => {
      expect(labelSafe(text)).toBe(text);
    },
  );

  test.each([
    ['auth0|5f7c8ec7c33c6c004bbafe82', /^auth0-5f7c8ec7c33c6c004bbafe82-[0-9a-f]{20}$/],
    ['jane.doe@example.com', /^jane.doe-example.com-[0-9a-f]{20}$/],
    ['x'.repeat(300), /^x{42}-[0-9a-f]{20}$/],
    ['../../etc', /^etc-[0-9a-f]{20}$/],
    ['日本語', /^[0-9a-f]{20}$/],
    ['', /^[0-9a-f]{20}$/],
  ])('%j keeps what is legible and gets a digest', (text, expected) => {
    expect(labelSafe(text)).toMatch(expected);
  });

  test('any text gives a valid value, always the same', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const value = labelSafe(text);
        expect(value).toMatch(labelValue);
        expect(labelSafe(text)).toBe(value);
      }),
    );
  });

  test('different texts give different values, also those that differ only in what cannot stand in a label', () => {
    const similar = fc.stringMatching(/^[a-c|@:/-]{1,6}$/);
    fc.assert(
      fc.property(fc.uniqueArray(fc.oneof(anyText, similar), { maxLength: 50 }), (texts) => {
        const wellFormed = new Set(texts.map((text) => text.toWellFormed()));
        expect(new Set(texts.map(labelSafe)).size).toBe(wellFormed.size);
      }),
    );
  });

  test('nobody can choose a text that is taken for another: the value of one is not a value of its own', () => {
    const taken = labelSafe('auth0|123');
    expect(labelSafe(taken)).not.toBe(taken);
  });
});

test('an annotation keeps its text, without control characters and halves of characters', () => {
  expect(annotationSafe('Müller & Söhne "GmbH"')).toBe('Müller & Söhne "GmbH"');
  expect(annotationSafe('a\u0000b\u001b[31m\ud800')).toBe('a\u{fffd}b\u{fffd}[31m\u{fffd}');
});

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.string({ unit: 'grapheme' }),
  fc.emailAddress(),
);
