import { concat, equalConstantTime } from '../base/bytes.ts';
import type { AuthMechanism } from '../base/model.ts';
import { MECHANISM_IDS } from '../dlms/apdu/acse.ts';
import { ecdsaSign, ecdsaVerify } from '../kernels/ecc.ts';
import { digest } from '../kernels/index.ts';
import { gmac, keysOf, openBytes, sealBytes } from './sealed-content.ts';
import type { TargetSecurity } from './target.ts';

/** What both sides know when the challenges have been exchanged (Green Book 9.2.7.4). */
export interface Challenges {
  readonly fromClient: Uint8Array;
  readonly fromServer: Uint8Array;
  readonly serverTitle: Uint8Array;
}

export const isHls = (auth: AuthMechanism): boolean => auth !== 'none' && auth !== 'lls';

export const mechanismId = (auth: AuthMechanism): number => MECHANISM_IDS[auth];

const curveOf = ({ suite }: TargetSecurity): 'P-256' | 'P-384' => (suite === 2 ? 'P-384' : 'P-256');

/** Pass 3: f(StoC). Undefined where what it needs is missing. */
export function clientProof(
  security: TargetSecurity,
  { fromClient, fromServer, serverTitle }: Challenges,
  counter: () => number,
): Uint8Array | undefined {
  const { auth, password = new Uint8Array(0), systemTitle } = security;
  switch (auth) {
    case 'hls':
      return security.hook?.prove(fromServer, 'client');
    case 'hls-md5':
      return digest('md5', concat([fromServer, password]));
    case 'hls-sha1':
      return digest('sha1', concat([fromServer, password]));
    case 'hls-gmac':
      return gmac(fromServer, security.suite, counter(), systemTitle, keysOf(security));
    case 'hls-sha256':
      return digest('sha256', concat([password, systemTitle, serverTitle, fromServer, fromClient]));
    case 'hls-ecdsa': {
      const message = concat([systemTitle, serverTitle, fromServer, fromClient]);
      const key = security.signingKey?.privateKey;
      return key && ecdsaSign(curveOf(security), key, message);
    }
    default:
      return undefined;
  }
}

/** Pass 4: whether the meter has proved f(CtoS); undefined where that cannot be judged. */
export function serverProved(
  security: TargetSecurity,
  { fromClient, fromServer, serverTitle }: Challenges,
  proof: Uint8Array,
): boolean | undefined {
  const { auth, password = new Uint8Array(0), systemTitle } = security;
  switch (auth) {
    case 'hls': {
      const due = security.hook?.prove(fromClient, 'server');
      return due && equalConstantTime(proof, due);
    }
    case 'hls-md5':
      return equalConstantTime(proof, digest('md5', concat([fromClient, password])));
    case 'hls-sha1':
      return equalConstantTime(proof, digest('sha1', concat([fromClient, password])));
    case 'hls-gmac': {
      if (proof.length !== 17) return false;
      const keys = keysOf(security);
      const control = proof[0] ?? 0;
      const sealed = concat([proof.subarray(0, 5), fromClient, proof.subarray(5)]);
      const counter = new DataView(proof.buffer, proof.byteOffset).getUint32(1);
      const own = sealBytes(fromClient, control, counter, serverTitle, keys);
      return openBytes(sealed, serverTitle, keys) !== undefined && equalConstantTime(own, sealed);
    }
    case 'hls-sha256': {
      const due = digest('sha256', concat([password, serverTitle, systemTitle, fromClient, fromServer]));
      return equalConstantTime(proof, due);
    }
    case 'hls-ecdsa': {
      const key = security.peerSigningKey;
      if (key === undefined) return undefined;
      const message = concat([serverTitle, systemTitle, fromClient, fromServer]);
      return ecdsaVerify(curveOf(security), key, message, proof);
    }
    default:
      return undefined;
  }
}
