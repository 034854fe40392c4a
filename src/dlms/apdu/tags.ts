/** How an APDU's content is protected, as its tag says. */
export type ApduProtection = 'plain' | 'global' | 'dedicated' | 'general';

export interface ApduKind {
  readonly tag: number;
  /** The standard's name, `get-request`. */
  readonly name: string;
  readonly protection: ApduProtection;
  /** Service-specific ciphering: the tag of the APDU inside. */
  readonly plainTag?: number;
}

const plain = (tag: number, name: string): ApduKind => ({ tag, name, protection: 'plain' });
const general = (tag: number, name: string): ApduKind => ({ tag, name, protection: 'general' });

/** A service with its global and, where there is one, dedicated ciphered tag. */
function ciphered(name: string, plainTag: number, globalTag: number, dedicatedTag?: number): ApduKind[] {
  return [
    plain(plainTag, name),
    { tag: globalTag, name: `glo-${name}`, protection: 'global', plainTag },
    ...(dedicatedTag === undefined
      ? []
      : [{ tag: dedicatedTag, name: `ded-${name}`, protection: 'dedicated', plainTag } as const]),
  ];
}

/** Every APDU of the COSEM application layer (Green Book 9.5, COSEMpdu). */
const APDU_KINDS: readonly ApduKind[] = [
  ...ciphered('initiate-request', 0x01, 0x21, 0x41),
  ...ciphered('read-request', 0x05, 0x25, 0x45),
  ...ciphered('write-request', 0x06, 0x26, 0x46),
  ...ciphered('initiate-response', 0x08, 0x28, 0x48),
  ...ciphered('read-response', 0x0c, 0x2c, 0x4c),
  ...ciphered('write-response', 0x0d, 0x2d, 0x4d),
  ...ciphered('confirmed-service-error', 0x0e, 0x2e, 0x4e),
  plain(0x0f, 'data-notification'),
  plain(0x10, 'data-notification-confirm'),
  ...ciphered('unconfirmed-write-request', 0x16, 0x36, 0x56),
  ...ciphered('information-report-request', 0x18, 0x38, 0x58),
  plain(0x60, 'aarq'),
  plain(0x61, 'aare'),
  plain(0x62, 'rlrq'),
  plain(0x63, 'rlre'),
  ...ciphered('get-request', 0xc0, 0xc8, 0xd0),
  ...ciphered('set-request', 0xc1, 0xc9, 0xd1),
  ...ciphered('event-notification-request', 0xc2, 0xca, 0xd2),
  ...ciphered('action-request', 0xc3, 0xcb, 0xd3),
  ...ciphered('get-response', 0xc4, 0xcc, 0xd4),
  ...ciphered('set-response', 0xc5, 0xcd, 0xd5),
  ...ciphered('action-response', 0xc7, 0xcf, 0xd7),
  plain(0xd8, 'exception-response'),
  plain(0xd9, 'access-request'),
  plain(0xda, 'access-response'),
  general(0xdb, 'general-glo-ciphering'),
  general(0xdc, 'general-ded-ciphering'),
  general(0xdd, 'general-ciphering'),
  general(0xdf, 'general-signing'),
  plain(0xe0, 'general-block-transfer'),
];

const BY_TAG = new Map(APDU_KINDS.map((kind) => [kind.tag, kind]));

/** Tags that the client, the server and the decoder branch on. */
export const TAG = {
  initiateRequest: 0x01,
  readRequest: 0x05,
  writeRequest: 0x06,
  initiateResponse: 0x08,
  readResponse: 0x0c,
  writeResponse: 0x0d,
  confirmedServiceError: 0x0e,
  dataNotification: 0x0f,
  dataNotificationConfirm: 0x10,
  unconfirmedWriteRequest: 0x16,
  informationReport: 0x18,
  gloInitiateRequest: 0x21,
  gloInitiateResponse: 0x28,
  gloConfirmedServiceError: 0x2e,
  aarq: 0x60,
  aare: 0x61,
  rlrq: 0x62,
  rlre: 0x63,
  getRequest: 0xc0,
  setRequest: 0xc1,
  eventNotification: 0xc2,
  actionRequest: 0xc3,
  getResponse: 0xc4,
  setResponse: 0xc5,
  actionResponse: 0xc7,
  exceptionResponse: 0xd8,
  accessRequest: 0xd9,
  accessResponse: 0xda,
  generalGlo: 0xdb,
  generalDed: 0xdc,
  generalCiphering: 0xdd,
  generalSigning: 0xdf,
  generalBlockTransfer: 0xe0,
} as const;

/** What the first byte of an APDU stands for; undefined for tags the standard does not define. */
export function apduKind(tag: number): ApduKind | undefined {
  return BY_TAG.get(tag);
}

/** The standard's name of an APDU tag, `tag 0x99` for unknown ones. */
export function apduName(tag: number): string {
  return BY_TAG.get(tag)?.name ?? `tag 0x${tag.toString(16).padStart(2, '0')}`;
}

/** From the tag of a service to that of its ciphered form. */
function byPlainTag(protection: ApduProtection): ReadonlyMap<number, number> {
  return new Map(
    APDU_KINDS.filter((kind) => kind.protection === protection).map((kind) => [kind.plainTag ?? 0, kind.tag]),
  );
}

const GLOBAL_BY_PLAIN = byPlainTag('global');
const DEDICATED_BY_PLAIN = byPlainTag('dedicated');

/** The glo- tag of a service; undefined where only general ciphering can protect it. */
export function globalTagOf(plainTag: number): number | undefined {
  return GLOBAL_BY_PLAIN.get(plainTag);
}

/** The ded- tag of a service; undefined where only general ciphering can protect it. */
export function dedicatedTagOf(plainTag: number): number | undefined {
  return DEDICATED_BY_PLAIN.get(plainTag);
}
