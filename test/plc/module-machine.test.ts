import { describe, expect, test } from 'bun:test';
import { fromHex } from '../../src/base/bytes.ts';
import { FairQueue } from '../../src/plc/fair-queue.ts';
import { encodeFrame, type UpFrame } from '../../src/plc/frame.ts';
import { differences } from '../../src/plc/procedures/archive.ts';
import { Sequences } from '../../src/plc/sequences.ts';
import { CONFIRM, DENIAL } from '../../src/plc/units/afn-00.ts';
import { BAND, MASTER_ADDRESS, MODE } from '../../src/plc/units/afn-03.ts';
import { SET_BAND, SET_BAUD_RATE, SET_MASTER_ADDRESS } from '../../src/plc/units/afn-05.ts';
import {
  DATA_REPORT,
  DEVICES_REPORT,
  EVENT_REPORT,
  NODES_REPORT,
  WORK_REPORT,
} from '../../src/plc/units/afn-06.ts';
import { NODES, TOPOLOGY, type TopologyNode } from '../../src/plc/units/afn-10.ts';
import { ADD_NODES, DELETE_NODES } from '../../src/plc/units/afn-11.ts';
import { FORWARD_ROUTED, FORWARD_ROUTED_LONG } from '../../src/plc/units/afn-13.ts';
import { ASK_CONTENT, ASK_CORRECTION, ASK_TIME, READ_FLAG } from '../../src/plc/units/afn-14.ts';
import { FILE, PIECE_ERROR } from '../../src/plc/units/afn-15.ts';
import { READ_CONCURRENT } from '../../src/plc/units/afn-f1.ts';
import {
  answer,
  confirm,
  deny,
  MASTER,
  MODE_VALUE,
  report,
  type Script,
  Subject,
  WILLING,
} from './subject.ts';

const meters = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => String(i + 1).padStart(12, '0'));
const A = meters(1)[0] ?? '';
const B = meters(2)[1] ?? '';
const DETAIL = { relayLevel: 0, quality: 15, phases: 1, protocol: 0 };

/** A module with these nodes, numbered from `first`; it changes them as it is told. */
function moduleWith(nodes: string[], first = 1): Script {
  return (name, frame) => {
    const from = new Subject();
    if (name === '10F2') {
      const { start, count } = from.value(NODES, frame);
      const page = start < first ? [] : nodes.slice(start - first, start - first + count);
      return answer(frame, NODES, {
        total: nodes.length,
        nodes: page.map((address) => ({ address, detail: DETAIL })),
      });
    }
    if (name === '11F1') nodes.push(...from.value(ADD_NODES, frame).map(({ address }) => address));
    if (name === '11F2') {
      for (const address of from.value(DELETE_NODES, frame)) nodes.splice(nodes.indexOf(address), 1);
    }
    if (name === '10F1') return { ...confirm(frame), afn: 0x10, fn: 1, data: countOf(nodes.length) };
    return WILLING(name, frame);
  };
}

const countOf = (count: number): Uint8Array => Uint8Array.of(count & 0xff, count >> 8, 100, 0);

function forward(subject: Subject, id: string, address: string, attempts = 1): Subject {
  return subject.command({ type: 'forward', id, address, bytes: fromHex('0001'), attempts });
}

const says = (subject: Subject, byte: number, to = subject.last, from?: string): UpFrame =>
  answer(
    to,
    READ_CONCURRENT,
    { protocol: 0, message: Uint8Array.of(byte) },
    from ?? to.addresses?.destination ?? '',
  );

