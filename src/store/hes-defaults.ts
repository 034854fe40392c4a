type AttributeRow = readonly [key: string, value: string, description: string];

/** As whom a head-end comes in on a channel, and what it must know; the same keys on every channel that serves one. */
export const HES_ATTRIBUTES: readonly AttributeRow[] = [
  ['hes.auth', 'hls-gmac', 'lls, hls-md5, hls-sha1, hls-sha256 or hls-gmac, which ciphers too'],
  ['hes.client', '1', 'client address of the head-end'],
  [
    'hes.live.client',
    '',
    'client address that reads from the meters themselves instead of the store; empty: there is none',
  ],
  ['hes.rights', 'read', 'read, or full: it may also set and act'],
  [
    'gateway',
    'off',
    'transparent way to meters (E6/E7): off, associated = once the head-end has associated, or open',
  ],
  ['gateway.network', '0', 'network id of the meters behind the gateway, 0 to 255'],
  ['hes.policy', 'auth-enc', 'least protection with hls-gmac: none, auth, enc or auth-enc; request/response'],
  [
    'hes.password',
    '',
    'password of the head-end, or its secret for hls-md5, hls-sha1 and hls-sha256; hex: and digits for bytes',
  ],
  ['hes.encryption.key', '', 'key of the head-end, 32 hex digits; hls-gmac'],
  ['hes.authentication.key', '', 'authentication key of the head-end, 32 hex digits; hls-gmac'],
  ['hes.master.key', '', 'key that new keys are wrapped with, 32 hex digits; empty: none can be transferred'],
  ['hes.reader.client', '', 'client address of a head-end that only reads; empty: there is none'],
  ['hes.reader.auth', 'hls-gmac', 'as hes.auth, for the one that only reads'],
  ['hes.reader.password', '', 'its password or secret'],
  ['hes.reader.encryption.key', '', 'its key, 32 hex digits'],
  ['hes.reader.authentication.key', '', 'its authentication key, 32 hex digits'],
];

/** Attributes of channels that are sealed on disk and never shown. */
export const SECRET_ATTRIBUTES: ReadonlySet<string> = new Set([
  'hes.password',
  'hes.encryption.key',
  'hes.authentication.key',
  'hes.master.key',
  'hes.reader.password',
  'hes.reader.encryption.key',
  'hes.reader.authentication.key',
]);

/** Once settings of all head-ends, now attributes of the channel on which one dials in. */
export const MOVED_SETTINGS: readonly string[] = [
  'hes.password',
  'hes.encryption.key',
  'hes.authentication.key',
];
