import { describe, expect, test } from 'bun:test';
import type { LineSettings } from '../../../src/base/machine.ts';
import { clientAddress, serverAddress } from '../../../src/dlms/link/address.ts';
import { encodeFrame, unnumberedControl } from '../../../src/dlms/link/frame.ts';
import { encodeSelection, encodeSignOn } from '../../../src/dlms/link/iec62056-21.ts';
import { createClientLink, createServerLink } from '../../../src/dlms/link/index.ts';
import type { HdlcLinkConfig, LinkMachine } from '../../../src/dlms/link/link.ts';
import { HDLC } from './world.ts';

const LINK: HdlcLinkConfig = {
  ...HDLC,
  retries: 1,
  opening: { address: '42', baudRate: 9600, manufacturer: 'ODC', text: 'M1' },
};
const apdu = Uint8Array.of(0xc0);
const ascii = (line: string): Uint8Array => Uint8Array.from(line, (letter) => letter.charCodeAt(0));
const shown = ({ baudRate, dataBits }: LineSettings): string => `${baudRate}/${dataBits}`;

class Bench {
  readonly link: LinkMachine;
  readonly settings: string[] = [];
  readonly events: string[] = [];
  sent: Uint8Array[] = [];
  armed = new Set<string>();

  constructor(link: LinkMachine) {
    this.link = link;
  }

  step(input: Parameters<LinkMachine['step']>[0]): this {
    this.sent = [];
    for (const effect of this.link.step(input, 0)) {
      if (effect.do === 'send') this.sent.push(effect.bytes);
      else if (effect.do === 'configure') this.settings.push(shown(effect.settings));
      else if (effect.do === 'arm') this.armed.add(effect.timer);
      else if (effect.do === 'disarm') this.armed.delete(effect.timer);
      else if (effect.do === 'emit') {
        const { event } = effect;
        this.events.push(event.type === 'disconnected' ? `end ${event.error?.code ?? '-'}` : event.type);
      }
    }
    return this;
  }

  bytes(bytes: Uint8Array): this {
    return this.step({ on: 'bytes', bytes });
  }

  timer(timer: string): this {
    return this.step({ on: 'timer', timer });
  }

  command(type: 'connect' | 'disconnect'): this {
    return this.step({ on: 'command', command: { type } });
  }

  get text(): string {
    return this.sent.map((bytes) => String.fromCharCode(...bytes)).join('');
  }
}

const client = clientAddress(16);
const server = serverAddress(1, 17, 4);
const toServer = (kind: 'snrm' | 'disc'): Uint8Array =>
  encodeFrame({ destination: server, source: client, control: unnumberedControl(kind, true) });
const toClient = (kind: 'ua' | 'dm'): Uint8Array =>
  encodeFrame({ destination: client, source: server, control: unnumberedControl(kind, true) });

const makeClient = (): Bench => new Bench(createClientLink(LINK));
const makeServer = (): Bench => new Bench(createServerLink(LINK));
const opened = (): Bench => {
  const bench = makeClient().command('connect').bytes(ascii('/ODC5\\2M1\r\n')).timer('link-opening-pause');
  return bench.bytes(encodeSelection('hdlc', 9600)).timer('link-opening-pause');
};

