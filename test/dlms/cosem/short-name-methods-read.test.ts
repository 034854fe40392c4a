import { expect, test } from 'bun:test';
import { fromHex, toHex } from '../../../src/base/bytes.ts';
import { type ConformanceBit, conformanceMask } from '../../../src/dlms/apdu/conformance.ts';
import { i8 } from '../../../src/dlms/values.ts';
import { ScriptedClient } from './scripted-client.ts';

const RELAY = { classId: 70, version: 0, obis: '0.0.96.3.10.255', baseName: 0x1000 };
const OFF = { classId: 70, obis: RELAY.obis, attribute: 1 };

function client(...bits: ConformanceBit[]): ScriptedClient {
  const conformance = conformanceMask(['read', 'write', ...bits]);
  return new ScriptedClient({ conformance, association: { referencing: 'sn', shortNames: [RELAY] } }).open();
}

test('a method that a WRITE does not know is called by a READ', () => {
  const line = client('parameterized-access');
  line.command({ type: 'action', method: OFF, parameter: i8(0) });
  expect(toHex(line.sent)).toBe('0601021020010f00');
  line.apdu(fromHex('0d010104'));
  expect(toHex(line.sent)).toBe('0501041020000f00');
  line.apdu(fromHex('0c010000'));
  expect(line.events.at(-1)).toEqual({ type: 'action-result', result: 'success' });
});

test('any other answer to the WRITE counts, and so does that to the READ', () => {
  const line = client('parameterized-access');
  line.command({ type: 'action', method: OFF, parameter: i8(0) });
  line.apdu(fromHex('0d010103'));
  expect(line.events.at(-1)).toEqual({ type: 'action-result', result: 'read-write-denied' });
  line.command({ type: 'action', method: OFF, parameter: i8(0) });
  line.apdu(fromHex('0d010104'));
  line.apdu(fromHex('0c010104'));
  expect(line.events.at(-1)).toEqual({ type: 'action-result', result: 'object-undefined' });
});

test('without parameterized access the WRITE has the last word', () => {
  const line = client();
  line.command({ type: 'action', method: OFF, parameter: i8(0) });
  line.apdu(fromHex('0d010104'));
  expect(line.events.at(-1)).toEqual({ type: 'action-result', result: 'object-undefined' });
});