describe('start-up', () => {
  test('asks mode, version and address, lets nodes report, and reads the archive', () => {
    const subject = new Subject().running();
    expect(subject.names).toEqual(['03F10', '03F1', '03F4', '05F2', '10F2']);
    expect(subject.of('ready')).toEqual([
      {
        type: 'ready',
        edition: '10376.2',
        baudRate: 9600,
        swapped: false,
        mode: MODE_VALUE,
        version: { vendor: 'AB', chip: 'CD', date: '260101', version: '0001' },
      },
    ]);
    for (const frame of subject.sent) expect([frame.kind, frame.initiates]).toEqual([3, true]);
  });

  test('the module’s own start is confirmed under its sequence and saves the question', () => {
    const subject = new Subject().command({ type: 'start' });
    subject.reply(report(MODE, MODE_VALUE, 77));
    const [, confirmed] = subject.sent;
    expect(confirmed).toMatchObject({ initiates: false, afn: 0, fn: 1, information: { sequence: 77 } });
    subject.serve();
    expect(subject.names).toEqual(['03F10', '00F1', '03F1', '03F4', '05F2']);
    expect(subject.machine.state).toBe('running');
  });

  test('another master address is set', () => {
    const script: Script = (name, frame) =>
      name === '03F4' ? answer(frame, MASTER_ADDRESS, '000000000001') : WILLING(name, frame);
    const subject = new Subject().running(script);
    const set = subject.sent.find(({ afn, fn }) => afn === 5 && fn === 1);
    expect(set && subject.value(SET_MASTER_ADDRESS, set)).toBe(MASTER);
  });

  test('a module of the first edition: no 03F10, short confirmations, one request at a time', () => {
    const script: Script = (name, frame) => {
      if (name === '03F10') return DENIAL.noSuchInformation;
      const said = WILLING(name, frame);
      if (typeof said !== 'object' || said.afn !== CONFIRM.afn) return said;
      return confirm(frame, 0, 2);
    };
    const subject = new Subject().running(script);
    expect(subject.of('ready')[0]).toMatchObject({ edition: '376.2' });
    expect(subject.machine.traffic).toMatchObject({ way: 'single', concurrency: 1 });
    expect(subject.last.kind).toBe(1);
  });

  test('a silent module is looked for at all rates, again and again', () => {
    const subject = new Subject().command({ type: 'start' });
    for (let i = 0; i < 10; i++) subject.fire('module-answer');
    expect(subject.sent.length).toBe(10);
    const rates = subject.effects.flatMap((effect) =>
      effect.do === 'configure' ? [effect.settings.baudRate] : [],
    );
    expect(rates).toEqual([9600, 19_200, 38_400, 57_600, 115_200]);
    expect(subject.of('silent').length).toBe(1);
    subject.fire('module-pause');
    expect(subject.sent.length).toBe(11);
    expect(subject.machine.state).toBe('starting');
    subject.serve();
    expect(subject.of('ready')[0]).toMatchObject({ baudRate: 115_200 });
  });

  test('a module that does not take its address is asked again after a while', () => {
    const script: Script = (name, frame) => {
      if (name === '03F4') return answer(frame, MASTER_ADDRESS, '000000000001');
      return name === '05F1' ? DENIAL.format : WILLING(name, frame);
    };
    const subject = new Subject().command({ type: 'start' }).serve(script);
    expect(subject.of('setup-failed')).toMatchObject([{ step: 'start-up' }]);
    expect(subject.timers.get('module-pause')).toBe(10_000);
    subject.fire('module-pause').serve(WILLING);
    expect(subject.machine.state).toBe('running');
  });

  test('the wished rate is set on both sides, and kept when the module is heard', () => {
    const subject = new Subject({ baudRate: 115_200 }).command({ type: 'start' }).serve();
    const set = subject.sent.find(({ fn, afn }) => afn === 5 && fn === 10);
    expect(set && subject.value(SET_BAUD_RATE, set)).toBe(4);
    const changed = subject.effects.findLastIndex(({ do: what }) => what === 'configure');
    const pause = subject.effects.findIndex(
      (effect) => effect.do === 'arm' && effect.timer === 'module-pause',
    );
    expect(changed).toBeGreaterThan(0);
    expect(pause).toBeGreaterThan(changed);
    subject.fire('module-pause').serve();
    expect(subject.of('ready')[0]).toMatchObject({ baudRate: 115_200 });
  });

  test('a rate at which nothing is heard is left again, for good', () => {
    const subject = new Subject({ baudRate: 57_600 }).command({ type: 'start' }).serve().fire('module-pause');
    for (let i = 0; i < 3; i++) subject.fire('module-answer');
    subject.serve();
    expect(subject.of('ready')[0]).toMatchObject({ baudRate: 9600 });
    const rates = subject.effects.flatMap((effect) =>
      effect.do === 'configure' ? [effect.settings.baudRate] : [],
    );
    expect(rates).toEqual([9600, 57_600, 9600]);
    subject.restart().serve();
    expect(subject.names.filter((name) => name === '05F10').length).toBe(1);
  });

  test('a line that was opened anew is looked for at 9600 first, then at the wished rate', () => {
    const subject = new Subject({ baudRate: 57_600 }).command({ type: 'start' }).serve();
    subject.fire('module-pause').serve().close();
    expect(subject.of('stopped').length).toBe(1);
    subject.effects.length = 0;
    subject.command({ type: 'start' });
    for (let i = 0; i < 2; i++) subject.fire('module-answer');
    const rates = subject.effects.flatMap((effect) =>
      effect.do === 'configure' ? [effect.settings.baudRate] : [],
    );
    expect(rates).toEqual([9600, 57_600]);
    subject.serve();
    expect(subject.of('ready').at(-1)).toMatchObject({ baudRate: 57_600, swapped: false });
  });

  test('another version in the slot is another module', () => {
    const subject = new Subject().running();
    const other = { vendor: 'ZZ', chip: 'CD', date: '260101', version: '0001' };
    subject.restart({ ...MODE_VALUE, ...other });
    subject.serve((name, frame) => (name === '03F1' ? DENIAL.unsupported : WILLING(name, frame)));
    expect(subject.of('ready').map(({ swapped }) => swapped)).toEqual([false, true]);
    expect(subject.of('restarted').length).toBe(1);
  });
});

