import { expect, test } from 'bun:test';
import { UndoList } from '../../src/base/undo.ts';

test('steps run once, last first, and all of them even when one fails; the first failure is told', async () => {
  const undo = new UndoList();
  const ran: string[] = [];
  undo.add(() => void ran.push('lock'));
  undo.add(async () => {
    ran.push('store');
    throw new Error('store');
  });
  undo.add(() => {
    ran.push('server');
    throw new Error('server');
  });
  expect(await undo.run().catch((error: unknown) => String(error))).toBe('Error: server');
  expect(ran).toEqual(['server', 'store', 'lock']);
  await undo.run();
  expect(ran).toHaveLength(3);
});
