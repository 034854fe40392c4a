import { ByteReader, concat } from '../../../src/base/bytes.ts';
import {
  GENERAL,
  generalSigning,
  headerBytes,
  openSigning,
} from '../../../src/conformance/general-protection.ts';
import { type Keys, openBytes, sealBytes } from '../../../src/conformance/sealed-content.ts';
import { readOctets } from '../../../src/dlms/axdr-length.ts';
import { ber, readBer } from '../../../src/dlms/ber.ts';
import { enumeration } from '../../../src/dlms/values.ts';
import type { MeterPlan } from '../../../src/simulator/plan.ts';
import { BROADCAST_KEY } from '../sound-meter.ts';
import type { Fault } from './broken-meter.ts';
import { apdus, value } from './mangling.ts';
import { CLIENT_TITLE, keysOf } from './security.ts';

const GMAC = { framing: 'wrapper', auth: 'hls-gmac' } as const;
const AARQ = 0x60;
const NOTHING = new Uint8Array(0);
const BROADCAST_BIT = 0x40;

/** Length octets of the contents: short or long form. */
function octets(bytes: Uint8Array): Uint8Array {
  const { length } = bytes;
  const head = length < 0x80 ? [length] : [0x82, length >> 8, length & 0xff];
  return concat([Uint8Array.from(head), bytes]);
}

/** The AARQ with its InitiateRequest without the dedicated key, sealed anew. */
function withoutDedicatedKey(aarq: Uint8Array, keys: Keys): Uint8Array {
  const reader = new ByteReader(readBer(new ByteReader(aarq)).value);
  const kept: Uint8Array[] = [];
  while (reader.remaining > 0) {
    const { tag, value } = readBer(reader);
    kept.push(
      ber(
        tag,
        tag === 0xbe ? ber(0x04, initiateWithoutKey(readBer(new ByteReader(value)).value, keys)) : value,
      ),
    );
  }
  return ber(AARQ, ...kept);
}

function initiateWithoutKey(sealed: Uint8Array, keys: Keys): Uint8Array {
  const content = readOctets(new ByteReader(sealed, 1), 'sealed');
  const opened = openBytes(content, CLIENT_TITLE, keys);
  if (opened?.plain[1] !== 1) return sealed;
  const plain = concat([Uint8Array.of(0x01, 0), opened.plain.subarray(3 + (opened.plain[2] ?? 0))]);
  return concat([
    sealed.subarray(0, 1),
    octets(sealBytes(plain, opened.control, opened.counter, CLIENT_TITLE, keys)),
  ]);
}

/** A general-glo-ciphering APDU with a signature inside that is always right. */
function signedAnew(apdu: Uint8Array, { signingKeys, ...plan }: MeterPlan): Uint8Array {
  if (apdu[0] !== GENERAL.glo || signingKeys === undefined) return apdu;
  const reader = new ByteReader(apdu, 1);
  const title = readOctets(reader, 'title');
  const keys = keysOf(plan);
  const opened = openBytes(readOctets(reader, 'sealed'), CLIENT_TITLE, keys);
  if (opened?.plain[0] !== GENERAL.signing) return apdu;
  const content = openSigning(opened.plain, 1, undefined);
  if (content === undefined) return apdu;
  const header = headerBytes({ transaction: NOTHING, originator: CLIENT_TITLE, recipient: NOTHING });
  const signed = generalSigning(header, content, 1, signingKeys.client.privateKey);
  const sealed = sealBytes(signed, opened.control, opened.counter, CLIENT_TITLE, keys);
  return concat([Uint8Array.of(GENERAL.glo), octets(title), octets(sealed)]);
}

/** What came under the broadcast key, under the unicast key. */
function asUnicast(apdu: Uint8Array, keys: Keys): Uint8Array {
  const sealed = apdu[0] === 0xc8 ? readOctets(new ByteReader(apdu, 1), 'sealed') : NOTHING;
  const control = sealed[0] ?? 0;
  if ((control & BROADCAST_BIT) === 0) return apdu;
  const opened = openBytes(sealed, CLIENT_TITLE, { ...keys, encryptionKey: BROADCAST_KEY });
  if (opened === undefined) return apdu;
  const anew = sealBytes(opened.plain, control & ~BROADCAST_BIT, opened.counter, CLIENT_TITLE, keys);
  return concat([Uint8Array.of(0xc8), octets(anew)]);
}

export const FORM_FAULTS: readonly Fault[] = [
  {
    id: 'dedicated-ignored',
    title: 'The dedicated key of the InitiateRequest is not taken up',
    combination: { ...GMAC, dedicated: true },
    finds: ['SYMSEC_DED_P1'],
    plant: (plan) => () =>
      apdus({
        request: (apdu) => ({
          forward: apdu[0] === AARQ ? withoutDedicatedKey(apdu, keysOf(plan)) : apdu,
        }),
      }),
  },
  {
    id: 'dedicated-replayed',
    title: 'Invocation counters under the dedicated key are not checked',
    combination: { ...GMAC, dedicated: true },
    finds: ['SYMSEC_DED_N3'],
    plant: () => () => {
      const answers = new Map<string, Uint8Array>();
      let asked = '';
      return apdus({
        request(apdu) {
          asked = apdu.join();
          const reply = apdu[0] === 0xd0 ? answers.get(asked) : undefined;
          return reply === undefined ? { forward: apdu } : { reply };
        },
        response(apdu) {
          answers.set(asked, apdu);
          return apdu;
        },
      });
    },
  },
  {
    id: 'signature-unchecked',
    title: 'Signatures are not verified',
    combination: { ...GMAC, suite: 1, signed: true },
    finds: ['SYMSEC_SIGN_N1', 'SYMSEC_SIGN_N2', 'SYMSEC_SIGN_N3'],
    plant: (plan) => () => apdus({ request: (apdu) => ({ forward: signedAnew(apdu, plan) }) }),
  },
  {
    id: 'unsigned-served',
    title: 'The security policy asks for signatures, and nobody does',
    combination: { ...GMAC, suite: 1, signed: true },
    finds: ['SYMSEC_SIGN_N6'],
    plant: () => () => value({ classId: 64, attribute: 2 }, () => enumeration(0x7c)),
  },
  {
    id: 'broadcast-key-answered',
    title: 'Whoever has the broadcast key is answered',
    combination: { ...GMAC, broadcast: true },
    finds: ['SYMSEC_FORM_N8'],
    plant: (plan) => () => apdus({ request: (apdu) => ({ forward: asUnicast(apdu, keysOf(plan)) }) }),
  },
  {
    id: 'general-answered-otherwise',
    title: 'general-glo-ciphering is answered in the service’s own form',
    combination: GMAC,
    finds: ['SYMSEC_FORM_P1'],
    plant: () => () =>
      apdus({
        response(apdu) {
          if (apdu[0] !== GENERAL.glo) return apdu;
          const reader = new ByteReader(apdu, 1);
          readOctets(reader, 'title');
          return concat([Uint8Array.of(0xcc), reader.rest()]);
        },
      }),
  },
];
