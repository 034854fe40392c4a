import { toHex } from '../../base/bytes.ts';
import { DcuError } from '../../base/errors.ts';
import { apduKind, apduName, TAG } from '../apdu/tags.ts';
import { describePlain, type FieldValue, type PlainApduNode } from './apdu-node.ts';
import { GENERAL_BLOCK_TRANSFER, joinBlocks } from './blocks.ts';
import type { DataNode } from './data-node.ts';
import { type KeysOf, openProtected, sealedOf, verifies } from './opening.ts';
import { type Reading, readingsOf, valueReadings } from './readings.ts';
import { inPlaceOf, part, type Traced, traced } from './telegram.ts';
import { detectTransport, type Transport, unframe } from './transports.ts';

export { type DataNode, dataNode, readDataNode } from './data-node.ts';
export { type Explained, explainLines, explainTelegram } from './explain.ts';
export type { DecodeKeys, KeysOf } from './opening.ts';
export { type PushedValue, pushedValues, type Reading } from './readings.ts';
export { TRANSPORTS, type Transport } from './transports.ts';
export { xmlOf } from './xml.ts';

export interface DecodeOptions {
  readonly transport: Transport;
  /** Of the sender; for service-specific ciphering, which does not carry it. */
  readonly systemTitle?: Uint8Array;
  /** What is known of the keys of the APDU's originator. */
  readonly keysOf?: KeysOf;
}

const NO_KEYS: KeysOf = () => ({});

/** An APDU, or one inside the protection or the blocks that carry it (then `apdu` is what is inside). */
export type ApduNode = PlainApduNode;

export interface Decoded {
  /** From the outside to the inside: transport, blocks, protection, service. */
  readonly layers: readonly string[];
  readonly apdu: ApduNode;
  readonly readings: readonly Reading[];
  /** Of the notification, ISO 8601; null when it has none. */
  readonly dateTime: string | null;
}

/**
 * Translates what came over a line into a tree: frames are checked and joined, protection is removed, the APDU
 * and its data are decoded, and the readings in it are listed. All bytes must belong to one APDU.
 *
 * Throws DcuError with `offset` in the input (in encrypted content: of the ciphertext's byte): `truncated`,
 * `frame-corrupt`, `link-protocol`, `block-out-of-order`, `apdu-invalid`, `axdr-invalid`, `axdr-too-deep`,
 * `apdu-unexpected` for more than one APDU, `security-required` when a key is missing, `decryption-failed`
 * when the tag does not verify or a key is wrong, `unsupported`.
 */
export function decodeTelegram(bytes: Uint8Array, options: DecodeOptions): Decoded {
  if (bytes.length === 0) throw new DcuError('truncated', 'there is nothing to decode', { offset: 0 });
  refuseModeE(bytes);
  const transport = options.transport === 'auto' ? detectTransport(bytes) : options.transport;
  const layers: string[] = transport === 'apdu' ? [] : [transport];
  const apdus = unframe(traced(bytes), transport);
  const apdu = describeAll(apdus, options, layers);
  const plain = innermost(apdu);
  const body = plain['body'];
  const stamp = plain['dateTime'];
  return {
    layers,
    apdu,
    readings: isDataNode(body) ? readingsOf(body) : eventReadings(plain),
    dateTime: typeof stamp === 'string' ? stamp : null,
  };
}

function describeAll(apdus: readonly Traced[], options: DecodeOptions, layers: string[]): ApduNode {
  const [first, second] = apdus;
  if (first === undefined) throw new DcuError('apdu-invalid', 'the frames carry no APDU', { offset: 0 });
  if (first.bytes[0] === GENERAL_BLOCK_TRANSFER) {
    layers.push(apduName(GENERAL_BLOCK_TRANSFER));
    const apdu = describe(joinBlocks(apdus), options, layers, undefined);
    return { type: apduName(GENERAL_BLOCK_TRANSFER), blocks: apdus.length, apdu };
  }
  if (second !== undefined) {
    throw new DcuError('apdu-unexpected', 'a second APDU follows the first one: decode them one by one', {
      offset: second.origin(0),
    });
  }
  return describe(first, options, layers, undefined);
}