describe('the archive', () => {
  test('differences: what is too much, what is missing, in order', () => {
    expect(differences(['3', '1', '9'], ['1', '2', '3', '4'], 10)).toEqual({
      remove: ['9'],
      add: ['2', '4'],
    });
    expect(differences(['3'], ['1', '2', '3', '4'], 3)).toEqual({ remove: [], add: ['1', '2'] });
    expect(differences([], ['1', '2'], 3, new Set(['1']))).toEqual({ remove: [], add: ['2'] });
  });

  test('is read in pages, written in batches, and the router pauses meanwhile', () => {
    const nodes = ['000000000900', ...meters(3)];
    const wished = meters(70);
    const subject = new Subject().running(moduleWith(nodes), wished);
    expect(nodes).toEqual(wished);
    expect(subject.of('archive')).toEqual([{ type: 'archive', added: 67, deleted: 1, refused: [] }]);
    expect(subject.names.filter((name) => /1[12]F/.test(name))).toEqual([
      '12F2',
      '11F2',
      '11F1',
      '11F1',
      '11F1',
    ]);
  });

  test('that is right already costs nothing but reading', () => {
    const subject = new Subject().running(moduleWith(meters(70)), meters(70));
    expect(subject.names.filter((name) => name === '10F2').length).toBe(3);
    expect(subject.names.some((name) => name.startsWith('11'))).toBe(false);
  });

  test('a module that counts from 0 is understood', () => {
    const nodes = meters(5);
    const subject = new Subject().running(moduleWith(nodes, 0), meters(6));
    expect(subject.of('archive')).toEqual([{ type: 'archive', added: 1, deleted: 0, refused: [] }]);
    expect(nodes).toEqual(meters(6));
  });

  test('batches shrink until the module takes them; what it refuses alone is told', () => {
    const nodes: string[] = [];
    const inner = moduleWith(nodes);
    const script: Script = (name, frame) => {
      if (name !== '11F1') return inner(name, frame);
      const wanted = new Subject().value(ADD_NODES, frame);
      if (wanted.length > 5) return DENIAL.length;
      return wanted.some(({ address }) => address === B) ? DENIAL.badUnit : inner(name, frame);
    };
    const subject = new Subject().running(script, meters(20));
    expect(nodes).toEqual(meters(20).filter((address) => address !== B));
    expect(subject.of('archive')).toEqual([{ type: 'archive', added: 19, deleted: 0, refused: [B] }]);
  });

  test('more than the module holds is refused, not tried', () => {
    const nodes: string[] = [];
    const subject = new Subject().running(moduleWith(nodes), meters(103));
    expect(nodes.length).toBe(100);
    expect(subject.of('archive')[0]?.refused).toEqual(meters(103).slice(100));
  });

  test('a reset in the middle: it goes on with what is missing', () => {
    const nodes: string[] = [];
    const script = moduleWith(nodes);
    const subject = new Subject()
      .command({ type: 'set-archive', nodes: meters(70) })
      .command({ type: 'start' });
    subject.serve(script, () => nodes.length >= 32);
    expect(subject.machine.state).toBe('synchronising');
    subject.restart().serve(script);
    expect(nodes).toEqual(meters(70));
    expect(subject.of('archive')).toEqual([{ type: 'archive', added: 38, deleted: 0, refused: [] }]);
  });

  test('a module that does not show its list is used as it is', () => {
    const script: Script = (name, frame) => (name === '10F2' ? DENIAL.unsupported : WILLING(name, frame));
    const subject = new Subject().running(script, meters(1));
    expect(subject.of('setup-failed')).toMatchObject([{ step: 'archive', error: { code: 'link-refused' } }]);
    forward(subject, 'a1', A).reply(confirm(subject.last)).reply(says(subject, 1));
    expect(subject.of('answer').length).toBe(1);
  });

  test('nobody has given one: the module keeps what it has', () => {
    const nodes = meters(4);
    const subject = new Subject().command({ type: 'start' }).serve(moduleWith(nodes));
    expect(subject.machine.state).toBe('running');
    expect(nodes).toEqual(meters(4));
    expect(subject.names).not.toContain('10F2');
  });
});