describe('client', () => {
  test('signs on, changes the line, connects; ends and does it all again', () => {
    const bench = makeClient().command('connect');
    expect(bench.text).toBe('/?42!\r\n');
    expect(bench.settings).toEqual(['300/7']);
    bench.bytes(ascii('/ODC5\\2M1\r\n')).timer('link-opening-pause');
    expect(bench.text).toBe('\x06252\r\n');
    bench.bytes(encodeSelection('hdlc', 9600));
    expect(bench.settings).toEqual(['300/7', '9600/8']);
    expect(bench.sent).toEqual([]);
    expect(bench.timer('link-opening-pause').sent).toEqual([toServer('snrm')]);
    expect(bench.bytes(toClient('ua')).events).toEqual(['connected']);
    expect(bench.command('disconnect').sent).toEqual([toServer('disc')]);
    expect(bench.bytes(toClient('ua')).events).toEqual(['connected', 'end -']);
    expect([...bench.armed]).toEqual([]);
    expect(bench.command('connect').text).toBe('/?42!\r\n');
    expect(bench.settings.at(-1)).toBe('300/7');
  });

  test('an opening that fails is a link that fails, with what was counted', () => {
    const bench = makeClient().command('connect').timer('link-opening').timer('link-opening');
    expect(bench.events).toEqual(['end link-timeout']);
    expect(bench.link.counters).toMatchObject({ timeouts: 1, framesSent: 2, bytesSent: 14 });
    expect(bench.command('connect').text).toBe('/?42!\r\n');
  });

  test.each([
    ['connect', [], '/?42!\r\n'],
    ['disconnect', ['end -'], ''],
    ['send', ['end link-closed'], ''],
    ['send-unconfirmed', [], ''],
  ] as const)('%s while the opening is under way', (type, events, text) => {
    const bench = makeClient().command('connect');
    if (type === 'send' || type === 'send-unconfirmed')
      bench.step({ on: 'command', command: { type, apdu } });
    else bench.command(type);
    expect(bench.events).toEqual([...events]);
    // A second `connect` changes nothing: the first sign-on is still on its way.
    expect(bench.text).toBe('');
    if (events.length > 0) expect(bench.command('connect').text).toBe('/?42!\r\n');
    else expect(bench.timer('link-opening').text).toBe(text === '' ? '/?42!\r\n' : text);
  });

  test('the end of the line in the opening and in HDLC', () => {
    expect(makeClient().command('connect').step({ on: 'closed' }).events).toEqual(['end link-closed']);
    const bench = opened().bytes(toClient('ua')).step({ on: 'closed' });
    expect(bench.events).toEqual(['connected', 'end link-closed']);
    expect([...bench.armed]).toEqual([]);
  });

  test('before any connect it behaves like a link that is not connected', () => {
    const bench = makeClient().step({ on: 'command', command: { type: 'send', apdu } });
    expect(bench.events).toEqual(['end link-closed']);
    expect(makeClient().command('disconnect').events).toEqual(['end -']);
  });
});

describe('server', () => {
  const select = (bench: Bench): Bench =>
    bench
      .bytes(encodeSignOn('42'))
      .timer('link-opening-pause')
      .bytes(encodeSelection('hdlc', 9600))
      .timer('link-opening-pause');

  test('is at 300 baud until it is signed on, and again when its last client is gone', () => {
    const bench = makeServer();
    // HDLC frames mean nothing yet.
    expect(bench.bytes(toServer('snrm')).sent).toEqual([]);
    expect(bench.settings).toEqual(['300/7']);
    select(bench);
    expect(bench.settings).toEqual(['300/7', '9600/8']);
    expect(bench.bytes(toServer('snrm')).events).toEqual(['connected']);
    expect(bench.bytes(toServer('snrm')).events).toEqual(['connected', 'connected']);
    const other = encodeFrame({
      destination: server,
      source: clientAddress(32),
      control: unnumberedControl('snrm', true),
    });
    bench.bytes(other);
    bench.bytes(toServer('disc'));
    expect(bench.settings).toHaveLength(2);
    bench.timer('link-idle:32/1/17');
    expect(bench.settings).toEqual(['300/7', '9600/8', '300/7']);
    expect(bench.bytes(encodeSignOn('42')).timer('link-opening-pause').text).toBe('/ODC5\\2M1\r\n');
  });

  test('goes back when nobody connects', () => {
    const bench = select(makeServer());
    expect([...bench.armed]).toEqual(['link-opening-unused']);
    bench.timer('link-opening-unused');
    expect(bench.settings).toEqual(['300/7', '9600/8', '300/7']);
  });

  test('the timer of the unused line does nothing while a client is there', () => {
    const bench = select(makeServer()).bytes(toServer('snrm'));
    expect([...bench.armed]).toEqual(['link-idle:16/1/17']);
    bench.timer('link-opening-unused');
    expect(bench.settings).toHaveLength(2);
  });

  test('gives nobody an answer while it listens', () => {
    const bench = makeServer().bytes(encodeSignOn('42'));
    bench.step({ on: 'command', command: { type: 'send', apdu } });
    expect(bench.events).toEqual([]);
    expect(bench.link.counters.ignoredFrames).toBe(1);
  });
});
