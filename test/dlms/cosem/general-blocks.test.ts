import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { fromHex, toHex } from '../../../src/base/bytes.ts';
import { DcuError } from '../../../src/base/errors.ts';
import { following } from '../../../src/base/table.ts';
import { decodeGeneralBlock, encodeGeneralBlock } from '../../../src/dlms/apdu/general-block-transfer.ts';
import {
  GENERAL_BLOCK_AFTER,
  GENERAL_BLOCK_TABLE,
  type GeneralBlockInput,
  type GeneralBlockState,
} from '../../../src/dlms/cosem/general-block-states.ts';
import { GENERAL_BLOCK_ABORT, GeneralBlocks } from '../../../src/dlms/cosem/general-blocks.ts';
import { codeOf } from '../mutation.ts';

const config = (window = 6, maxApdu = 29, limit = 100_000) => ({ window, maxApdu, limit });
const message = (length: number, seed = 1) => Uint8Array.from({ length }, (_, i) => (i * 7 + seed) & 0xff);

/** `LB STR window number ack length` of each block, for reading. */
function told(blocks: readonly Uint8Array[]): string[] {
  return blocks.map((raw) => {
    const block = decodeGeneralBlock(raw);
    const flags = `${block.last ? 'L' : '-'}${block.streaming ? 'S' : '-'}`;
    return `${flags} w${block.window} ${block.blockNumber}/${block.blockNumberAck} ${block.data.length}`;
  });
}

const block = (
  blockNumber: number,
  blockNumberAck: number,
  more: Partial<Parameters<typeof encodeGeneralBlock>[0]>,
) =>
  encodeGeneralBlock({
    last: false,
    streaming: false,
    window: 6,
    blockNumber,
    blockNumberAck,
    data: new Uint8Array(0),
    ...more,
  });

