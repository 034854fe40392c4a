import type { Column, Operation } from './world.ts';

/** Why a peer cannot do something, as its own code has it; undefined for what it can. */
export type Lacks = (column: Column, operation: Operation) => string | undefined;

/** gurux-dlms 1.0.203 in either role. */
const guruxLacks: Lacks = ({ kind: { auth, suite } }) =>
  auth === 'hls-ecdsa' && suite === 2
    ? 'Gurux signs with P-256 only: GXEcdsa asks for Ecc.P256 where Ecc.P384 is meant'
    : undefined;

/** The library's server class is not fit for use; what it alone can do the meter that is made of its parts cannot. */
export const guruxMeterLacks: Lacks = (column, operation) => {
  if (operation === 'access' || operation === 'long set') {
    return 'Gurux takes ACCESS and requests in blocks in its server class only: GXDLMSLNCommandHandler, GXDLMSSNCommandHandler';
  }
  return guruxLacks(column, operation);
};

/** The client of gurux-dlms 1.0.203. */
export const guruxClientLacks: Lacks = (column, operation) => {
  const { referencing, kind } = column;
  const { suite = 0, form, dedicated } = kind;
  if (referencing === 'sn' && (form !== undefined || dedicated === true)) {
    return 'Gurux gives ciphered short-name PDUs global tags only: GXDLMS.getSNPdu';
  }
  if (referencing === 'sn' && suite > 0) {
    return 'Gurux marks every ciphered short-name PDU as suite 0: GXDLMS.getSNPdu sets no securitySuite';
  }
  if (referencing === 'sn' && operation === 'block') {
    return 'Gurux joins no blocks of short names: GXDLMS.readResponseDataBlockResult calls what GXReplyData has not';
  }
  if (referencing === 'sn' && operation === 'long set') {
    return 'Gurux calls the first block of a WRITE its last: GXDLMS.appendMultipleSNBlocks measures the header alone';
  }
  return guruxLacks(column, operation);
};

/** jDLMS 1.8.0 in either role. */
const jdlmsLacks: Lacks = ({ kind: { auth, suite, form, dedicated } }, operation) => {
  if (operation === 'access') return 'jDLMS has no ACCESS: there is none among the choices of COSEMpdu';
  if (auth !== 'none' && auth !== 'lls' && auth !== 'hls-gmac') {
    return 'jDLMS has no other mechanism than NONE, LOW and HLS5_GMAC: AuthenticationMechanism';
  }
  if (form !== undefined || dedicated === true) {
    return 'jDLMS has no general ciphering and no dedicated key: APdu, BaseDlmsConnection.newInitReq';
  }
  if (suite === 1 || suite === 2) {
    return 'jDLMS has suite 0 only; its AES_GCM_256 is "suite 1 with keys of 256 bits": SecuritySuite.EncryptionMechanism';
  }
  if (auth === 'none' && suite === 0) {
    return 'jDLMS authenticates APDUs with LOW or HLS only: SecuritySuite.validateSecurityPolicy';
  }
  return undefined;
};

export const jdlmsClientLacks: Lacks = (column, operation) => {
  const lacking = jdlmsLacks(column, operation);
  if (lacking !== undefined) return lacking;
  if (operation === 'long set') {
    return 'the jDLMS client sends no request in blocks: "not yet implemented" in DlmsLnConnectionImpl';
  }
  if (column.referencing === 'sn' && operation === 'block') {
    return 'the jDLMS client proposes no block transfer of short names: DlmsSnConnectionImpl.proposedConformance';
  }
  return undefined;
};

export const jdlmsServerLacks: Lacks = (column, operation) => {
  const { framing, referencing, kind } = column;
  const lacking = jdlmsLacks(column, operation);
  if (lacking !== undefined) return lacking;
  if (framing === 'hdlc') {
    return 'the HDLC server of jDLMS acknowledges nothing: its N(R) stays 0, and answers carry the LLC bytes of commands: ServerHdlcSessionLayer';
  }
  if (operation === 'long set') {
    return 'the jDLMS server takes no request in blocks: "TODO" in SetRequestProcessor, nothing in WriteRequestProcessor';
  }
  if (kind.auth === 'lls' && kind.suite === 0) {
    return 'the jDLMS server takes the InitiateRequest of a LOW association in the clear only: APdu.decode';
  }
  if (kind.auth === 'hls-gmac' && referencing === 'sn') {
    return 'the jDLMS server refuses every read before pass 3, and class 12 has no reply_to_HLS_authentication: Association, AssociationSnClass';
  }
  return undefined;
};

/** dlms-cosem 25.1.0, a client; it frames all that it ciphers as general-glo. */
export const dlmsCosemLacks: Lacks = ({ referencing, kind: { auth, dedicated } }, operation) => {
  if (referencing === 'sn')
    return 'dlms-cosem has no short names: there is no READ or WRITE in protocol.xdlms';
  if (auth !== 'none' && auth !== 'lls' && auth !== 'hls' && auth !== 'hls-gmac') {
    return 'dlms-cosem has no authentication but none, LLS, HLS with AES and GMAC: security.AuthenticationMethodManager';
  }
  if (dedicated === true)
    return 'dlms-cosem has a dedicated key in its settings only: DlmsConnection.protect';
  if (operation === 'access') return 'dlms-cosem has no ACCESS: it is not in protocol.xdlms';
  if (operation === 'long set') return 'dlms-cosem sends no request in blocks: connection.make_blocks';
  if (operation === 'entry') return 'dlms-cosem has not written EntryDescriptor.to_bytes yet';
  return undefined;
};
