import { csvFileText } from '../../../src/api/csv.ts';
import { parseMeterCsv } from '../../../src/api/meter-csv.ts';
import { concat } from '../../../src/base/bytes.ts';
import { VirtualClock } from '../../../src/base/clock.ts';
import { captureLine, parseCapture } from '../../../src/channels/capture-file.ts';
import { framesOf, reportCapture } from '../../../src/channels/capture-report.ts';
import type { PushArrival } from '../../../src/channels/push-listen.ts';
import { ReportedPushes } from '../../../src/channels/push-reported.ts';
import { decodeData, encodeData } from '../../../src/dlms/axdr.ts';
import { createClientLink } from '../../../src/dlms/link/index.ts';
import { framePushed } from '../../../src/dlms/link/push-route.ts';
import { array, structure, u8, u16 } from '../../../src/dlms/values.ts';
import {
  g3Addresses,
  g3Blacklist,
  g3Contexts,
  g3Heard,
  g3Neighbours,
  g3Routes,
  MAX_ROWS,
} from '../../../src/meters/g3-tables.ts';
import { BUILT_IN_PROFILES } from '../../../src/meters/profiles/index.ts';
import { readOwnProfile } from '../../../src/meters/profiles/own-profile.ts';
import { HDLC } from '../../dlms/link/world.ts';
import { pieces } from '../mutator.ts';
import { Broken, type FuzzTarget } from '../target.ts';
import { feed } from './feed.ts';
import { FRAME_SEEDS } from './seeds.ts';

const text = (written: string): Uint8Array => new TextEncoder().encode(written);
const HEAD = '{"format":"opendcu-capture","version":1,"startedAt":"2026-06-10T00:00:00Z","program":"1"}\n';
const AT = '"line":"485_1","session":1';
const CAPTURE = text(
  `${HEAD}{"ms":0,${AT},"event":"open"}\n` +
    `{"ms":1,${AT},"event":"configure","settings":{"baudRate":9600,"dataBits":8,"parity":"none"}}\n` +
    `{"ms":2,${AT},"event":"out","bytes":"7ea00a00020023219318717e"}\n` +
    `{"ms":9,${AT},"event":"in","bytes":"0001000100100008c401c10011002a"}\n` +
    `{"ms":9.5,${AT},"event":"in","bytes":"68","masked":true}\n` +
    `{"ms":10,${AT},"event":"lost","error":{"code":"channel-lost","message":"gone"}}\n`,
);
const CSV = text(
  'MeterNo,Name,Channel,Framing,Host,Port,ServerAddress,Auth\n' +
    '261100000001,"House ""1""",tcp_meters,wrapper,192.0.2.1,4059,1,none\n' +
    '261100000002,=cmd,485_1,hdlc,,,1,lls\n',
);
const PROFILE = text(
  '{"name":"mine","extends":"idis","clock":"0.0.1.0.0.255","profiles":{"energy":"1.0.99.1.0.255"},' +
    '"events":{"7":"closed"},"scalers":{"3:1.0.1.8.0.255":{"scaler":-1,"unit":30}},"receiveWindow":3}',
);
const ROW = structure(u16(17), u16(1), u8(1), u8(2), u8(3), u8(4), u8(5), u8(6), u8(7), u8(8), u8(9));
const TABLES = [g3Neighbours, g3Heard, g3Routes, g3Blacklist, g3Contexts, g3Addresses];
const BASE = new Map(BUILT_IN_PROFILES.all().map((profile) => [profile.name, profile]));
/** A table of meters as text may become so many times longer as it was; it must not be a bomb. */
const MOST_GROWTH = 64;