function describe(
  apdu: Traced,
  options: DecodeOptions,
  layers: string[],
  sender: Uint8Array | undefined,
): ApduNode {
  const tag = apdu.bytes[0] ?? 0;
  layers.push(apduName(tag));
  if (isProtected(tag)) return describeProtected(apdu, options, layers, sender);
  // What an ACSE APDU carries is a part of it, not a layer below.
  return describePlain(apdu, (inner, title): FieldValue => {
    const keys = (options.keysOf ?? NO_KEYS)(title ?? options.systemTitle);
    const readable = !isProtected(inner.bytes[0] ?? 0) || keys.encryptionKey !== undefined;
    return readable ? describe(inner, options, [], title) : toHex(inner.bytes);
  });
}

/** Security control and invocation counter. */
const SECURITY_HEADER = 5;

function describeProtected(
  apdu: Traced,
  options: DecodeOptions,
  layers: string[],
  sender: Uint8Array | undefined,
): ApduNode {
  const sealed = sealedOf(apdu);
  if (sealed === undefined) throw new DcuError('internal', 'a protected APDU without content');
  const { content, end, systemTitle: stated } = sealed;
  if (end < apdu.bytes.length) {
    throw new DcuError('apdu-invalid', `${apdu.bytes.length - end} bytes behind the protected content`, {
      offset: apdu.origin(end),
    });
  }
  const systemTitle = stated ?? sender ?? options.systemTitle;
  const keys = (options.keysOf ?? NO_KEYS)(systemTitle);
  const title = stated === undefined ? {} : { systemTitle: toHex(stated).toUpperCase() };
  const type = apduName(apdu.bytes[0] ?? 0);
  if (sealed.kind === 'apdu') {
    // A signature hides nothing: what it covers can be read without the key that verifies it.
    const verified = keys.peerSigningKey !== undefined && verifies(apdu, sealed, systemTitle, keys);
    return {
      type,
      ...title,
      signatureVerified: verified,
      apdu: describe(content, options, layers, systemTitle),
    };
  }
  const opened = openProtected(apdu, sealed, systemTitle, keys);
  const { plaintext, protection, invocationCounter } = opened;
  const plain = inPlaceOf(part(content, SECURITY_HEADER, SECURITY_HEADER + plaintext.length), plaintext);
  const { policy } = protection;
  const node = {
    type,
    ...title,
    security: policy,
    ...(invocationCounter === undefined ? {} : { invocationCounter }),
  };
  try {
    return { ...node, apdu: describe(plain, options, layers, systemTitle) };
  } catch (thrown) {
    // Nothing but its sense tells whether content without a tag was decrypted with the right key.
    if (policy !== 'enc' || !(thrown instanceof DcuError) || thrown.offset !== plain.origin(0)) throw thrown;
    throw new DcuError('decryption-failed', 'the content decrypts to no APDU: is the key the right one?', {
      offset: content.origin(SECURITY_HEADER),
    });
  }
}

function innermost(node: ApduNode): ApduNode {
  let at = node;
  for (;;) {
    const inner = at['apdu'];
    if (inner === undefined || !isApduNode(inner)) return at;
    at = inner;
  }
}

/** What an event-notification tells of the attribute that it names. */
function eventReadings({ type, attribute, value }: ApduNode): readonly Reading[] {
  if (type !== apduName(TAG.eventNotification) || !isDataNode(value)) return [];
  const named = typeof attribute === 'object' && 'obis' in attribute ? attribute.obis : undefined;
  return typeof named === 'string' ? valueReadings(named, value) : [];
}

function isApduNode(value: FieldValue): value is PlainApduNode {
  return typeof value === 'object' && 'type' in value && typeof value.type === 'string';
}

function isDataNode(value: FieldValue | undefined): value is DataNode {
  return typeof value === 'object' && 'type' in value;
}

function isProtected(tag: number): boolean {
  const kind = apduKind(tag);
  return kind !== undefined && kind.protection !== 'plain';
}

/** IEC 62056-21 telegrams are text, which no frame and no APDU of ours begins with. */
function refuseModeE(bytes: Uint8Array): void {
  const head = String.fromCharCode(...bytes.subarray(0, 16));
  if (!/^\s*(?:\/[A-Za-z]{3}|\d{1,3}-\d{1,3}:\d)/.test(head)) return;
  throw new DcuError('unsupported', 'an IEC 62056-21 telegram (text) is no DLMS APDU', { offset: 0 });
}
