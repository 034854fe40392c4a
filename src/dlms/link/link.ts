import type { DcuError } from '../../base/errors.ts';
import type { Machine } from '../../base/machine.ts';
import type { GatewayAddress } from '../apdu/gateway.ts';
import type { ReadOutRecord } from './iec62056-21.ts';

/**
 * The one interface of every data-link layer, for both roles. HDLC: SNRM/UA come before `connected`,
 * DISC/UA after `disconnect`. Wrapper: `connect` succeeds at once.
 */
export type LinkCommand =
  | { readonly type: 'connect' }
  /** One APDU, without LLC bytes; the link segments it. One confirmed APDU at a time per direction. */
  | {
      readonly type: 'send';
      readonly apdu: Uint8Array;
      /** Server: whose request this answers; of those connected, the one whose APDU came last, if not given. */
      readonly peer?: LinkPeer;
    }
  /** HDLC: in a UI frame; wrapper: as `send`. */
  | {
      readonly type: 'send-unconfirmed';
      readonly apdu: Uint8Array;
      /** Server: to whom; of those connected, the one whose APDU came last, if not given; nobody being, the configured one. */
      readonly peer?: LinkPeer;
      /** HDLC: to every station on the line, which nobody answers. */
      readonly broadcast?: boolean;
    }
  /** HDLC: whether there is no room for what the peer sends; it is told so (RNR) until there is. */
  | { readonly type: 'busy'; readonly busy: boolean }
  | { readonly type: 'disconnect' };

export type LinkEvent =
  | {
      readonly type: 'connected';
      readonly parameters: LinkParameters;
      readonly peer: LinkPeer;
      /** HDLC, server: this peer was connected already and has begun anew. */
      readonly again?: boolean;
    }
  /** A whole APDU, LLC bytes removed. A copy: safe to keep. */
  | {
      readonly type: 'apdu';
      readonly apdu: Uint8Array;
      readonly peer: LinkPeer;
      readonly unconfirmed: boolean;
    }
  /** The link ended; `error` is absent after an orderly end. `peer`: HDLC, server: only the link of this one. */
  | { readonly type: 'disconnected'; readonly error?: DcuError; readonly peer?: LinkPeer };

/** Who is at the other end, in the link's own addresses. */
export interface LinkPeer {
  readonly clientAddress: number;
  readonly serverAddress: number;
  readonly physicalAddress?: number;
  /** Behind a gateway: the meter that the APDU is for or comes from. */
  readonly gateway?: GatewayAddress;
}

/** What was negotiated (HDLC: by SNRM/UA); seen from this side. */
export interface LinkParameters {
  readonly maxInfoTransmit: number;
  readonly maxInfoReceive: number;
  readonly windowTransmit: number;
  readonly windowReceive: number;
}

/** What went by, for diagnostics; only ever grows. */
export interface LinkCounters {
  bytesReceived: number;
  bytesSent: number;
  framesReceived: number;
  framesSent: number;
  rejectedHeaders: number;
  badFcs: number;
  retransmissions: number;
  timeouts: number;
  ignoredFrames: number;
}

export interface LinkMachine extends Machine<LinkCommand, LinkEvent> {
  readonly counters: Readonly<LinkCounters>;
}

/** The opening of IEC 62056-21 before HDLC (mode E). */
export interface OpeningConfig {
  /** Device address of the meter; client: every meter on the line if not given. */
  readonly address?: string;
  /** Client: the highest bit rate to change to; server: the one offered. 300 to 19,200. */
  readonly baudRate: number;
  /** Server: three letters and up to 16 more characters of its identification. */
  readonly manufacturer?: string;
  readonly text?: string;
  /** Server: what a reader of mode C gets. */
  readonly readOut?: () => readonly ReadOutRecord[];
}

/** What is known of a peer beyond one link: asked and told by the client's side of each link to it. Times in milliseconds. */
export interface PeerMemory {
  /** How long an answer to try `attempt` (0 = the first) of at most `tries` is waited for. `set-up`: SNRM and DISC. */
  patienceMs(during: 'set-up' | 'transfer', attempt: number, tries: number): number;
  /** An answer to what was sent once came after so long. */
  answered(ms: number): void;
  /** A try was not answered in time. */
  silent(): void;
  negotiated(parameters: LinkParameters): void;
  /** A link that stood was given up in silence; `largestInfo`: the longest information field that had come on it. */
  lost(largestInfo: number): void;
  /** The line hands back what is sent. */
  echoes(): void;
}

export interface HdlcLinkConfig {
  readonly framing: 'hdlc';
  readonly clientAddress: number;
  /** Upper HDLC address (logical device). */
  readonly serverAddress: number;
  /** Lower HDLC address (physical device); absent with one-byte addressing. */
  readonly physicalAddress?: number;
  /** Bytes of the server address on the wire. */
  readonly addressBytes: 1 | 2 | 4;
  /** Proposed in SNRM (client) or the most that is granted (server): 128..2030 bytes. Smaller values are allowed for slow lines. */
  readonly maxInfoTransmit: number;
  readonly maxInfoReceive: number;
  /** 1..7 */
  readonly windowTransmit: number;
  readonly windowReceive: number;
  /** Silence inside a frame after which what was received is dropped and scanned again. */
  readonly interOctetTimeoutMs: number;
  /** Client: how long an answer may take; server: how long an idle link is kept. */
  readonly responseTimeoutMs: number;
  /** Tries after the first one. */
  readonly retries: number;
  /** Client: the meter is behind a gateway; its prefix stands around every APDU. */
  readonly gateway?: GatewayAddress;
  /** The line begins with a sign-on at 300 baud. */
  readonly opening?: OpeningConfig;
  /** Server: it is the only one on the line, so one-byte addresses and the calling device (0x7E, 0x3FFE) mean it too. */
  readonly onlyServer?: boolean;
  /**
   * The line hands back what is sent (two wires, three-wire interfaces, optical heads): the echo is taken out. `detect`:
   * only once the first frame has come back, which no peer would say.
   */
  readonly echo?: boolean | 'detect';
  /** Quiet that must follow the last byte received before anything is sent (RS-485); none if not given. */
  readonly interFrameTimeoutMs?: number;
  /** Client: what is known of the server from other links; every answer may take `responseTimeoutMs` if not given. */
  readonly memory?: PeerMemory;
}

export interface WrapperLinkConfig {
  readonly framing: 'wrapper';
  /** wPort of the client. */
  readonly clientAddress: number;
  /** wPort of the server. */
  readonly serverAddress: number;
  readonly responseTimeoutMs: number;
  /** Longest APDU accepted from the peer. */
  readonly maxApdu: number;
  /** Client, over datagrams, which get lost: requests that may be repeated are, so often, each time after so long. */
  readonly repeats?: { readonly times: number; readonly afterMs: number };
  /** Client: told how fast the server answers. */
  readonly memory?: Pick<PeerMemory, 'answered' | 'silent'>;
  /** Client: the meter is behind a gateway; its prefix stands around every APDU. */
  readonly gateway?: GatewayAddress;
}

export type LinkConfig = HdlcLinkConfig | WrapperLinkConfig;
