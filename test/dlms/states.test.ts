import { expect, test } from 'bun:test';
import type { After, Table } from '../../src/base/table.ts';
import { CLIENT_AFTER, CLIENT_TABLE } from '../../src/dlms/cosem/client-states.ts';
import { GENERAL_BLOCK_AFTER, GENERAL_BLOCK_TABLE } from '../../src/dlms/cosem/general-block-states.ts';
import { PUSH_AFTER, PUSH_TABLE } from '../../src/dlms/cosem/push.ts';
import { MBUS_AFTER, MBUS_TABLE } from '../../src/dlms/link/mbus.ts';
import { OPENING_AFTER, OPENING_TABLE } from '../../src/dlms/link/opening-states.ts';
import { LINK_AFTER, TRANSITIONS } from '../../src/dlms/link/transitions.ts';
import { WRAPPER_AFTER, WRAPPER_TABLE } from '../../src/dlms/link/wrapper-states.ts';

type AnyTable = Table<string, string, string>;
type AnyAfter = After<string, string>;

const MACHINES: readonly (readonly [name: string, table: AnyTable, after: AnyAfter])[] = [
  ['HDLC client', TRANSITIONS, LINK_AFTER.client],
  ['HDLC server', TRANSITIONS, LINK_AFTER.server],
  ['wrapper client', WRAPPER_TABLE, WRAPPER_AFTER.client],
  ['wrapper server', WRAPPER_TABLE, WRAPPER_AFTER.server],
  ['opening, reader', OPENING_TABLE, OPENING_AFTER.reader],
  ['opening, meter', OPENING_TABLE, OPENING_AFTER.meter],
  ['M-Bus', MBUS_TABLE, MBUS_AFTER],
  ['client', CLIENT_TABLE, CLIENT_AFTER],
  ['general blocks', GENERAL_BLOCK_TABLE, GENERAL_BLOCK_AFTER],
  ['push', PUSH_TABLE, PUSH_AFTER],
];

test.each(MACHINES)(
  '%s: every action of the table leads somewhere, and to states of the table',
  (_, table, after) => {
    const states = new Set(['same', ...Object.keys(table)]);
    const used = new Set(Object.values(table).flatMap((row) => Object.values(row)));
    expect(new Set(Object.keys(after))).toEqual(used);
    for (const next of Object.values(after)) {
      expect(next.length).toBeGreaterThan(0);
      expect(new Set(next).size).toBe(next.length);
      for (const state of next) expect(states).toContain(state);
    }
  },
);