describe('forwarding', () => {
  test('the router pauses first; each meter has one request at a time, and meters take turns', () => {
    const subject = new Subject().running(moduleWith(meters(2)), meters(2));
    for (const id of ['a1', 'a2', 'a3']) forward(subject, id, A);
    forward(subject, 'b1', B);
    expect(subject.names.at(-1)).toBe('12F2');
    subject.reply(confirm(subject.last));
    expect(subject.names.slice(-2)).toEqual(['F1F1', 'F1F1']);
    const [first, second] = subject.sent.slice(-2);
    if (first === undefined || second === undefined) throw new Error('two were sent');
    expect(first.addresses).toEqual({ source: MASTER, relays: [], destination: A });
    expect(subject.value(READ_CONCURRENT, first)).toEqual({
      protocol: 0,
      reserved: 0,
      message: fromHex('0001'),
    });
    subject.reply(says(subject, 2, second)).reply(says(subject, 1, first));
    expect(subject.of('answer').map(({ id, bytes }) => `${id} ${bytes.toHex()}`)).toEqual(['b1 02', 'a1 01']);
    expect(subject.machine.traffic).toMatchObject({ flying: 1, waiting: 1 });
  });

  test('no more than the module allows fly, and the number comes back slowly', () => {
    const all = meters(60);
    const subject = new Subject({ maxConcurrent: 8 }).running(moduleWith([...all]), all);
    for (const address of all) forward(subject, address, address);
    subject.serve((name, frame) => (name === 'F1F1' ? undefined : WILLING(name, frame)));
    expect(subject.machine.traffic.flying).toBe(8);
    subject.reply(deny(subject.last, DENIAL.tooManyAtOnce));
    expect(subject.machine.traffic).toMatchObject({ concurrency: 7, flying: 7, waiting: 53 });
    for (let answered = 0, at = 0; answered < 32; at++) {
      const flight = subject.sent[at];
      if (flight?.afn !== READ_CONCURRENT.afn || flight === subject.sent[subject.names.indexOf('F1F1') + 7])
        continue;
      subject.reply(says(subject, 1, flight));
      answered++;
    }
    expect(subject.machine.traffic.concurrency).toBe(8);
  });

  test('late, double and wrong answers are counted and change nothing', () => {
    const subject = new Subject().running(moduleWith(meters(2)), meters(2));
    forward(subject, 'a1', A).reply(confirm(subject.last));
    const flight = subject.last;
    const wrongSequence = { ...flight, information: { ...flight.information, sequence: 200 } };
    subject.reply(says(subject, 9, wrongSequence)).reply(says(subject, 9, flight, B));
    expect(subject.of('answer')).toEqual([]);
    subject.reply(says(subject, 1, flight)).reply(says(subject, 1, flight));
    expect(subject.of('answer').length).toBe(1);
    const late = forward(subject, 'a2', A).last;
    subject.fire('module-traffic').serve();
    expect(subject.of('failed')).toMatchObject([
      { id: 'a2', reason: 'no-answer', error: { code: 'link-timeout' } },
    ]);
    subject.reply(says(subject, 2, late));
    expect(subject.of('answer').length).toBe(1);
    expect(subject.machine.counters.stale).toBe(4);
  });

  test('an answer that is marked as begun by the module is an answer', () => {
    const subject = new Subject().running(moduleWith(meters(1)), meters(1));
    forward(subject, 'a1', A).reply(confirm(subject.last));
    subject.reply({ ...says(subject, 3), initiates: true });
    expect(subject.of('answer').map(({ bytes }) => bytes.toHex())).toEqual(['03']);
    expect(subject.names.at(-1)).toBe('F1F1');
  });

  test('a request that may be repeated is, after a time-out and after a restart', () => {
    const subject = new Subject().running(moduleWith(meters(1)), meters(1));
    forward(subject, 'a1', A, 3).reply(confirm(subject.last)).fire('module-traffic').serve();
    expect(subject.names.slice(-3)).toEqual(['F1F1', '03F4', 'F1F1']);
    subject.restart().serve(moduleWith(meters(1)));
    expect(subject.names.at(-1)).toBe('F1F1');
    subject.reply(says(subject, 5));
    expect(subject.of('answer').map(({ id }) => id)).toEqual(['a1']);
    expect(subject.of('failed')).toEqual([]);
  });

  test('what flew is lost when the module is set up again and nothing has come by then', () => {
    const subject = new Subject().running(moduleWith(meters(2)), meters(2));
    forward(subject, 'a1', A).reply(confirm(subject.last));
    const first = says(subject, 1);
    forward(subject, 'b1', B).restart();
    expect(subject.of('restarted').length).toBe(1);
    expect(subject.machine.traffic.flying).toBe(2);
    subject.reply(first);
    expect(subject.of('answer').map(({ id }) => id)).toEqual(['a1']);
    expect(subject.of('failed')).toEqual([]);
    subject.serve(moduleWith(meters(2)), () => subject.machine.state === 'running');
    expect(subject.of('failed')).toMatchObject([{ id: 'b1', reason: 'module-lost' }]);
    expect(subject.machine.traffic).toMatchObject({ flying: 0, waiting: 0 });
  });

  test('a start that is told again is none: neither to who was not there in time nor to who has heard it', () => {
    const subject = new Subject().running(moduleWith(meters(1)), meters(1));
    forward(subject, 'a1', A).reply(confirm(subject.last));
    const flight = says(subject, 1);
    const asked = subject.names.filter((name) => name !== '00F1').length;
    for (const seconds of [4, 5, 5]) {
      subject.nowMs += seconds * 1000;
      subject.reply(report(MODE, MODE_VALUE, 9));
      expect(subject.last).toMatchObject({ afn: 0, fn: 1, information: { sequence: 9 } });
    }
    expect(subject.names.filter((name) => name !== '00F1').length).toBe(asked);
    expect(subject.machine.counters.repeated).toBe(3);
    expect(subject.machine.traffic.flying).toBe(1);
    subject.reply(flight);
    expect(subject.of('answer').map(({ id }) => id)).toEqual(['a1']);
    // Another number is another start, and so is one that is told when all repetitions are over.
    subject.reply(report(MODE, MODE_VALUE, 10)).serve(moduleWith(meters(1)));
    subject.restart().serve(moduleWith(meters(1)));
    expect(subject.of('restarted').length).toBe(2);
  });

  test('a module from which nothing comes any more is asked whether it is there, and looked for', () => {
    const subject = new Subject({ baudRate: 19_200 }).command({ type: 'set-archive', nodes: meters(1) });
    subject
      .command({ type: 'start' })
      .serve(moduleWith(meters(1)))
      .fire('module-pause')
      .serve(moduleWith(meters(1)));
    expect(subject.of('ready')[0]).toMatchObject({ baudRate: 19_200 });
    forward(subject, 'a1', A, 2).reply(confirm(subject.last));
    subject.nowMs += 1;
    subject.fire('module-traffic');
    expect(subject.names.at(-1)).toBe('03F4');
    for (let i = 0; i < 3; i++) subject.fire('module-answer');
    expect([subject.machine.state, subject.names.at(-1)]).toEqual(['starting', '03F10']);
    // At 9600 again, as after a reset that nobody heard.
    for (let i = 0; i < 2; i++) subject.fire('module-answer');
    subject
      .serve(moduleWith(meters(1)))
      .fire('module-pause')
      .serve(moduleWith(meters(1)));
    expect(subject.names.slice(-2)).toEqual(['12F2', 'F1F1']);
    subject.reply(says(subject, 1));
    expect(subject.of('answer').length).toBe(1);
  });

  test('a busy module gets time, and what it did not send does not count', () => {
    const subject = new Subject().running(moduleWith(meters(1)), meters(1));
    forward(subject, 'a1', A).reply(confirm(subject.last));
    for (let i = 0; i < 3; i++) {
      const before = subject.sent.length;
      subject.serve((name) => (name === 'F1F1' ? DENIAL.busy : undefined));
      expect(subject.sent.length).toBe(before);
      subject.fire('module-traffic');
    }
    subject.reply(says(subject, 1));
    expect(subject.of('answer').length).toBe(1);
    expect(subject.nowMs).toBe(1000 + 2000 + 4000);
  });

  test('without F1F1 it goes by 13F1, without 13F2 no long message', () => {
    const subject = new Subject().running(moduleWith(meters(2)), meters(2));
    forward(subject, 'a1', A).reply(confirm(subject.last));
    subject.serve((name) => (name === 'F1F1' ? DENIAL.unsupported : undefined));
    expect(subject.names.at(-1)).toBe('13F1');
    expect(subject.machine.traffic.way).toBe('single');
    subject.command({ type: 'forward', id: 'long', address: B, bytes: new Uint8Array(300) });
    expect(subject.machine.traffic).toMatchObject({ flying: 1, waiting: 1 });
    subject.reply(
      answer(subject.last, FORWARD_ROUTED, { upTimeS: 1, protocol: 0, message: fromHex('07') }, A),
    );
    expect(subject.of('answer').map(({ id }) => id)).toEqual(['a1']);
    expect(subject.value(FORWARD_ROUTED_LONG).message.length).toBe(300);
    subject.serve((name) => (name === '13F2' ? DENIAL.unsupported : undefined));
    expect(subject.of('failed')).toMatchObject([{ id: 'long', reason: 'unsupported' }]);
  });

  test('an empty 13F1 and the denials of a silent meter are its failure', () => {
    const silent = new Subject().running(moduleWith(meters(1)), meters(1));
    forward(silent, 'a1', A).reply(confirm(silent.last));
    silent.serve((name) => (name === 'F1F1' ? DENIAL.unsupported : undefined));
    silent.reply(
      answer(silent.last, FORWARD_ROUTED, { upTimeS: 0, protocol: 0, message: new Uint8Array() }, A),
    );
    expect(silent.of('failed')).toMatchObject([{ reason: 'meter-silent', error: { code: 'link-timeout' } }]);
  });

  test('a meter outside the network is given minutes while that forms, then seconds', () => {
    const subject = new Subject().running(moduleWith(meters(1)), meters(1));
    const outside: Script = (name) => (name === 'F1F1' ? DENIAL.notInNetwork : undefined);
    const failsAfterMs = (id: string): number => {
      const fromMs = subject.nowMs;
      const before = subject.of('failed').length;
      forward(subject, id, A);
      if (id === 'a1') subject.reply(confirm(subject.last));
      for (let i = 0; i < 100 && subject.of('failed').length === before; i++) {
        subject.serve(outside);
        if (subject.of('failed').length === before) subject.fire('module-traffic');
      }
      return subject.nowMs - fromMs;
    };
    expect(failsAfterMs('a1')).toBeWithin(170_000, 181_000);
    expect(failsAfterMs('a2')).toBe(1000 + 2000 + 4000);
    expect(subject.of('failed')).toMatchObject([
      { id: 'a1', reason: 'not-in-network', error: { code: 'link-refused' } },
      { id: 'a2', reason: 'not-in-network', error: { code: 'link-refused' } },
    ]);
  });

  test('an address that the module has forgotten brings the archive back', () => {
    const nodes = meters(2);
    const subject = new Subject().running(moduleWith(nodes), meters(2));
    nodes.length = 0;
    forward(subject, 'a1', A).reply(confirm(subject.last));
    subject.serve(
      (name, frame) => (name === 'F1F1' ? DENIAL.unknownAddress : moduleWith(nodes)(name, frame)),
      () => nodes.length > 0,
    );
    expect(nodes).toEqual(meters(2));
    forward(subject, 'x1', '000000000777').serve(moduleWith(nodes));
    subject.fire('module-traffic').reply(says(subject, 1));
    expect(subject.of('answer').map(({ id }) => id)).toContain('a1');
  });

  test('what cannot be sent fails at once, and names why', () => {
    const subject = new Subject({ queueLimit: 1 }).running(moduleWith(meters(1)), meters(1));
    subject.command({ type: 'forward', id: 'odd', address: '12', bytes: new Uint8Array(1) });
    subject.command({ type: 'forward', id: 'long', address: A, bytes: new Uint8Array(1000) });
    forward(subject, 'a1', A);
    forward(subject, 'a2', A);
    expect(subject.of('failed').map(({ id, reason }) => `${id} ${reason}`)).toEqual([
      'odd unknown-address',
      'long too-long',
      'a2 queue-full',
    ]);
    subject.command({ type: 'stop' });
    expect(subject.of('failed').at(-1)).toMatchObject({ id: 'a1', reason: 'module-lost' });
    forward(subject, 'a3', A);
    expect(subject.of('failed').at(-1)).toMatchObject({ id: 'a3', reason: 'module-lost' });
  });

  test('urgent goes first', () => {
    const subject = new Subject({ maxConcurrent: 1 }).running(moduleWith(meters(3)), meters(3));
    for (const address of meters(2)) forward(subject, address, address);
    subject.command({
      type: 'forward',
      id: 'u',
      address: meters(3)[2] ?? '',
      bytes: fromHex('05'),
      priority: 0,
    });
    subject.reply(confirm(subject.last));
    expect(subject.last.addresses?.destination).toBe(meters(3)[2]);
  });

  test('the router works again when nothing has been asked for a while, and when it is left', () => {
    const subject = new Subject().running(moduleWith(meters(1)), meters(1));
    forward(subject, 'a1', A).reply(confirm(subject.last)).reply(says(subject, 1));
    subject.fire('module-idle');
    expect(subject.names.at(-1)).toBe('12F3');
    subject.reply(confirm(subject.last));
    forward(subject, 'a2', A);
    expect(subject.names.at(-1)).toBe('12F2');
    subject.reply(confirm(subject.last)).command({ type: 'stop' });
    expect(subject.names.at(-1)).toBe('12F3');
  });

  test('a module without a router is not asked for it again', () => {
    const script: Script = (name, frame) => (name === '12F2' ? DENIAL.unsupported : WILLING(name, frame));
    const subject = new Subject().running(moduleWith(meters(2)), meters(2));
    forward(subject, 'a1', A).serve(script);
    expect(subject.names.slice(-2)).toEqual(['12F2', 'F1F1']);
    forward(subject, 'b1', B);
    expect(subject.names.at(-1)).toBe('F1F1');
  });

  test('a module that wants to be left alone is', () => {
    const subject = new Subject().running(moduleWith(meters(1)), meters(1));
    forward(subject, 'a1', A).reply(confirm(subject.last, 6));
    expect(subject.names.at(-1)).toBe('12F2');
    expect(subject.timers.get('module-quiet')).toBe(6000);
    subject.fire('module-quiet');
    expect(subject.names.at(-1)).toBe('F1F1');
  });
});

