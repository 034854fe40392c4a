import type { SecuritySuite } from '../../../src/base/model.ts';
import { SeededRandom } from '../../../src/base/random.ts';
import { keyBytes } from '../../../src/base/security-needs.ts';
import type { KeyMaterial } from '../../../src/dlms/ciphering/types.ts';
import { generateEcKeyPair } from '../../../src/kernels/index.ts';

const random = new SeededRandom(11);
const bytes = (length: number): Uint8Array => random.bytes(length);

/** Keys of both sides of an association, as each side is configured with them. */
export interface Material {
  readonly client: KeyMaterial;
  readonly server: KeyMaterial;
}

function materialOf(suite: SecuritySuite): Material {
  const length = keyBytes(suite);
  const shared = {
    encryptionKey: bytes(length),
    authenticationKey: bytes(length),
    broadcastKey: bytes(length),
    masterKey: bytes(length),
  };
  if (suite === 0) return { client: shared, server: shared };
  const curve = suite === 1 ? 'P-256' : 'P-384';
  const [clientSigning, serverSigning, clientAgreement, serverAgreement] = Array.from({ length: 4 }, () =>
    generateEcKeyPair(curve, bytes),
  );
  if (!clientSigning || !serverSigning || !clientAgreement || !serverAgreement) throw new Error('no pairs');
  return {
    client: {
      ...shared,
      signingKey: clientSigning,
      agreementKey: clientAgreement,
      peerSigningKey: serverSigning.publicKey,
      peerAgreementKey: serverAgreement.publicKey,
    },
    server: {
      ...shared,
      signingKey: serverSigning,
      agreementKey: serverAgreement,
      peerSigningKey: clientSigning.publicKey,
      peerAgreementKey: clientAgreement.publicKey,
    },
  };
}

export const MATERIAL: Readonly<Record<SecuritySuite, Material>> = {
  0: materialOf(0),
  1: materialOf(1),
  2: materialOf(2),
};
