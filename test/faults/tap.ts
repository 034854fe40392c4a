import { systemClock } from '../../src/base/clock.ts';
import type { ByteChannel } from '../../src/channels/channel.ts';
import { openTcp } from '../../src/channels/tcp.ts';
import { listenTcp } from '../../src/channels/tcp-listen.ts';
import { decodeGetRequest, encodeGetResponse } from '../../src/dlms/apdu/get.ts';
import { decodeSelection } from '../../src/dlms/cosem/selective-access.ts';
import { decodeDateTime, toUtcMs } from '../../src/dlms/datetime.ts';
import { encodeWrapperFrame } from '../../src/dlms/link/wrapper.ts';

const HEADER = 8;

/** What becomes of an APDU on its way: it passes, changed or not, is lost, or the line is cut. */
export type Passage = Uint8Array | undefined | 'cut';

export interface TapHooks {
  readonly request?: (apdu: Uint8Array, answer: (apdu: Uint8Array) => void) => Passage;
  readonly response?: (apdu: Uint8Array) => Passage;
}

/** A place in the line between the concentrator and a TCP meter with the wrapper: sees and changes every APDU. */
export interface Tap {
  readonly host: string;
  readonly port: number;
  readonly requests: Uint8Array[];
  readonly responses: Uint8Array[];
  readonly connections: number;
  hooks: TapHooks;
  close(): Promise<void>;
}

export function openTap(
  meter: { readonly host?: string; readonly port?: number },
  hooks: TapHooks = {},
): Tap {
  const requests: Uint8Array[] = [];
  const responses: Uint8Array[] = [];
  let connections = 0;
  const meterEnds = new Set<ByteChannel>();
  const join = async (reader: ByteChannel): Promise<void> => {
    connections++;
    const end = await openTcp({
      host: meter.host ?? '127.0.0.1',
      port: meter.port ?? 0,
      connectTimeoutMs: 5000,
    });
    meterEnds.add(end);
    const cut = (): void => {
      meterEnds.delete(end);
      void reader.close();
      void end.close();
    };
    const pass = (to: ByteChannel, ports: readonly [number, number], passage: Passage): void => {
      if (passage === 'cut') cut();
      else if (passage !== undefined) to.write(encodeWrapperFrame(...ports, passage)).catch(cut);
    };
    reader.onBytes(
      eachApdu((apdu, ports) => {
        requests.push(apdu);
        const answer = (reply: Uint8Array): void => pass(reader, [ports[1], ports[0]], reply);
        pass(end, ports, tap.hooks.request === undefined ? apdu : tap.hooks.request(apdu, answer));
      }),
    );
    end.onBytes(
      eachApdu((apdu, ports) => {
        responses.push(apdu);
        pass(reader, ports, tap.hooks.response === undefined ? apdu : tap.hooks.response(apdu));
      }),
    );
    reader.onClosed(cut);
    end.onClosed(cut);
  };
  const listener = listenTcp({ host: '127.0.0.1', port: 0 }, (reader) => void join(reader), systemClock);
  const tap = {
    host: '127.0.0.1',
    port: listener.port,
    requests,
    responses,
    get connections() {
      return connections;
    },
    hooks,
    close: async () => {
      await listener.close();
      await Promise.all([...meterEnds].map((end) => end.close()));
    },
  };
  return tap;
}

/** Cuts a stream of wrapper frames into APDUs, whatever its chunks. */
function eachApdu(
  take: (apdu: Uint8Array, ports: readonly [number, number]) => void,
): (bytes: Uint8Array) => void {
  let held = new Uint8Array(0);
  return (bytes) => {
    const joined = new Uint8Array(held.length + bytes.length);
    joined.set(held);
    joined.set(bytes, held.length);
    held = joined;
    while (held.length >= HEADER) {
      const view = new DataView(held.buffer, held.byteOffset);
      const end = HEADER + view.getUint16(6);
      if (held.length < end) return;
      const apdu = held.slice(HEADER, end);
      const ports = [view.getUint16(2), view.getUint16(4)] as const;
      held = held.slice(end);
      take(apdu, ports);
    }
  };
}

const GET_REQUEST = 0xc0;
export const GET_RESPONSE = 0xc4;
const WITH_DATABLOCK = 2;

export interface RangeRequest {
  readonly obis: string;
  readonly fromMs: number;
  readonly toMs: number;
}

/** The ranges of profile buffers that these requests ask for. */
export function rangesOf(requests: readonly Uint8Array[]): RangeRequest[] {
  return requests.flatMap((apdu) => {
    if (apdu[0] !== GET_REQUEST || apdu[1] !== 1) return [];
    const request = decodeGetRequest(apdu);
    if (request.type !== 'normal' || request.request.selection === undefined) return [];
    const selection = decodeSelection(request.request.selection);
    if (selection?.by !== 'range') return [];
    const at = (value: typeof selection.from): number =>
      value.type === 'octet-string' ? (toUtcMs(decodeDateTime(value.value)) ?? Number.NaN) : Number.NaN;
    return [{ obis: request.request.attribute.obis, fromMs: at(selection.from), toMs: at(selection.to) }];
  });
}

export const isBlock = (apdu: Uint8Array): boolean => apdu[0] === GET_RESPONSE && apdu[1] === WITH_DATABLOCK;
export const isGetNext = (apdu: Uint8Array): boolean => apdu[0] === GET_REQUEST && apdu[1] === 2;

/** A get-response with a data block. */
export function block(
  invoke: number,
  { last = false, number, raw }: { last?: boolean; number: number; raw: Uint8Array },
): Uint8Array {
  return encodeGetResponse({
    type: 'with-datablock',
    invoke,
    last,
    blockNumber: number,
    block: { ok: true, data: raw },
  });
}
