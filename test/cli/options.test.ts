import { expect, test } from 'bun:test';
import { aborted, oneOf, wholeNumber } from '../../src/cli/options.ts';

test('whole numbers are decimal digits within bounds, nothing else', () => {
  const parse = wholeNumber('meters', 2, 2040);
  expect(['2', '60', '2040', '007'].map(parse)).toEqual([2, 60, 2040, 7]);
  for (const text of ['1', '2041', '', ' 5', '5 ', '-5', '+5', '5.0', '5e1', '0x10', '٣', '9'.repeat(400)]) {
    expect(() => parse(text)).toThrow(
      expect.objectContaining({
        code: 'usage',
        field: 'meters',
        message: `--meters must be a whole number from 2 to 2040, not '${text}'`,
      }),
    );
  }
});

test('a choice is one of those named, to the letter', () => {
  const parse = oneOf('framing', ['wrapper', 'hdlc']);
  expect(parse('hdlc')).toBe('hdlc');
  for (const text of ['', 'HDLC', 'hdlc ', 'toString']) {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'usage', field: 'framing' }));
  }
});

test('being told to stop is heard before and after', async () => {
  const controller = new AbortController();
  let heard = false;
  const waiting = aborted(controller.signal).then(() => {
    heard = true;
  });
  await Promise.resolve();
  expect(heard).toBe(false);
  controller.abort();
  await waiting;
  await aborted(controller.signal);
});