describe('what the module begins', () => {
  const running = (): Subject =>
    new Subject({ localTime: () => fromHex('000112040526') }).running(moduleWith(meters(1)), meters(1));

  test.each([
    [
      '06F1',
      report(NODES_REPORT, [
        { address: A, protocol: 0, sequence: 1 },
        { address: B, protocol: 0, sequence: 2 },
      ]),
      {
        type: 'nodes-found',
        nodes: [
          { address: A, known: true },
          { address: B, known: false },
        ],
      },
    ],
    [
      '06F2',
      report(DATA_REPORT, { sequence: 3, protocol: 0, upTimeS: 1, message: fromHex('0f00') }),
      { type: 'data-reported', sequence: 3, bytes: fromHex('0f00') },
    ],
    ['06F3', report(WORK_REPORT, 2), { type: 'work-finished', work: 'search' }],
    [
      '06F4',
      report(DEVICES_REPORT, [
        { address: B, protocol: 0, sequence: 2, deviceType: 1, total: 0, attached: [] },
      ]),
      { type: 'nodes-found', nodes: [{ address: B, known: false, deviceType: 1 }] },
    ],
    [
      '06F5, power off',
      report(EVENT_REPORT, { deviceType: 2, protocol: 4, message: fromHex('01010000000000') }),
      { type: 'power', on: false, addresses: [A] },
    ],
    [
      '06F5, power on of a collector’s meters',
      report(EVENT_REPORT, { deviceType: 0, protocol: 4, message: fromHex('01000000000001') }),
      { type: 'power', on: true, addresses: [A] },
    ],
    [
      '06F5, rejected',
      report(EVENT_REPORT, { deviceType: 2, protocol: 5, message: fromHex('0102000000000001') }),
      { type: 'nodes-rejected', addresses: [B] },
    ],
    [
      '06F5, a message of the meter',
      report(EVENT_REPORT, { deviceType: 1, protocol: 0, message: fromHex('c2') }),
      { type: 'node-event', deviceType: 1, protocol: 0, message: fromHex('c2') },
    ],
    [
      '06F200, which nobody knows',
      { ...report(WORK_REPORT, 1), fn: 200 },
      { type: 'report', unit: '06F200', data: fromHex('01') },
    ],
  ])('%s is confirmed and told once, however often it comes', (_, frame, event) => {
    const subject = running();
    subject.events.length = 0;
    const again = { ...frame, information: { ...frame.information, sequence: 42 } };
    subject.reply(again).reply(again);
    expect(subject.events).toMatchObject([event]);
    expect(subject.names.slice(-2)).toEqual(['00F1', '00F1']);
    for (const confirmation of subject.sent.slice(-2)) {
      expect(confirmation).toMatchObject({ initiates: false, information: { sequence: 42 } });
    }
    expect(subject.machine.counters.repeated).toBe(1);
  });

  test('a report that cannot be read is denied', () => {
    const subject = running();
    const before = subject.events.length;
    subject.reply({ ...report(WORK_REPORT, 1), data: new Uint8Array() });
    expect(subject.last).toMatchObject({ afn: 0, fn: 2, data: Uint8Array.of(DENIAL.format) });
    expect(subject.events.length).toBe(before);
  });

  test('a router that asks what to read is told that there is nothing', () => {
    const subject = running();
    subject.reply(report(ASK_CONTENT, { phase: 1, address: A, sequence: 1 }, 9));
    expect(subject.value(ASK_CONTENT).flag).toBe(READ_FLAG.done);
    expect(subject.last.information.sequence).toBe(9);
    subject.reply(report(ASK_CONTENT, { phase: 1, address: B, sequence: 2 }));
    expect(subject.value(ASK_CONTENT).flag).toBe(READ_FLAG.failed);
  });

  test('it is told the time, and that a delay changes nothing', () => {
    const subject = running();
    subject.reply(report(ASK_TIME, undefined));
    expect(subject.value(ASK_TIME).toHex()).toBe('000112040526');
    subject.reply(report(ASK_CORRECTION, { address: A, delayS: 3, message: fromHex('beef') }));
    expect(subject.value(ASK_CORRECTION).toHex()).toBe('beef');
    const clueless = new Subject().running();
    clueless.reply(report(ASK_TIME, undefined));
    expect(clueless.last).toMatchObject({ afn: 0, fn: 2 });
  });

  test('an echo of what was sent is no answer', () => {
    const subject = running();
    const before = subject.sent.length;
    subject.bytes(encodeFrame(subject.last));
    expect(subject.sent.length).toBe(before);
    expect(subject.machine.counters.foreign).toBe(1);
  });

  test('half a frame is forgotten when the line falls silent', () => {
    const subject = running();
    const bytes = encodeFrame(report(WORK_REPORT, 1));
    subject.bytes(fromHex('68ff0183')).bytes(bytes);
    expect(subject.of('work-finished')).toEqual([]);
    subject.fire('module-gap');
    expect(subject.of('work-finished').length).toBe(1);
  });
});