describe('general block transfer', () => {
  test('wire form', () => {
    // last block, window 3, block 3, six acknowledged, no content: a client's acknowledgement seen on a line.
    const raw = fromHex('e0 83 0003 0006 00');
    const decoded = decodeGeneralBlock(raw);
    expect(decoded).toEqual({
      last: true,
      streaming: false,
      window: 3,
      blockNumber: 3,
      blockNumberAck: 6,
      data: new Uint8Array(0),
    });
    expect(encodeGeneralBlock(decoded)).toEqual(raw);
    expect(toHex(block(1, 0, { streaming: true, window: 63, data: new Uint8Array(200) }))).toStartWith(
      'e07f0001000081c8',
    );
    for (const bad of ['', 'e0', 'e083', 'e08300030006', 'e0830003000602aa', 'c0830003000600']) {
      expect(['truncated', 'apdu-invalid']).toContain(codeOf(() => decodeGeneralBlock(fromHex(bad))) ?? '');
    }
  });

  test('a short request, an answer in windows: what goes over the line', () => {
    const client = new GeneralBlocks(config(3));
    const server = new GeneralBlocks(config(6));
    const asked = client.begin(message(10));
    expect(told(asked.send)).toEqual(['L- w3 1/0 10']);
    expect(server.receive(asked.send[0] ?? new Uint8Array(0)).apdu).toEqual(message(10));
    const first = server.begin(message(110, 9));
    expect(told(first.send)).toEqual(['-S w6 1/1 20', '-S w6 2/1 20', '-- w6 3/1 20']);
    const acknowledged = first.send.flatMap((raw) => client.receive(raw).send);
    expect(told(acknowledged)).toEqual(['L- w3 2/3 0']);
    const second = acknowledged.flatMap((raw) => server.receive(raw).send);
    expect(told(second)).toEqual(['-S w6 4/2 20', '-S w6 5/2 20', 'L- w6 6/2 10']);
    const got = second.map((raw) => client.receive(raw));
    expect(got.at(-1)?.apdu).toEqual(message(110, 9));
    expect(client.state).toBe('received');
    expect(told(client.confirm().send)).toEqual(['L- w3 3/6 0']);
    server.receive(client.confirm().send[0] ?? new Uint8Array(0));
    expect(server.state).toBe('sent');
  });

  test('a lost block is asked for by acknowledging the last good one, and comes alone', () => {
    const client = new GeneralBlocks(config());
    const server = new GeneralBlocks(config());
    server.receive(client.begin(message(5)).send[0] ?? new Uint8Array(0));
    const burst = server.begin(message(200)).send;
    const asked = burst.flatMap((raw, i) => (i === 1 || i === 2 ? [] : client.receive(raw).send));
    expect(told(asked)).toEqual(['L- w2 2/1 0']);
    const again = asked.flatMap((raw) => server.receive(raw).send);
    expect(told(again)).toEqual(['-S w6 2/2 20', '-- w6 3/2 20']);
    const on = again.flatMap((raw) => client.receive(raw).send);
    expect(told(on)).toEqual(['L- w6 3/6 0']);
    const rest = on.flatMap((raw) => server.receive(raw).send);
    expect(rest.map((raw) => client.receive(raw)).at(-1)?.apdu).toEqual(message(200));
  });

  test('a server that was not asked in blocks sends one block and learns the window', () => {
    const client = new GeneralBlocks(config(2));
    const server = new GeneralBlocks(config());
    const first = server.begin(message(90));
    expect(told(first.send)).toEqual(['-- w6 1/0 20']);
    const next = first.send
      .flatMap((raw) => client.receive(raw).send)
      .flatMap((raw) => server.receive(raw).send);
    expect(told(next)).toEqual(['-S w6 2/1 20', '-- w6 3/1 20']);
  });

  test('what gurux-dlms 1.0.203 said as a client of ours while it read 1,507 bytes right', () => {
    // Its Python edition lacks an attribute that its own acknowledgement needs; that one line was mended for the run.
    const server = new GeneralBlocks(config(6, 200));
    const bytes = message(1507);
    const blocks = [...server.begin(bytes).send];
    for (const said of [1, 2, 3, 4, 5, 6, 7]) {
      blocks.push(...server.receive(fromHex(`e081 000${said} 000${said} 00`)).send);
    }
    expect(blocks.map((raw) => toHex(raw.subarray(0, 8)))).toEqual([
      'e0060001000081bf',
      'e0060002000181bf',
      'e0060003000281bf',
      'e0060004000381bf',
      'e0060005000481bf',
      'e0060006000581bf',
      'e0060007000681bf',
      'e0860008000781aa',
    ]);
    expect(blocks.flatMap((raw) => [...decodeGeneralBlock(raw).data])).toEqual([...bytes]);
  });

  /** Client and server over a line that loses, doubles and delays blocks as `faults` says, and is good afterwards. */
  function exchange(
    sizes: { request: number; response: number; clientWindow: number; serverWindow: number },
    faults: readonly ('ok' | 'lose' | 'double' | 'delay')[],
  ): { request?: Uint8Array; response?: Uint8Array; silences: number; blocks: number } {
    const client = new GeneralBlocks(config(sizes.clientWindow));
    const server = new GeneralBlocks(config(sizes.serverWindow));
    const line: { to: 'server' | 'client'; raw: Uint8Array }[] = [];
    let fault = 0;
    const sent: Uint8Array[] = [];
    const put = (to: 'server' | 'client', raws: readonly Uint8Array[]) => {
      for (const raw of raws) {
        sent.push(raw);
        const what = faults[fault++] ?? 'ok';
        if (what === 'lose') continue;
        if (what === 'delay') line.splice(Math.max(0, line.length - 2), 0, { to, raw });
        else line.push({ to, raw });
        if (what === 'double') line.push({ to, raw });
      }
    };
    const out: { request?: Uint8Array; response?: Uint8Array; silences: number; blocks: number } = {
      silences: 0,
      blocks: 0,
    };
    put('server', client.begin(message(sizes.request)).send);
    while (out.response === undefined && out.silences < 60 && sent.length < 20_000) {
      const next = line.shift();
      if (next === undefined) {
        out.silences++;
        put('server', client.silence().send);
        continue;
      }
      const side = next.to === 'server' ? server : client;
      const step = side.receive(next.raw);
      put(next.to === 'server' ? 'client' : 'server', step.send);
      if (step.apdu === undefined) continue;
      if (next.to === 'client') out.response = step.apdu;
      else {
        out.request = step.apdu;
        put('client', server.begin(message(sizes.response, 5)).send);
      }
    }
    return { ...out, blocks: sent.length };
  }

  test('whatever is lost, doubled or overtaken: the same bytes arrive', () => {
    fc.assert(
      fc.property(
        fc.record({
          request: fc.integer({ min: 1, max: 300 }),
          response: fc.integer({ min: 1, max: 900 }),
          clientWindow: fc.integer({ min: 1, max: 63 }),
          serverWindow: fc.integer({ min: 1, max: 63 }),
        }),
        fc.array(fc.constantFrom('ok', 'lose', 'double', 'delay'), { maxLength: 80 }),
        (sizes, faults) => {
          const got = exchange(sizes, faults);
          expect(got.request).toEqual(message(sizes.request));
          expect(got.response).toEqual(message(sizes.response, 5));
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('without faults nobody waits, and each block goes once', () => {
    for (const window of [1, 2, 63]) {
      const got = exchange({ request: 200, response: 900, clientWindow: window, serverWindow: window }, []);
      expect(got.silences).toBe(0);
      expect(got.response).toEqual(message(900, 5));
      // 10 blocks up, 45 down, and an acknowledgement for each window but the last.
      const windows = (n: number) => (window === 1 ? n : 1 + Math.ceil((n - 1) / window));
      expect(got.blocks).toBeLessThanOrEqual(10 + 45 + windows(10) + windows(45));
    }
  });

  test('every state and input', () => {
    const states: Record<string, () => GeneralBlocks> = {
      idle: () => new GeneralBlocks(config()),
      sending: () => {
        const machine = new GeneralBlocks(config());
        machine.receive(block(1, 0, { data: message(20), last: true, window: 1 }));
        machine.begin(message(100));
        return machine;
      },
      sent: () => {
        const machine = states['sending']?.() ?? new GeneralBlocks(config());
        machine.receive(block(2, 1, {}));
        machine.receive(block(3, 5, {}));
        return machine;
      },
      receiving: () => {
        const machine = new GeneralBlocks(config());
        machine.receive(block(1, 0, { data: message(20) }));
        return machine;
      },
      received: () => {
        const machine = new GeneralBlocks(config());
        machine.receive(block(1, 0, { data: message(20), last: true, window: 1 }));
        return machine;
      },
    };
    const inputs: Record<
      string,
      (machine: GeneralBlocks) => { send: readonly Uint8Array[]; apdu?: Uint8Array }
    > = {
      begin: (machine) => machine.begin(message(30)),
      first: (machine) => machine.receive(block(1, 0, { data: message(7) })),
      again: (machine) =>
        machine.receive(
          block(1, 0, {
            data: message(20),
            ...(machine.state === 'receiving' ? {} : { last: true, window: 1 }),
          }),
        ),
      data: (machine) => machine.receive(block(4, 5, { data: message(20) })),
      ack: (machine) => machine.receive(block(3, 1, { last: true })),
      abort: (machine) => machine.receive(GENERAL_BLOCK_ABORT),
      silence: (machine) => machine.silence(),
    };
    const result: Record<string, Record<string, string>> = {};
    for (const state of Object.keys(GENERAL_BLOCK_TABLE)) {
      const row: Record<string, string> = {};
      for (const [input, act] of Object.entries(inputs)) {
        const machine = states[state]?.() ?? new GeneralBlocks(config());
        expect(machine.state as string).toBe(state);
        try {
          const { send, apdu } = act(machine);
          row[input] = [...told(send), ...(apdu ? [`apdu ${apdu.length}`] : []), machine.state].join(', ');
        } catch (error) {
          if (!(error instanceof DcuError)) throw error;
          row[input] = `${error.code}, ${machine.state}`;
        }
        const from = state as GeneralBlockState;
        const next = following(GENERAL_BLOCK_TABLE, GENERAL_BLOCK_AFTER, from, input as GeneralBlockInput);
        expect(next).toContain(machine.state);
      }
      result[state] = row;
    }
    expect(result).toEqual({
      idle: {
        begin: '-- w6 1/0 20, sending',
        first: 'L- w6 1/1 0, receiving',
        again: 'apdu 20, received',
        data: 'idle',
        ack: 'idle',
        abort: 'idle',
        silence: 'idle',
      },
      sending: {
        begin: 'conflict, sending',
        first: 'L- w6 1/1 0, receiving',
        again: '-- w6 1/1 20, sending',
        data: 'L- w2 2/1 0, receiving',
        ack: '-S w6 2/3 20, -S w6 3/3 20, -S w6 4/3 20, L- w6 5/3 20, sending',
        abort: 'apdu-unexpected, idle',
        silence: '-- w6 1/1 20, sending',
      },
      sent: {
        begin: '-- w6 1/0 20, sending',
        first: 'L- w6 1/1 0, receiving',
        again: 'apdu 20, received',
        data: 'L- w6 6/4 0, receiving',
        ack: 'sent',
        abort: 'apdu-unexpected, idle',
        silence: 'L- w6 5/2 20, sent',
      },
      receiving: {
        begin: 'conflict, receiving',
        first: 'L- w6 1/1 0, receiving',
        again: 'L- w6 1/1 0, receiving',
        data: 'L- w2 2/1 0, receiving',
        ack: 'L- w1 2/1 0, receiving',
        abort: 'apdu-unexpected, idle',
        silence: 'L- w6 1/1 0, receiving',
      },
      received: {
        begin: '-- w6 1/1 20, sending',
        first: 'L- w6 1/1 0, receiving',
        again: 'received',
        data: 'received',
        ack: 'received',
        abort: 'apdu-unexpected, idle',
        silence: 'received',
      },
    });
  });

  test('bounds: what is taken in, what a block must bring, how many numbers there are', () => {
    const greedy = new GeneralBlocks(config(6, 29, 50));
    greedy.receive(block(1, 0, { data: message(20) }));
    greedy.receive(block(2, 0, { data: message(20) }));
    expect(codeOf(() => greedy.receive(block(3, 0, { data: message(20) })))).toBe('apdu-too-long');
    expect(greedy.state).toBe('idle');
    const crumbs = new GeneralBlocks(config());
    expect(
      codeOf(() => {
        for (let n = 1; n < 200; n++) crumbs.receive(block(n, 0, { data: message(1), streaming: true }));
      }),
    ).toBe('apdu-invalid');
    // Blocks far ahead are not kept.
    const far = new GeneralBlocks(config(6, 29, 1000));
    far.receive(block(1, 0, { data: message(20), streaming: true }));
    for (let n = 65; n < 400; n++) far.receive(block(n, 0, { data: message(20), streaming: true }));
    expect(far.state).toBe('receiving');
    expect(codeOf(() => new GeneralBlocks(config(6, 29)).begin(message(20 * 65_536)))).toBe('apdu-too-long');
    expect(codeOf(() => new GeneralBlocks(config(6, 12)).begin(message(4)))).toBe('apdu-too-long');
  });

  test('any bytes leave a machine that works', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 12 }), { maxLength: 30 }), (inputs) => {
        const machine = new GeneralBlocks(config(3, 29, 200));
        for (const bytes of inputs) {
          const code = codeOf(() => machine.receive(Uint8Array.of(0xe0, ...bytes)));
          expect([undefined, 'truncated', 'axdr-invalid', 'apdu-too-long', 'apdu-unexpected']).toContain(
            code,
          );
        }
        machine.reset();
        expect(machine.begin(message(5)).send).toHaveLength(1);
      }),
    );
  });
});
