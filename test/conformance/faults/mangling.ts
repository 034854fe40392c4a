import { concat } from '../../../src/base/bytes.ts';
import { buildFrame, type Frame, FrameSplitter } from '../../../src/conformance/hdlc-frame.ts';
import { buildWrapperFrame, WrapperSplitter } from '../../../src/conformance/wrapper-frame.ts';
import { decodeData, encodeData } from '../../../src/dlms/axdr.ts';
import type { CosemAttribute } from '../../../src/dlms/client.ts';
import type { DlmsData } from '../../../src/dlms/data.ts';
import type { CosemRequest, CosemResponse, LogicalDevice, ServerConfig } from '../../../src/dlms/server.ts';
import { crc16 } from '../../../src/kernels/index.ts';
import type { Breakage } from './broken-meter.ts';

/** Frames that the meter sends, one by one; `undefined` swallows one. */
export const sentFrames =
  (change: (frame: Frame) => Uint8Array | undefined): NonNullable<Breakage['fromMeter']> =>
  (bytes) =>
    new FrameSplitter().push(bytes).flatMap((unit) => {
      const changed = 'noise' in unit ? unit.noise : change(unit);
      return changed === undefined ? [] : [changed];
    });

/** Good frames that come to the meter, one by one; anything else passes as it is. */
export function heardFrames(change: (frame: Frame) => Uint8Array): NonNullable<Breakage['toMeter']> {
  return (bytes) => {
    const units = new FrameSplitter().push(bytes);
    const whole = units.length > 0 && units.every((unit) => !('noise' in unit));
    if (!whole) return { forward: [bytes] };
    return { forward: units.map((unit) => ('noise' in unit ? unit.noise : change(unit))) };
  };
}

/** The frame with some of its parts changed and right check sequences. */
export function rebuilt(
  frame: Frame,
  changes: Partial<Pick<Frame, 'destination' | 'source' | 'control' | 'info'>>,
): Uint8Array {
  const { destination, source, control, info, segmented } = { ...frame, ...changes };
  return buildFrame({ destination, source, control, info, segmented });
}

/** Sets right whichever check sequences of a frame are wrong; one-byte addresses, flags at both ends. */
export function repaired(bytes: Uint8Array, which: 'header' | 'frame'): Uint8Array {
  if (bytes.length < 9 || bytes[0] !== 0x7e || bytes.at(-1) !== 0x7e) return bytes;
  const out = bytes.slice();
  const put = (at: number): void => {
    const check = crc16(out.subarray(1, at));
    out[at] = check & 0xff;
    out[at + 1] = check >> 8;
  };
  if (which === 'header') put(6);
  if (out.length > 9) put(out.length - 3);
  return out;
}

export interface ApduHooks {
  /** An APDU on its way in: passed on as it is returned, or answered at once. */
  readonly request?: (
    apdu: Uint8Array,
  ) => { readonly forward: Uint8Array } | { readonly reply: Uint8Array } | undefined;
  /** An APDU on its way out. */
  readonly response?: (apdu: Uint8Array) => Uint8Array;
}

/** Changes APDUs in wrapper frames. */
export function apdus({ request, response }: ApduHooks): Breakage {
  const inbound = new WrapperSplitter();
  return {
    toMeter(bytes) {
      const forward: Uint8Array[] = [];
      const reply: Uint8Array[] = [];
      for (const { source, destination, apdu } of inbound.push(bytes)) {
        const outcome = request === undefined ? { forward: apdu } : request(apdu);
        if (outcome === undefined) continue;
        if ('forward' in outcome)
          forward.push(buildWrapperFrame({ source, destination, apdu: outcome.forward }));
        else reply.push(buildWrapperFrame({ source: destination, destination: source, apdu: outcome.reply }));
      }
      return { forward, reply };
    },
    fromMeter(bytes) {
      if (response === undefined) return [bytes];
      return new WrapperSplitter()
        .push(bytes)
        .map(({ source, destination, apdu }) =>
          buildWrapperFrame({ source, destination, apdu: response(apdu) }),
        );
    },
  };
}

/** Puts `change` around the answers of the meter's logical device. */
export function device(
  change: (request: CosemRequest, answer: () => CosemResponse | undefined) => CosemResponse | undefined,
): Breakage {
  return {
    config: (config) =>
      withDevice(config, (inner) => ({
        handle: (request, caller) => change(request, () => inner.handle(request, caller)),
      })),
  };
}

/** Replaces members of the logical device. */
export function withDevice(
  config: ServerConfig,
  change: (inner: LogicalDevice) => Partial<LogicalDevice>,
): ServerConfig {
  return {
    ...config,
    devices: config.devices.map((inner) => {
      const changed = change(inner);
      return new Proxy(inner, {
        get(target, name) {
          if (name in changed) return Reflect.get(changed, name);
          const value: unknown = Reflect.get(target, name, target);
          return typeof value === 'function' ? value.bind(target) : value;
        },
      });
    }),
  };
}

/** Changes what one attribute gives. */
export function value(attribute: Partial<CosemAttribute>, change: (data: DlmsData) => DlmsData): Breakage {
  return device((request, answer) => {
    const response = answer();
    if (request.type !== 'get' || !covers(attribute, request.attribute) || response?.data === undefined)
      return response;
    return { ...response, data: encodeData(change(decodeData(response.data))) };
  });
}

/** Answers GET of one attribute by something else. */
export function instead(attribute: Partial<CosemAttribute>, response: CosemResponse): Breakage {
  return device((request, answer) =>
    request.type === 'get' && covers(attribute, request.attribute) ? response : answer(),
  );
}

function covers(wanted: Partial<CosemAttribute>, { classId, obis, attribute }: CosemAttribute): boolean {
  return (
    (wanted.classId ?? classId) === classId &&
    (wanted.obis ?? obis) === obis &&
    (wanted.attribute ?? attribute) === attribute
  );
}

/** The elements of a list, changed. */
export function elements(
  data: DlmsData,
  change: (list: readonly DlmsData[]) => readonly DlmsData[],
): DlmsData {
  if (data.type !== 'array' && data.type !== 'structure') throw new Error(`${data.type} is no list`);
  return { ...data, elements: change(data.elements) };
}

/** Replaces the first run of `pattern` and what follows it. */
export function patched(
  bytes: Uint8Array,
  pattern: readonly number[],
  offset: number,
  put: readonly number[],
): Uint8Array {
  const at = bytes.findIndex((_, i) => pattern.every((byte, k) => bytes[i + k] === byte));
  if (at < 0) return bytes;
  return concat([
    bytes.subarray(0, at + offset),
    Uint8Array.from(put),
    bytes.subarray(at + offset + put.length),
  ]);
}

/** Tag and header of the conformance block in InitiateRequest and InitiateResponse. */
export const CONFORMANCE = [0x5f, 0x1f, 0x04, 0x00] as const;
