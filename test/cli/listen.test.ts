import { afterEach, describe, expect, test } from 'bun:test';
import { decodeTelegram } from '../../src/dlms/decode/index.ts';
import vectors from '../vectors/meter-push-frames.json';
import { Listening, sendTcp, sendUdp } from './listening.ts';

const open: { stop?(): Promise<number>; close?(): void }[] = [];
const listening = (...args: string[]): Listening => {
  const made = new Listening(...args);
  open.push(made);
  return made;
};
afterEach(async () => {
  for (const one of open.splice(0)) {
    one.close?.();
    await one.stop?.();
  }
});

const innermost = (node: Record<string, unknown>): unknown => {
  const inner = node['apdu'];
  return inner === undefined ? node : innermost(inner as Record<string, unknown>);
};

describe.each(vectors.vectors.map((vector) => [vector.id, vector] as const))('%s', (_, vector) => {
  const { encryptionKey, authenticationKey } = vector;
  const keys = [
    ...(encryptionKey === null ? [] : ['--encryption-key', encryptionKey]),
    ...(authenticationKey === null ? [] : ['--authentication-key', authenticationKey]),
  ];
  const bytes = Uint8Array.fromHex(vector.hex);
  const expected = decodeTelegram(bytes, {
    transport: 'auto',
    keysOf: () => ({
      ...(encryptionKey === null ? {} : { encryptionKey: Uint8Array.fromHex(encryptionKey) }),
      ...(authenticationKey === null ? {} : { authenticationKey: Uint8Array.fromHex(authenticationKey) }),
    }),
  });

  test.each([
    ['TCP', sendTcp],
    ['UDP', sendUdp],
  ] as const)('comes over %s as it is decoded', async (_transport, send) => {
    const listener = listening('--json', '--count', '1', ...keys);
    open.push(await send(await listener.port(), bytes));
    expect(await listener.status).toBe(0);
    const [document] = listener.documents();
    expect(document).toMatchObject({ ok: true, framing: vector.transport, dateTime: expected.dateTime });
    expect(document?.['readings']).toMatchObject([...expected.readings]);
    expect(document?.['apdu']).toEqual(JSON.parse(JSON.stringify(innermost(expected.apdu))));
  });
});
