import { concat } from '../../base/bytes.ts';
import { encodeGateway, type GatewayAddress } from '../apdu/gateway.ts';
import type { HdlcAddress } from './address.ts';
import { encodeFrame, unnumberedControl } from './frame.ts';
import { encodeMbus } from './mbus.ts';
import { encodeWrapperFrame } from './wrapper.ts';

/** How an APDU that nobody asked for is framed, and between which addresses. */
export type PushRoute =
  /** wPorts. */
  | { readonly framing: 'wrapper'; readonly source: number; readonly destination: number }
  | { readonly framing: 'hdlc'; readonly source: HdlcAddress; readonly destination: HdlcAddress }
  /** `address` is that of the meter on the bus; the others are access points. */
  | {
      readonly framing: 'mbus';
      readonly address: number;
      readonly source: number;
      readonly destination: number;
    }
  | { readonly framing: 'raw' };

export interface PushFrameOptions {
  /** A meter's LLC header says response, that of its receiver command. */
  readonly from: 'server' | 'client';
  /** HDLC: longest information field; 2030 if not given. Longer APDUs go in segments. */
  readonly maxInfo?: number;
  readonly gateway?: GatewayAddress;
}

const MOST_INFO = 2030;
const LLC = { server: Uint8Array.of(0xe6, 0xe7, 0x00), client: Uint8Array.of(0xe6, 0xe6, 0x00) } as const;

/** The way back to who sent over `route`. */
export function routeBack(route: PushRoute): PushRoute {
  if (route.framing === 'raw') return route;
  // One branch for each framing, for their addresses differ in kind.
  if (route.framing === 'hdlc') return { ...route, source: route.destination, destination: route.source };
  return { ...route, source: route.destination, destination: route.source };
}

/**
 * The frames of one APDU, in order: a wrapper frame, HDLC UI frames, wired M-Bus frames, or the APDU itself. Throws
 * `apdu-too-long` where the framing cannot carry it.
 */
export function framePushed(apdu: Uint8Array, route: PushRoute, options: PushFrameOptions): Uint8Array[] {
  const { from, maxInfo = MOST_INFO, gateway } = options;
  const behind =
    gateway === undefined ? apdu : encodeGateway(from === 'server' ? 'response' : 'request', gateway, apdu);
  switch (route.framing) {
    case 'wrapper':
      return [encodeWrapperFrame(route.source, route.destination, behind)];
    case 'hdlc': {
      const { source, destination } = route;
      const information = concat([LLC[from], behind]);
      const control = unnumberedControl('ui', false);
      const count = Math.ceil(information.length / maxInfo);
      return Array.from({ length: count }, (_, i) => {
        const info = information.subarray(i * maxInfo, (i + 1) * maxInfo);
        return encodeFrame({ source, destination, control, segmented: i < count - 1, info });
      });
    }
    case 'mbus':
      return encodeMbus(behind, route);
    case 'raw':
      return [behind];
  }
}