describe('jobs', () => {
  const node = (index: number): TopologyNode => ({
    address: meters(index + 1)[index] ?? '',
    tei: index + 1,
    proxyTei: 1,
    level: 1,
    role: 'station',
  });

  test('the topology is read page by page, each node once', () => {
    const all = Array.from({ length: 100 }, (_, i) => node(i));
    const script: Script = (name, frame) => {
      if (name !== '10F21') return WILLING(name, frame);
      const { start, count } = new Subject().value(TOPOLOGY, frame);
      // A module that gives one node twice, because its network changes meanwhile.
      const from = Math.max(0, start - 2);
      return answer(frame, TOPOLOGY, {
        total: 100,
        start,
        nodes: all.slice(from, from + Math.min(count, 40)),
      });
    };
    const subject = new Subject().running().command({ type: 'topology', id: 't' }).serve(script);
    expect(subject.of('topology')).toEqual([{ type: 'topology', id: 't', nodes: all }]);
  });

  test('a band is changed and looked at again; the rest of the time is the module’s', () => {
    let band = 0;
    const script: Script = (name, frame) => {
      if (name === '03F16') return answer(frame, BAND, band);
      if (name !== '05F16') return WILLING(name, frame);
      band = new Subject().value(SET_BAND, frame);
      return confirm(frame, 300);
    };
    const subject = new Subject().running().command({ type: 'set-band', id: 'b', band: 2 }).serve(script);
    expect(subject.of('band')).toEqual([]);
    expect(subject.timers.get('module-rest')).toBe(300_000);
    subject.fire('module-rest').serve(script);
    expect(subject.of('band')).toEqual([{ type: 'band', id: 'b', band: 2 }]);
    subject.command({ type: 'set-band', id: 'same', band: 2 }).serve(script);
    expect(subject.names.filter((name) => name === '05F16').length).toBe(1);
  });

  test('discovery has its time', () => {
    const subject = new Subject().running().command({ type: 'discover', id: 'd', minutes: 3 }).serve();
    expect(subject.of('discovery')).toMatchObject([{ state: 'begun' }]);
    expect(subject.timers.get('module-discovery')).toBe(180_000);
    subject.fire('module-discovery').serve();
    expect(subject.of('discovery').map(({ state }) => state)).toEqual(['begun', 'ended']);
    expect(subject.names.slice(-3)).toEqual(['12F2', '11F5', '11F6']);
  });

  test('an upgrade goes on after a reset with the piece that was due, and begins anew after three refusals', () => {
    const image = Uint8Array.from({ length: 900 }, (_, i) => i);
    const taken: number[] = [];
    let refusals = 0;
    const script: Script = (name, frame) => {
      if (name !== '15F1') return WILLING(name, frame);
      const { piece, total, data, attribute } = new Subject().value(FILE, frame);
      if (total === 0) return answer(frame, FILE, 0);
      if (piece === 3 && refusals < 3) {
        refusals++;
        return answer(frame, FILE, PIECE_ERROR);
      }
      taken.push(piece);
      expect(data).toEqual(image.subarray(piece * 200, (piece + 1) * 200));
      expect(attribute).toBe(piece === total - 1 ? 1 : 0);
      return answer(frame, FILE, piece);
    };
    const subject = new Subject().running().command({ type: 'upgrade', id: 'u', image, target: 'module' });
    subject.serve(script, () => taken.length === 2);
    subject.restart().serve(script);
    expect(taken).toEqual([0, 1, 2, 0, 1, 2, 3, 4]);
    expect(subject.of('upgraded').length).toBe(1);
    expect(subject.of('upgrade-progress').at(-1)).toMatchObject({ done: 5, total: 5 });
    expect(subject.of('job-failed')).toEqual([]);
  });

  test('a job that waits, one that has the channel, and a search can be cancelled', () => {
    const subject = new Subject().running();
    for (const id of ['t1', 't2', 't3']) subject.command({ type: 'topology', id });
    subject.command({ type: 'cancel', id: 't2' }).command({ type: 'cancel', id: 't1' });
    expect(subject.of('job-failed')).toMatchObject([
      { id: 't2', error: { code: 'cancelled' } },
      { id: 't1', error: { code: 'cancelled' } },
    ]);
    subject.serve();
    expect(subject.of('topology').map(({ id }) => id)).toEqual(['t3']);
    expect(subject.machine.state).toBe('running');
    subject.command({ type: 'discover', id: 'd', minutes: 30 }).serve();
    subject.command({ type: 'cancel', id: 'd' }).serve();
    expect(subject.of('discovery').map(({ state }) => state)).toEqual(['begun', 'ended']);
    expect(subject.timers.has('module-discovery')).toBe(false);
    subject.command({ type: 'cancel', id: 'nobody' });
    expect(subject.of('job-failed').length).toBe(2);
  });

  test('what the module refuses, and what waits when it is left, fails', () => {
    const subject = new Subject().running().command({ type: 'topology', id: 't' });
    subject.serve((name) => (name === '10F21' ? DENIAL.unsupported : undefined));
    expect(subject.of('job-failed')).toMatchObject([{ id: 't', error: { code: 'link-refused' } }]);
    subject.command({ type: 'phases', id: 'p1' }).command({ type: 'phases', id: 'p2' }).close();
    expect(subject.of('job-failed').slice(1)).toMatchObject([{ id: 'p1' }, { id: 'p2' }]);
    subject.command({ type: 'phases', id: 'p3' });
    const flooded = new Subject().command({ type: 'start' });
    for (let i = 0; i < 40; i++) flooded.command({ type: 'phases', id: `${i}` });
    expect(flooded.of('job-failed').map(({ error }) => error.code)).toEqual(Array(8).fill('overflow'));
    expect(subject.of('job-failed').length).toBe(4);
  });
});

describe('parts', () => {
  test('numbers in use are not given twice, nor late ones to the same meter', () => {
    const sequences = new Sequences();
    const first = sequences.next('m');
    const all = new Set([first, ...Array.from({ length: 255 }, () => sequences.next())]);
    expect(all.size).toBe(256);
    sequences.leave(first, 'm');
    sequences.free(17);
    expect(sequences.next('m')).toBe(17);
    expect(sequences.next('n')).toBe(first);
  });

  test('the queue is bounded, and gives back what is taken out', () => {
    const queue = new FairQueue<{ address: string; priority: number; notBeforeMs: number }>(2);
    const item = (address: string, notBeforeMs = 0) => ({ address, priority: 3, notBeforeMs });
    expect([queue.push(item('a', 50)), queue.push(item('b')), queue.push(item('c'))]).toEqual([
      true,
      true,
      false,
    ]);
    expect(queue.nextTimeMs(new Set(['b']))).toBe(50);
    expect(queue.next(0, new Set(['b']))).toBeUndefined();
    expect(queue.next(0, new Set())?.address).toBe('b');
    expect(queue.remove(({ address }) => address === 'a').length).toBe(1);
    expect(queue.size).toBe(0);
  });
});