const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** Files that users hand in, and what comes of meters and modules by other ways than a session. */
export const FILE_TARGETS: readonly FuzzTarget[] = [
  {
    name: 'capture file and its report',
    seeds: [CAPTURE],
    refuses: ['invalid-field'],
    run(input) {
      const { entries } = parseCapture(decode(input));
      const again = parseCapture(HEAD + entries.map((entry) => `${captureLine(entry)}\n`).join(''));
      if (!Bun.deepEquals(again.entries, entries, true)) throw new Broken('an entry is not what it was');
      reportCapture(entries);
      const { frames, noise } = framesOf(entries);
      const bytes = entries.reduce((sum, entry) => sum + ('bytes' in entry ? entry.bytes.length : 0), 0);
      if (noise > bytes || frames.length > bytes + entries.length) throw new Broken('more frames than bytes');
    },
  },
  {
    name: 'frames of a captured line',
    seeds: FRAME_SEEDS,
    refuses: [],
    run(input, random) {
      const entries = [...pieces(input, random)].map((bytes, ms) => ({
        ms,
        line: 'l',
        session: 1,
        event: random.next() < 0.3 ? ('out' as const) : ('in' as const),
        bytes,
      }));
      const { frames, noise } = framesOf(entries);
      const framed = frames.reduce((sum, { bytes }) => sum + bytes.length, 0);
      // Neighbouring HDLC frames may share a flag.
      if (noise < 0 || framed + noise > input.length + frames.length)
        throw new Broken('bytes came from nowhere');
    },
  },
  {
    name: 'mode E and HDLC on a shared line',
    seeds: [
      concat([text('/?42!\r\n/ODC5M1\r\n'), Uint8Array.of(6), text('252\r\n\u0006252\r\n'), ...FRAME_SEEDS]),
    ],
    refuses: [],
    run(input, random) {
      const link = createClientLink({
        ...HDLC,
        echo: 'detect',
        opening: { address: '42', baudRate: 9600, manufacturer: 'ODC' },
      });
      link.step({ on: 'command', command: { type: 'connect' } }, 0);
      feed(link, input, random);
    },
  },
  {
    name: 'meters as CSV',
    seeds: [CSV],
    refuses: ['invalid-field'],
    run(input) {
      const { rows } = parseMeterCsv(csvFileText(input), 'auto');
      if (JSON.stringify(rows).length > MOST_GROWTH * (input.length + 100))
        throw new Broken('rows out of nothing');
    },
  },
  {
    name: 'tables of G3-PLC',
    seeds: [array([ROW, ROW]), array([u16(3)]), structure(array([ROW]))].map((value) => encodeData(value)),
    refuses: ['truncated', 'axdr-invalid', 'axdr-too-deep', 'type-mismatch', 'unsupported'],
    run(input) {
      const value = decodeData(input);
      for (const table of TABLES) {
        if (table(value).rows.length > MAX_ROWS) throw new Broken('a table without end');
      }
    },
  },
  {
    name: 'profile of the user',
    seeds: [PROFILE],
    refuses: [],
    run(input) {
      const read = readOwnProfile(decode(input), (name) => BASE.get(name));
      if (!read.ok && read.problems.length === 0) throw new Broken('refused without a word');
      if (read.ok && !(read.profile.receiveWindow >= 1)) throw new Broken('a profile with nonsense in it');
    },
  },
  {
    name: 'what a PLC module reports of a meter',
    seeds: FRAME_SEEDS.concat(
      framePushed(text('\u000f\0\0\0\u0001\0\u0011\n'), { framing: 'raw' }, { from: 'server' }),
    ),
    refuses: [],
    run(input, random) {
      const arrivals: PushArrival[] = [];
      const clock = new VirtualClock(0);
      const pushes = new ReportedPushes(
        { clock, wayBack: () => undefined },
        { onArrival: (arrival) => arrivals.push(arrival), onFault: () => {} },
      );
      for (const bytes of pieces(input, random)) {
        const known =
          random.next() < 0.9 ? { address: random.next() < 0.5 ? '000000000001' : '000000000002' } : {};
        pushes.take({ channel: 'reading_module', ...known, bytes });
      }
      const taken = arrivals.reduce((sum, { apdu }) => sum + apdu.length, 0);
      if (taken > 2 * input.length) throw new Broken('more came out than went in');
    },
  },
];
