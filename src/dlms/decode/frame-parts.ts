import { toHex } from '../../base/bytes.ts';
import type { Control } from '../link/frame.ts';
import { scanMbus } from '../link/mbus.ts';
import { decodeParameters } from '../link/parameters.ts';
import { FLAG, scanHdlc, scanWrapper, WRAPPER_HEADER } from '../link/scan.ts';
import type { Part } from './grammar/part.ts';
import type { Transport } from './transports.ts';

const MBUS_HEADER = 4;

/** The fields of each frame of an input that has been taken apart before; offsets count in the input. */
export function partsOfFrames(bytes: Uint8Array, transport: Exclude<Transport, 'auto'>): Part[] {
  switch (transport) {
    case 'hdlc':
      return hdlcFrames(bytes);
    case 'wrapper':
      return wrapperFrames(bytes);
    case 'mbus':
      return mbusFrames(bytes);
    case 'apdu':
      return [];
  }
}

/** A field of bytes [from, to). */
function field(bytes: Uint8Array, name: string, from: number, to: number, meaning?: string): Part {
  const value = toHex(bytes.subarray(from, to)).toUpperCase();
  return { name, from, to, value, ...(meaning === undefined ? {} : { meaning }), children: [] };
}

function hdlcFrames(bytes: Uint8Array): Part[] {
  const frames: Part[] = [];
  let at = 0;
  while (at + 1 < bytes.length) {
    if (bytes[at + 1] === FLAG) {
      at++;
      continue;
    }
    const scan = scanHdlc(bytes, at);
    if (scan.kind !== 'frame') break;
    const { destination, source, control, segmented, info } = scan.frame;
    const addresses = at + 3;
    const sourceAt = addresses + destination.bytes;
    const controlAt = sourceAt + source.bytes;
    const children = [
      field(bytes, 'flag', at, at + 1),
      field(
        bytes,
        'frame format',
        at + 1,
        addresses,
        `type 3, ${scan.end - at - 1} bytes${segmented ? ', more segments follow' : ''}`,
      ),
      field(bytes, 'destination address', addresses, sourceAt, addressText(destination)),
      field(bytes, 'source address', sourceAt, controlAt, addressText(source)),
      field(bytes, 'control', controlAt, controlAt + 1, controlText(control)),
      field(bytes, 'header check sequence', controlAt + 1, controlAt + 3, 'correct'),
    ];
    if (info !== undefined) {
      children.push(
        field(bytes, 'information', info.from, info.to, informationText(bytes, info, control)),
        field(bytes, 'frame check sequence', info.to, info.to + 2, 'correct'),
      );
    }
    children.push(field(bytes, 'flag', scan.end, scan.end + 1));
    frames.push({
      name: 'HDLC frame',
      from: at,
      to: scan.end + 1,
      meaning: controlText(control),
      children,
    });
    at = scan.end;
  }
  return frames;
}

/** Two-byte and four-byte addresses have an upper and a lower half. */
function addressText({ value, bytes }: { readonly value: number; readonly bytes: number }): string {
  if (bytes === 1) return String(value);
  const bits = bytes === 2 ? 7 : 14;
  return `logical device ${value >> bits}, physical device ${value & ((1 << bits) - 1)}`;
}

const KINDS: Readonly<Record<Control['kind'], string>> = {
  i: 'I (information)',
  rr: 'RR (receive ready)',
  rnr: 'RNR (receive not ready)',
  rej: 'REJ (reject)',
  snrm: 'SNRM (set normal response mode)',
  ua: 'UA (unnumbered acknowledge)',
  disc: 'DISC (disconnect)',
  dm: 'DM (disconnected mode)',
  frmr: 'FRMR (frame reject)',
  ui: 'UI (unnumbered information)',
  unknown: 'not defined',
};

function controlText(control: Control): string {
  const numbers = [
    ...('ns' in control ? [`N(S) ${control.ns}`] : []),
    ...('nr' in control ? [`N(R) ${control.nr}`] : []),
    ...(control.pf ? ['poll/final'] : []),
  ];
  return [KINDS[control.kind], ...numbers].join(', ');
}

function informationText(
  bytes: Uint8Array,
  { from, to }: { readonly from: number; readonly to: number },
  { kind }: Control,
): string | undefined {
  if (kind !== 'snrm' && kind !== 'ua') return undefined;
  const { maxInfoTransmit, maxInfoReceive, windowTransmit, windowReceive } = decodeParameters(
    bytes.subarray(from, to),
  );
  return `sends up to ${maxInfoTransmit} bytes in windows of ${windowTransmit}, receives up to ${maxInfoReceive} in windows of ${windowReceive}`;
}

function wrapperFrames(bytes: Uint8Array): Part[] {
  const frames: Part[] = [];
  for (let at = 0; at < bytes.length; ) {
    const scan = scanWrapper(bytes, at);
    if (scan.kind !== 'frame') break;
    const { source, destination, apdu } = scan.frame;
    frames.push({
      name: 'wrapper frame',
      from: at,
      to: scan.end,
      meaning: `from ${source} to ${destination}`,
      children: [
        field(bytes, 'version', at, at + 2),
        field(bytes, 'source wPort', at + 2, at + 4, String(source)),
        field(bytes, 'destination wPort', at + 4, at + 6, String(destination)),
        field(bytes, 'length', at + 6, at + WRAPPER_HEADER, `${apdu.to - apdu.from} bytes`),
        field(bytes, 'APDU', apdu.from, apdu.to),
      ],
    });
    at = scan.end;
  }
  return frames;
}

function mbusFrames(bytes: Uint8Array): Part[] {
  const frames: Part[] = [];
  for (let at = 0; at < bytes.length; ) {
    const scan = scanMbus(bytes, at);
    if (scan.kind !== 'frame') break;
    const { control, address, ci, from, to } = scan.frame;
    const segment = `segment ${ci & 0x0f}${(ci & 0x10) === 0 ? ', more follow' : ', the last one'}`;
    frames.push({
      name: 'M-Bus frame',
      from: at,
      to: scan.end,
      meaning: segment,
      children: [
        field(bytes, 'start and length', at, at + MBUS_HEADER, `${to - at - MBUS_HEADER} bytes`),
        field(bytes, 'control', from - 3, from - 2, control === 0x53 ? 'SND-UD' : undefined),
        field(bytes, 'address', from - 2, from - 1, address === 0xff ? 'broadcast' : String(address)),
        field(bytes, 'control information', from - 1, from, segment),
        field(bytes, 'source and destination access point', from, from + 2),
        field(bytes, 'segment', from + 2, to),
        field(bytes, 'checksum', to, to + 1, 'correct'),
        field(bytes, 'stop', to + 1, to + 2),
      ],
    });
    at = scan.end;
  }
  return frames;
}
