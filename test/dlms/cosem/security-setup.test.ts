import { describe, expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import { fromHex } from '../../../src/base/bytes.ts';
import { DcuError } from '../../../src/base/errors.ts';
import { SeededRandom } from '../../../src/base/random.ts';
import { decodeData, encodeData } from '../../../src/dlms/axdr.ts';
import type { KeyMaterial } from '../../../src/dlms/ciphering/types.ts';
import {
  certificateRequest,
  isSignedBy,
  parseCertificate,
  requestedKey,
} from '../../../src/dlms/ciphering/x509.ts';
import type { AssociationConfig, MethodCall } from '../../../src/dlms/client.ts';
import {
  activatePolicy,
  agreeOnKeys,
  exportCertificate,
  generateKeyPair,
  importCertificate,
  octetsOf,
  removeCertificate,
  requestCertificate,
  transferKeys,
} from '../../../src/dlms/cosem/key-management.ts';
import { createLogicalDevice, FULL_RIGHTS } from '../../../src/dlms/cosem/object-model.ts';
import {
  policyOf,
  type SecurityChange,
  securitySetup,
  storedSecurity,
} from '../../../src/dlms/cosem/security-setup-object.ts';
import { KEY_IDS, MemorySecurityStore, type SecurityState } from '../../../src/dlms/cosem/security-store.ts';
import { array, enumeration, octetString, structure } from '../../../src/dlms/values.ts';
import { unwrapKey, wrapKey } from '../../../src/kernels/index.ts';
import { AUTHORITY, certificateOf, issue, type Wanted } from './certificate-authority.ts';
import { counterFrom, KEYS, type Loopback, pair } from './loopback.ts';
import { MATERIAL } from './security-material.ts';

const SETUP = '0.0.43.0.0.255';
const random = new SeededRandom(21);
const randomBytes = (length: number): Uint8Array => random.bytes(length);
const key = (): Uint8Array => randomBytes(16);

const { client: CLIENT, server: SERVER } = MATERIAL[1];
if (!CLIENT.signingKey || !SERVER.signingKey || !CLIENT.masterKey) throw new Error('no material');
const { signingKey: clientSigning, masterKey } = CLIENT;
const { signingKey: serverSigning } = SERVER;

function state(policy = 0, more: Partial<SecurityState> = {}): SecurityState {
  const { encryptionKey, authenticationKey, broadcastKey } = SERVER;
  return {
    policy,
    suite: 1,
    keys: {
      masterKey,
      ...(encryptionKey ? { encryptionKey } : {}),
      ...(authenticationKey ? { authenticationKey } : {}),
      ...(broadcastKey ? { broadcastKey } : {}),
    },
    keyPairs: { signature: serverSigning },
    certificates: [
      AUTHORITY,
      certificateOf('client', 'signature', KEYS.clientTitle, clientSigning.publicKey),
    ],
    ...more,
  };
}

interface House {
  readonly store: MemorySecurityStore;
  readonly changes: SecurityChange[];
  readonly line: Loopback;
}

/** A device whose keys and policy are those of a store, and a client that is associated with it by HLS-GMAC. */
function house(
  version: 0 | 1,
  from: SecurityState = state(),
  client: Partial<AssociationConfig> = {},
): House {
  const store = new MemorySecurityStore(from);
  const changes: SecurityChange[] = [];
  const setup = securitySetup({
    version,
    store,
    systemTitle: KEYS.serverTitle,
    randomBytes,
    onChange: (change) => changes.push(change),
  });
  let lowest = 0;
  const device = createLogicalDevice({
    address: 1,
    systemTitle: KEYS.serverTitle,
    name: 'ODC0000000000001',
    objects: [setup],
    associations: () => [
      {
        clientAddress: 1,
        auth: 'hls-gmac',
        ...storedSecurity(version, store, KEYS.clientTitle),
        rights: FULL_RIGHTS,
      },
    ],
    nextInvocationCounter: counterFrom(1),
    acceptInvocationCounter: (_, counter) => {
      if (counter < lowest) return false;
      lowest = counter + 1;
      return true;
    },
  });
  const line = pair({
    auth: 'hls-gmac',
    policy: 'auth-enc',
    devices: [device],
    client: { suite: from.suite, ...CLIENT, ...client },
  });
  expect(line.last({ type: 'open' }).type).toBe('opened');
  return { store, changes, line };
}

/** What a method call ends with, and what it returned. */
function invoke(line: Loopback, call: MethodCall): { result: string; data?: Uint8Array } {
  const event = line.last({ type: 'action', ...call });
  if (event.type === 'action-result') return event;
  throw new Error(event.type);
}

function read(line: Loopback, attribute: number) {
  const event = line.last({ type: 'get', attribute: { classId: 64, obis: SETUP, attribute } });
  const [result] = event.type === 'get-result' ? event.results : [];
  if (result?.ok !== true) return result?.result ?? event.type;
  return decodeData(result.data);
}

describe.each([0, 1] as const)('version %i', (version) => {
  test('shows policy, suite and titles, and lets nobody write them', () => {
    const { line } = house(version, state(version === 0 ? 3 : 0b01101100));
    expect(read(line, 2)).toEqual(enumeration(version === 0 ? 3 : 0b01101100));
    expect(read(line, 3)).toEqual(enumeration(1));
    expect(read(line, 4)).toEqual(octetString(KEYS.clientTitle));
    expect(read(line, 5)).toEqual(octetString(KEYS.serverTitle));
    expect(typeof read(line, 6)).toBe(version === 0 ? 'string' : 'object');
    for (const attribute of [2, 3, 4, 5]) {
      const event = line.last({
        type: 'set',
        attribute: { classId: 64, obis: SETUP, attribute },
        value: attribute < 4 ? enumeration(0) : octetString(KEYS.clientTitle),
      });
      expect(event).toMatchObject({ type: 'set-result', result: 'read-write-denied' });
    }
  });

  test('keys are transferred all or none, and hold from the next request on', () => {
    const { line, store, changes } = house(version);
    const keys = { encryptionKey: key(), authenticationKey: key(), broadcastKey: key() };
    // The answer still goes under the old keys, or this client could not read it.
    expect(invoke(line, transferKeys(1, masterKey, keys)).result).toBe('success');
    for (const name of Object.keys(keys) as (keyof typeof keys)[])
      expect(store.key(name)).toEqual(keys[name]);
    expect(changes).toMatchObject([
      { what: 'keys-replaced', keys: ['encryptionKey', 'broadcastKey', 'authenticationKey'] },
    ]);
    const old = line.last({ type: 'get', attribute: { classId: 64, obis: SETUP, attribute: 2 } });
    expect(old).toMatchObject({ type: 'request-failed', error: { code: 'exception-response' } });
    expect(line.server.events.at(-1)).toMatchObject({ type: 'security', code: 'decryption-failed' });
    const device = house(version, { ...state(), keys: { ...keys, masterKey } }, keys);
    expect(read(device.line, 3)).toEqual(enumeration(1));
  });

  test('a client that is told the new keys goes on in the same association', () => {
    const { encryptionKey, authenticationKey } = CLIENT;
    if (!encryptionKey || !authenticationKey) throw new Error('no keys');
    let current: KeyMaterial = CLIENT;
    const { line } = house(version, state(), { currentKeys: () => current });
    for (let round = 0; round < 3; round++) {
      const keys = { encryptionKey: key(), authenticationKey: key() };
      expect(invoke(line, transferKeys(1, masterKey, keys)).result).toBe('success');
      current = { ...CLIENT, ...keys };
      expect(read(line, 3)).toEqual(enumeration(1));
    }
    expect(line.last({ type: 'release' })).toEqual({ type: 'released' });
    expect(line.server.events.filter(({ type }) => type === 'security')).toEqual([]);
    expect(line.server.events.at(-1)).toMatchObject({ type: 'released' });
  });

  test.each([
    ['a key that is wrapped with another key', () => wrapKey(key(), key()), 'other-reason'],
    ['a key of another length', () => wrapKey(masterKey, randomBytes(32)), 'other-reason'],
    ['a key that is not wrapped', () => key(), 'other-reason'],
    ['nothing', () => new Uint8Array(0), 'other-reason'],
  ] as const)('%s changes none of the keys', (_, wrapped, result) => {
    const { line, store, changes } = house(version);
    const good = structure(enumeration(KEY_IDS.encryptionKey), octetString(wrapKey(masterKey, key())));
    const bad = structure(enumeration(KEY_IDS.authenticationKey), octetString(wrapped()));
    const before = store.key('encryptionKey');
    expect(
      invoke(line, { method: { classId: 64, obis: SETUP, attribute: 2 }, parameter: array([good, bad]) })
        .result,
    ).toBe(result);
    expect(store.key('encryptionKey')).toBe(before);
    expect(changes).toEqual([]);
  });

  test.each([
    ['no array', enumeration(0)],
    ['no rows', array([])],
    ['an unknown key', array([structure(enumeration(7), octetString(new Uint8Array(24)))])],
    ['no structure', array([octetString(new Uint8Array(24))])],
    [
      'a key twice',
      array(
        [0, 0].map((id) => structure(enumeration(id), octetString(wrapKey(masterKey, new Uint8Array(16))))),
      ),
    ],
  ])('a transfer of %s is of a wrong type', (_, parameter) => {
    const { line } = house(version);
    expect(invoke(line, { method: { classId: 64, obis: SETUP, attribute: 2 }, parameter }).result).toBe(
      'type-unmatched',
    );
  });

  test('without a master key nothing is transferred', () => {
    const { masterKey: _, ...keys } = state().keys ?? {};
    const { line } = house(version, { ...state(), keys });
    expect(invoke(line, transferKeys(1, masterKey, { encryptionKey: key() })).result).toBe(
      'object-unavailable',
    );
  });
});

describe('security_activate', () => {
  test.each([
    [0, 0, 3, 'success'],
    [0, 1, 3, 'success'],
    [0, 1, 1, 'success'],
    [0, 3, 1, 'other-reason'],
    [0, 1, 2, 'other-reason'],
    [0, 0, 4, 'other-reason'],
    [1, 0, 0b01101100, 'success'],
    [1, 0b00000100, 0b00001100, 'success'],
    [1, 0b00001100, 0b00000100, 'other-reason'],
    [1, 0b00000100, 0b00001000, 'other-reason'],
    [1, 0, 0b00000001, 'other-reason'],
    [1, 0, 0b11111100, 'success'],
  ] as const)('version %i: from %i to %i: %s', (version, from, to, result) => {
    const { line, store, changes } = house(version, state(from));
    expect(invoke(line, activatePolicy(to)).result).toBe(result);
    expect(store.policy()).toBe(result === 'success' ? to : from);
    expect(changes).toHaveLength(result === 'success' ? 1 : 0);
  });

  test('what nobody could meet is not activated, and only an enum is', () => {
    const { line } = house(1, { ...state(), keyPairs: {} });
    expect(invoke(line, activatePolicy(0b00010000)).result).toBe('other-reason');
    const parameter = octetString(Uint8Array.of(3));
    expect(invoke(line, { method: { classId: 64, obis: SETUP, attribute: 1 }, parameter }).result).toBe(
      'type-unmatched',
    );
    // Signed requests of a client whose signature nobody can verify; signed answers are no trouble to it.
    const stranger = house(1, state(0, { certificates: [AUTHORITY] }));
    expect(invoke(stranger.line, activatePolicy(0b00010000)).result).toBe('other-reason');
    expect(invoke(stranger.line, activatePolicy(0b10000000)).result).toBe('success');
  });

  test('it binds the association that stands from the next request on', () => {
    const { line } = house(0, state(0), { policy: 'auth' });
    expect(invoke(line, activatePolicy(3)).result).toBe('success');
    expect(line.last({ type: 'get', attribute: { classId: 64, obis: SETUP, attribute: 2 } })).toMatchObject({
      type: 'request-failed',
      error: { code: 'exception-response' },
    });
  });

  test('values mean what the Blue Book says', () => {
    expect([0, 1, 2, 3].map((value) => policyOf(0, value).policy)).toEqual([
      'none',
      'auth',
      'enc',
      'auth-enc',
    ]);
    expect(policyOf(1, 0b10010100)).toEqual({
      policy: 'auth',
      responsePolicy: 'none',
      signedRequests: true,
      signedResponses: true,
    });
    expect(policyOf(1, 0b01001000)).toEqual({
      policy: 'enc',
      responsePolicy: 'enc',
      signedRequests: false,
      signedResponses: false,
    });
  });
});

describe('key agreement', () => {
  const parties = {
    suite: 1,
    signingKey: clientSigning,
    peerSigningKey: serverSigning.publicKey,
    clientTitle: KEYS.clientTitle,
    serverTitle: KEYS.serverTitle,
    randomBytes,
  } as const;

  test('both sides have the same keys afterwards', () => {
    const { line, store, changes } = house(1);
    const offer = agreeOnKeys(['encryptionKey', 'authenticationKey'], parties);
    const { result, data } = invoke(line, offer.call);
    expect(result).toBe('success');
    const keys = offer.complete(data ?? new Uint8Array(0));
    expect([...keys.keys()]).toEqual(['encryptionKey', 'authenticationKey']);
    for (const [name, agreed] of keys) expect(store.key(name)).toEqual(agreed);
    expect(keys.get('encryptionKey')).not.toEqual(keys.get('authenticationKey'));
    expect(changes).toHaveLength(1);
  });

  test('a client that cannot sign agrees on nothing', () => {
    const { line, store } = house(1);
    const before = store.key('encryptionKey');
    const offer = agreeOnKeys(['encryptionKey'], { ...parties, signingKey: serverSigning });
    expect(invoke(line, offer.call).result).toBe('other-reason');
    expect(store.key('encryptionKey')).toBe(before);
  });

  test('a server whose certificate is another, or that leaves a key out, is not believed', () => {
    const { line } = house(1);
    const stranger = agreeOnKeys(['encryptionKey'], { ...parties, peerSigningKey: clientSigning.publicKey });
    const { data } = invoke(line, stranger.call);
    expect(() => stranger.complete(data ?? new Uint8Array(0))).toThrow(DcuError);
    const offer = agreeOnKeys(['encryptionKey', 'broadcastKey'], parties);
    expect(() => offer.complete(Uint8Array.of(1, 0))).toThrow(
      expect.objectContaining({ code: 'authentication-failed' }),
    );
  });

  test('without a certificate of the client there is nobody to agree with; version 0 knows nothing of it', () => {
    const { line } = house(1, state(0, { certificates: [AUTHORITY] }));
    const call = agreeOnKeys(['encryptionKey'], parties).call;
    expect(invoke(line, call).result).toBe('object-unavailable');
    expect(invoke(house(0).line, call).result).toBe('object-undefined');
  });
});

describe('certificates', () => {
  test('a new key pair counts once its certificate is there', () => {
    const { line, store, changes } = house(1);
    expect(invoke(line, generateKeyPair('signature')).result).toBe('success');
    expect(store.keyPair('signature')).toBe(serverSigning);
    const { data } = invoke(line, requestCertificate('signature'));
    const request = octetsOf(data ?? new Uint8Array(0));
    const publicKey = requestedKey(1, request);
    expect(publicKey).toEqual(store.pendingKeyPair('signature')?.publicKey);
    const { der } = certificateOf('server', 'signature', KEYS.serverTitle, publicKey ?? new Uint8Array(0));
    expect(invoke(line, importCertificate(der)).result).toBe('success');
    expect(store.keyPair('signature')?.publicKey).toEqual(publicKey);
    expect(store.pendingKeyPair('signature')).toBeUndefined();
    expect(changes.map(({ what }) => what)).toEqual(['key-pair-generated', 'certificate-imported']);
    expect(read(line, 6)).toMatchObject({ type: 'array', elements: { length: 3 } });
    expect(invoke(line, importCertificate(der)).result).toBe('other-reason');
  });

  test('what no known authority has signed, is damaged, or is not for our key is not taken', () => {
    const { line, store } = house(1);
    const before = store.certificates();
    const { der } = certificateOf('client', 'agreement', KEYS.clientTitle, clientSigning.publicKey);
    const damaged = der.slice();
    damaged[60] = (damaged[60] ?? 0) ^ 1;
    const foreign = issue({
      title: KEYS.clientTitle,
      use: 'agreement',
      publicKey: clientSigning.publicKey,
      signer: clientSigning,
    });
    const others = certificateOf('server', 'signature', KEYS.serverTitle, clientSigning.publicKey).der;
    for (const bad of [damaged, foreign, others, der.subarray(0, 40), new Uint8Array(0)]) {
      expect(invoke(line, importCertificate(bad)).result).toBe('other-reason');
    }
    expect(store.certificates()).toBe(before);
    expect(invoke(line, importCertificate(der)).result).toBe('success');
  });

  test('only an authority whose key may sign certificates vouches for others', () => {
    const sub = serverSigning;
    const authority = { title: 'authority', use: 'signature', publicKey: sub.publicKey } as const;
    const leaf = issue({
      title: KEYS.clientTitle,
      use: 'agreement',
      publicKey: clientSigning.publicKey,
      signer: sub,
      issuer: 'Sub',
    });
    const { line } = house(1);
    // digitalSignature alone
    expect(invoke(line, importCertificate(issue({ ...authority, subject: 'Sub', usage: 0x80 }))).result).toBe(
      'success',
    );
    expect(invoke(line, importCertificate(leaf)).result).toBe('other-reason');
    expect(invoke(line, importCertificate(issue({ ...authority, subject: 'Sub' }))).result).toBe('success');
    expect(invoke(line, importCertificate(leaf)).result).toBe('success');
  });

  test('no more authorities follow one another than the first one allows', () => {
    const { publicKey } = serverSigning;
    const authority = { title: 'authority', use: 'signature', publicKey } as const;
    const { line } = house(1);
    const take = (wanted: Partial<Wanted>) =>
      invoke(line, importCertificate(issue({ ...authority, ...wanted }))).result;
    expect(take({ subject: 'First', pathLength: 1 })).toBe('success');
    const below = { signer: serverSigning };
    expect(take({ ...below, issuer: 'First', subject: 'Second' })).toBe('success');
    expect(take({ ...below, issuer: 'Second', subject: 'Third' })).toBe('other-reason');
    expect(take({ ...below, title: KEYS.clientTitle, issuer: 'Second', use: 'tls' })).toBe('success');
    expect(take({ subject: 'Last', pathLength: 0 })).toBe('success');
    expect(take({ ...below, issuer: 'Last', subject: 'Behind' })).toBe('other-reason');
    expect(take({ ...below, title: KEYS.clientTitle, issuer: 'Last' })).toBe('success');
  });

  test('they are exported and removed by entity and by serial number', () => {
    const { line, store } = house(1);
    const mine = store.certificates().find(({ entity }) => entity === 'client');
    if (mine === undefined) throw new Error('no certificate');
    const byEntity = { entity: 'client', use: 'signature', systemTitle: KEYS.clientTitle } as const;
    const bySerial = { serialNumber: mine.serialNumber, issuer: mine.issuer };
    for (const name of [byEntity, bySerial]) {
      const { result, data } = invoke(line, exportCertificate(name));
      expect(result).toBe('success');
      expect(octetsOf(data ?? new Uint8Array(0))).toEqual(mine.der);
    }
    // Some clients send the number as a whole INTEGER.
    const whole = Uint8Array.of(2, mine.serialNumber.length, ...mine.serialNumber);
    expect(invoke(line, exportCertificate({ ...bySerial, serialNumber: whole })).result).toBe('success');
    expect(invoke(line, exportCertificate({ ...byEntity, systemTitle: KEYS.serverTitle })).result).toBe(
      'object-unavailable',
    );
    expect(invoke(line, removeCertificate(bySerial)).result).toBe('success');
    expect(invoke(line, removeCertificate(bySerial)).result).toBe('object-unavailable');
    expect(invoke(line, exportCertificate(byEntity)).result).toBe('object-unavailable');
    const nonsense = { method: { classId: 64, obis: SETUP, attribute: 7 }, parameter: enumeration(0) };
    expect(invoke(line, nonsense).result).toBe('type-unmatched');
  });

  test('there is an end to how many are kept', () => {
    const { line, store } = house(1);
    let result = 'success';
    for (let n = 0; n < 40 && result === 'success'; n++) {
      const { der } = certificateOf('client', 'agreement', randomBytes(8), clientSigning.publicKey);
      result = invoke(line, importCertificate(der)).result;
    }
    expect(result).toBe('other-reason');
    expect(store.certificates()).toHaveLength(32);
  });
});

/** Made by `openssl req -x509` and `openssl x509 -req` 3.0 with keys of P-256. */
describe('X.509 of others', () => {
  const ROOT = fromHex(
    '308201bf30820165a003020102021474a831d3fa19ec9ca157fd198598500d5d94d58e300a06082a8648ce3d04030230' +
      '2d310b3009060355040613024649310d300b060355040a0c0454657374310f300d06035504030c06526f6f742031301e' +
      '170d3236313132333135343633335a170d3436313131383135343633335a302d310b3009060355040613024649310d30' +
      '0b060355040a0c0454657374310f300d06035504030c06526f6f7420313059301306072a8648ce3d020106082a8648ce' +
      '3d030107034200046ae9499da8de6233bbe53bf520f551395052d8dc4fa71ee695fc8192359dece676134eae01e6e72a' +
      '753566aac05910dfd1304a1b3dbc6e1144997ea4e095dd7ca3633061301d0603551d0e041604149329e3e608ee6dad67' +
      'b3cde6f6656cb3a161ab99301f0603551d230418301680149329e3e608ee6dad67b3cde6f6656cb3a161ab99300f0603' +
      '551d130101ff040530030101ff300e0603551d0f0101ff040403020204300a06082a8648ce3d04030203480030450220' +
      '52d2a32fed262865f0872cec6e0ea8705c9239d93a9b8d9ce14b8d79b3859ffd022100e8b34806edae7d478a4add6605' +
      'b37ce344f4b97e6709d471c378fc701defa37f',
  );
  const LEAF = fromHex(
    '308201a43082014aa00302010202021001300a06082a8648ce3d040302302d310b3009060355040613024649310d300b' +
      '060355040a0c0454657374310f300d06035504030c06526f6f742031301e170d3236313132333135343633335a170d34' +
      '36313131383135343633335a301b3119301706035504030c10344434443444303030303030303030313059301306072a' +
      '8648ce3d020106082a8648ce3d030107034200049fff16eed32e2dc2c3f777d5abe17d0da89ae9381fc798a36ab952f9' +
      '759d103448d61d2c3ddb44ba16a2dec3b8db3c75a4dbbfd2a1771026863db64ee90435a1a36c306a300e0603551d0f01' +
      '01ff04040302078030180603551d110411300f820d6d657465722e6578616d706c65301d0603551d0e04160414a77a57' +
      'c27645186d8af87436d2a9381dcbf02a9c301f0603551d230418301680149329e3e608ee6dad67b3cde6f6656cb3a161' +
      'ab99300a06082a8648ce3d0403020348003045022100cd74aa2d764a51fac36b884b9efd60a835da4173fa18843e05b5' +
      '4975016205590220531f26624e0c4935f32fae178393e11fcd5e2d450444c3691b3b7caf2985a33a',
  );

  test('is read and verified', () => {
    const root = parseCertificate(1, ROOT);
    const leaf = parseCertificate(1, LEAF);
    expect(root).toMatchObject({ isAuthority: true });
    expect(leaf).toMatchObject({
      isAuthority: false,
      use: 'signature',
      systemTitle: KEYS.clientTitle,
      issuer: root.subject,
    });
    expect(leaf.serialNumber.toHex()).toBe('1001');
    expect(leaf.publicKey).toHaveLength(64);
    expect(isSignedBy(1, root, root.publicKey)).toBe(true);
    expect(isSignedBy(1, leaf, root.publicKey)).toBe(true);
    expect(isSignedBy(1, leaf, leaf.publicKey)).toBe(false);
    expect(createHash('sha256').update(leaf.der).digest('hex')).toBe(
      createHash('sha256').update(LEAF).digest('hex'),
    );
  });

  test('damaged, cut off or of another curve fails with a code', () => {
    for (let length = 0; length < LEAF.length; length++) {
      expect(() => parseCertificate(1, LEAF.subarray(0, length))).toThrow(DcuError);
    }
    for (let at = 0; at < LEAF.length; at++) {
      const flipped = LEAF.slice();
      flipped[at] = (flipped[at] ?? 0) ^ 0x15;
      try {
        expect(isSignedBy(1, parseCertificate(1, flipped), parseCertificate(1, ROOT).publicKey)).toBe(false);
      } catch (error) {
        expect(error).toBeInstanceOf(DcuError);
      }
    }
    expect(() => parseCertificate(2, LEAF)).toThrow(expect.objectContaining({ code: 'unsupported' }));
    expect(() => parseCertificate(0, LEAF)).toThrow(expect.objectContaining({ code: 'unsupported' }));
    expect(() => parseCertificate(1, new Uint8Array(9000))).toThrow(
      expect.objectContaining({ code: 'overflow' }),
    );
  });
});

test('a request for a certificate is signed by the key that it is for', () => {
  const request = certificateRequest(1, clientSigning, KEYS.clientTitle);
  expect(requestedKey(1, request)).toEqual(clientSigning.publicKey);
  const other = certificateRequest(
    1,
    { ...clientSigning, publicKey: serverSigning.publicKey },
    KEYS.clientTitle,
  );
  expect(requestedKey(1, other)).toBeUndefined();
});

describe('calls of the client', () => {
  const range = (from: number): Uint8Array => Uint8Array.from({ length: 16 }, (_, at) => from + at);
  /** Parameters of ACTION requests that gurux-dlms 1.0.203 makes. */
  const theirs: readonly (readonly [string, MethodCall, number, string])[] = [
    [
      'key_transfer',
      transferKeys(0, range(0x30), { encryptionKey: range(0), authenticationKey: range(0xd0) }),
      2,
      '010202021600 0918 b58c29822767812cef75f226dc337d222e196e2d4e0afc8a' +
        '02021602 0918 e82e7aac9fca0bd3bc3ad60a29d5eeece190ff04f63c3902',
    ],
    ['security_activate', activatePolicy(3), 1, '1603'],
    ['generate_key_pair', generateKeyPair('signature'), 4, '1600'],
    ['generate_certificate_request', requestCertificate('signature'), 5, '1600'],
    [
      'export_certificate',
      exportCertificate({ entity: 'client', use: 'signature', systemTitle: KEYS.clientTitle }),
      7,
      '0202 1600 0203 1601 1600 0908 4d4d4d0000000001',
    ],
  ];
  test.each(theirs)('%s is what another client sends', (_, { method, parameter }, index, hex) => {
    expect(method).toEqual({ classId: 64, obis: SETUP, attribute: index });
    expect(parameter && encodeData(parameter).toHex()).toBe(hex.replaceAll(' ', ''));
  });

  test('wrap with the master key, in the order of the ids', () => {
    const keys = { authenticationKey: key(), encryptionKey: key() };
    const { parameter } = transferKeys(1, masterKey, keys);
    const rows = parameter?.type === 'array' ? parameter.elements : [];
    const parts = rows.map((row) => (row.type === 'structure' ? row.elements : []));
    expect(parts.map(([id]) => id)).toEqual([enumeration(0), enumeration(2)]);
    const [, wrapped] = parts[0] ?? [];
    expect(wrapped?.type === 'octet-string' && unwrapKey(masterKey, wrapped.value)).toEqual(
      keys.encryptionKey,
    );
  });

  test('name what cannot be sent', () => {
    expect(() => transferKeys(2, masterKey, { encryptionKey: key() })).toThrow(
      expect.objectContaining({ field: 'encryptionKey' }),
    );
    expect(() => transferKeys(1, masterKey, {})).toThrow(expect.objectContaining({ field: 'keys' }));
    expect(() => octetsOf(Uint8Array.of(0))).toThrow(expect.objectContaining({ code: 'type-mismatch' }));
  });
});
