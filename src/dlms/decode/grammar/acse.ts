import { ByteReader } from '../../../base/bytes.ts';
import { decodeAare } from '../../apdu/aare.ts';
import { type BerElement, readBer } from '../../ber.ts';
import type { Part } from './part.ts';
import { pascal, type Rule, upperHex } from './rules.ts';

/** ACSE APDUs (Green Book 9.4.2): BER fields, by the tag of the APDU and that of the field. */

type FieldNames = Readonly<Record<number, string>>;

const ASKING: FieldNames = {
  128: 'protocol-version',
  161: 'application-context-name',
  162: 'called-AP-title',
  163: 'called-AE-qualifier',
  164: 'called-AP-invocation-id',
  165: 'called-AE-invocation-id',
  166: 'calling-AP-title',
  167: 'calling-AE-qualifier',
  168: 'calling-AP-invocation-id',
  169: 'calling-AE-invocation-id',
  138: 'sender-acse-requirements',
  139: 'mechanism-name',
  172: 'calling-authentication-value',
  189: 'implementation-information',
  190: 'user-information',
};

const ANSWERING: FieldNames = {
  128: 'protocol-version',
  161: 'application-context-name',
  162: 'result',
  163: 'result-source-diagnostic',
  164: 'responding-AP-title',
  165: 'responding-AE-qualifier',
  166: 'responding-AP-invocation-id',
  167: 'responding-AE-invocation-id',
  136: 'responder-acse-requirements',
  137: 'mechanism-name',
  170: 'responding-authentication-value',
  189: 'implementation-information',
  190: 'user-information',
};

const RELEASING: FieldNames = { 128: 'reason', 190: 'user-information' };

const CONTEXTS: FieldNames = {
  1: 'logical names, no ciphering',
  2: 'short names, no ciphering',
  3: 'logical names with ciphering',
  4: 'short names with ciphering',
};
const MECHANISMS: FieldNames = {
  0: 'none',
  1: 'low (password)',
  2: 'high, of the manufacturer',
  3: 'high, MD5',
  4: 'high, SHA-1',
  5: 'high, GMAC',
  6: 'high, SHA-256',
  7: 'high, ECDSA',
};
const REASONS: FieldNames = { 0: 'normal', 1: 'urgent or not finished', 30: 'user defined' };

/** XML element names that are not simply the field's. */
const XML_TAGS: Readonly<Record<string, string>> = {
  result: 'AssociationResult',
  'sender-acse-requirements': 'SenderACSERequirements',
  'responder-acse-requirements': 'ResponderACSERequirement',
  'calling-authentication-value': 'CallingAuthentication',
  'responding-authentication-value': 'RespondingAuthentication',
  'calling-AP-title': 'CallingAPTitle',
  'responding-AP-title': 'RespondingAPTitle',
};

const CONTEXT_XML: FieldNames = { 1: 'LN', 2: 'SN', 3: 'LN_WITH_CIPHERING', 4: 'SN_WITH_CIPHERING' };
const MECHANISM_XML: FieldNames = {
  0: 'None',
  1: 'Low',
  2: 'High',
  3: 'HighMd5',
  4: 'HighSha1',
  5: 'HighGmac',
  6: 'HighSha256',
  7: 'HighEcdsa',
};

interface Told {
  readonly value?: string;
  readonly meaning?: string;
  readonly xml?: string;
}

/** What the contents of a field say; `whole` are those of the APDU. */
function told(name: string, content: Uint8Array, whole: Uint8Array): Told {
  const last = content.at(-1) ?? 0;
  const hex = upperHex(content);
  const both = (meaning: string | undefined, xml: string | undefined): Told => ({
    value: hex,
    ...(meaning === undefined ? {} : { meaning }),
    ...(xml === undefined ? {} : { xml }),
  });
  switch (name) {
    case 'application-context-name':
      return both(CONTEXTS[last], CONTEXT_XML[last]);
    case 'mechanism-name':
      return both(MECHANISMS[last], MECHANISM_XML[last]);
    case 'sender-acse-requirements':
    case 'responder-acse-requirements':
      return both(last === 0x80 ? 'authentication' : undefined, last === 0x80 ? '1' : '0');
    case 'result':
      return both(['accepted', 'rejected (permanent)', 'rejected (transient)'][last], undefined);
    case 'result-source-diagnostic':
      return both(decodeAare(whole).diagnostic, undefined);
    case 'reason':
      return both(REASONS[last], { 0: 'Normal', 1: 'NotFinished' }[last] ?? 'UserDefined');
    default:
      return { value: hex };
  }
}

/** Innermost contents of nested EXPLICIT tags. */
function innermost(element: BerElement): BerElement {
  if ((element.tag & 0x20) === 0) return element;
  const reader = new ByteReader(element.value);
  const inner = readBer(reader);
  return reader.remaining > 0 ? element : innermost(inner);
}

function field(reader: ByteReader, names: FieldNames): Part {
  const from = reader.offset;
  const element = readBer(reader);
  const name = names[element.tag] ?? `field ${element.tag.toString(16)}`;
  const place = { name, from, to: reader.offset };
  const content = innermost(element).value;
  if (name === 'user-information') {
    const at = content.byteOffset - reader.bytes.byteOffset;
    const inner: Part = {
      name: 'xDLMS APDU',
      from: at,
      to: at + content.length,
      value: upperHex(content),
      children: [],
      inner: 'apdu',
      xml: { tag: '' },
    };
    return { ...place, children: content.length === 0 ? [] : [inner], xml: { tag: '' } };
  }
  const { value, meaning, xml } = told(name, content, reader.bytes);
  const tag = XML_TAGS[name] ?? pascal(name);
  if (name === 'result-source-diagnostic') {
    const source = element.value[0] === 0xa2 ? 'ACSEServiceProvider' : 'ACSEServiceUser';
    const child: Part = {
      name: source === 'ACSEServiceUser' ? 'acse-service-user' : 'acse-service-provider',
      from: place.to - 1,
      to: place.to,
      value: upperHex(content.subarray(-1)),
      ...(meaning === undefined ? {} : { meaning }),
      children: [],
      xml: { tag: source },
    };
    return { ...place, children: [child], xml: { tag } };
  }
  return {
    ...place,
    ...(value === undefined ? {} : { value }),
    ...(meaning === undefined ? {} : { meaning }),
    xml: { tag, ...(xml === undefined ? {} : { value: xml }) },
    children: [],
  };
}

function acse(name: string, names: FieldNames, tag: string): Rule {
  return (reader) => {
    const from = reader.offset;
    // The tag has been read; BER needs it again.
    reader.offset = from - 1;
    const { value: content } = readBer(reader);
    const end = reader.offset;
    const start = content.byteOffset - reader.bytes.byteOffset;
    const inside = new ByteReader(reader.bytes.subarray(0, end), start);
    const children: Part[] = [];
    while (inside.remaining > 0) children.push(field(inside, names));
    return { name, from, to: end, children, xml: { tag } };
  };
}

export const ACSE_RULES: ReadonlyMap<number, Rule> = new Map<number, Rule>([
  [0x60, acse('aarq', ASKING, 'AssociationRequest')],
  [0x61, acse('aare', ANSWERING, 'AssociationResponse')],
  [0x62, acse('rlrq', RELEASING, 'ReleaseRequest')],
  [0x63, acse('rlre', RELEASING, 'ReleaseResponse')],
]);
