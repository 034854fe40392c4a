import { concat } from '../../base/bytes.ts';
import { type AarqFields, aarq, CONTEXT, dlmsOid, type InitiateSpec } from '../aarq.ts';
import { defineTests, type TestDefinition } from '../test-case.ts';
import { fail, Inconclusive, notApplicable } from '../verdict.ts';
import { COSEM_OPEN, DIAGNOSTIC, names, refused, tryAarq } from './aarq-attempts.ts';

const withMechanism = (fields: AarqFields, id: number): AarqFields => ({
  ...fields,
  mechanism: dlmsOid(2, id),
});

/** An InitiateRequest that cannot be met must be refused. */
function initiateFault(
  id: string,
  title: string,
  spec: InitiateSpec,
  what: string,
): Omit<TestDefinition, 'group' | 'reference'> {
  return {
    id,
    title,
    purpose: 'It is refused with an AARE, and the meter serves on.',
    async run(bench) {
      const aare = await refused(bench, aarq(bench.fields(spec)), what);
      if (aare === undefined) throw new Inconclusive('no AARE came; nothing was accepted');
    },
  };
}

export const APPL_OPEN_REFUSED_TESTS = defineTests(COSEM_OPEN, [
  {
    id: 'APPL_OPEN_N1',
    title: 'An AARQ without application context is refused',
    purpose: 'application-context-name is mandatory.',
    async run(bench) {
      const { context: _, ...fields } = bench.fields();
      await refused(bench, aarq(fields), 'an AARQ without application context');
    },
  },
  {
    id: 'APPL_OPEN_N2',
    title: 'An unknown application context is refused',
    purpose: 'The AARE names application-context-name-not-supported (2).',
    async run(bench) {
      const aare = await refused(
        bench,
        aarq({ ...bench.fields(), context: dlmsOid(1, 99) }),
        'an unknown application context',
      );
      names(aare, [DIAGNOSTIC.contextNotSupported], 'an unknown application context');
    },
  },
  {
    id: 'APPL_OPEN_N3',
    title: 'An application context of somebody else is refused',
    purpose: 'An object identifier outside the arc of the DLMS UA is no context.',
    async run(bench) {
      const aare = await refused(
        bench,
        aarq({ ...bench.fields(), context: Uint8Array.of(0x2a, 3, 4) }),
        'a foreign context',
      );
      names(aare, [1, DIAGNOSTIC.contextNotSupported], 'a foreign context');
    },
  },
  {
    id: 'APPL_OPEN_N4',
    title: 'The ciphered context is refused where nothing is ciphered',
    purpose: 'An AARQ with the ciphered context and a plain InitiateRequest is not accepted.',
    async run(bench) {
      if (bench.ciphered) notApplicable('the association is ciphered');
      const fields = {
        ...bench.fields(),
        context: dlmsOid(1, bench.referencing === 'sn' ? CONTEXT.snCiphered : CONTEXT.lnCiphered),
      };
      await refused(bench, aarq(fields), 'the ciphered context without ciphering');
    },
  },
  {
    id: 'APPL_OPEN_N5',
    title: 'An unknown authentication mechanism is refused',
    purpose: 'The AARE names authentication-mechanism-name-not-recognised (11).',
    async run(bench) {
      const fields = withMechanism({ ...bench.fields(), authenticationValue: bench.randomBytes(16) }, 99);
      const aare = await refused(bench, aarq(fields), 'an unknown mechanism');
      names(
        aare,
        [1, DIAGNOSTIC.mechanismNotRecognised, DIAGNOSTIC.authenticationFailure],
        'an unknown mechanism',
      );
    },
  },
  {
    id: 'APPL_OPEN_N6',
    title: 'No authentication is refused where one is due',
    purpose: 'An AARQ without mechanism and value is not accepted; the diagnostic says why (11 to 14).',
    needs: { auth: 'any' },
    async run(bench) {
      const { mechanism: _, authenticationValue: __, ...fields } = bench.fields();
      const aare = await refused(bench, aarq(fields), 'an AARQ without authentication');
      names(aare, [1, 11, 12, 13, 14], 'an AARQ without authentication');
    },
  },
  {
    id: 'APPL_OPEN_N7',
    title: 'A weaker mechanism is refused',
    purpose: 'LLS with any password is not accepted where HLS is due.',
    needs: { auth: 'hls' },
    async run(bench) {
      const fields = withMechanism({ ...bench.fields(), authenticationValue: bench.randomBytes(8) }, 1);
      await refused(bench, aarq(fields), 'LLS in place of HLS');
    },
  },
  initiateFault(
    'APPL_OPEN_N10',
    'A DLMS version that is too low is refused',
    { version: 5 },
    'DLMS version 5',
  ),
  initiateFault(
    'APPL_OPEN_N11',
    'An empty conformance block is refused',
    { conformance: 0 },
    'an empty conformance block',
  ),
  initiateFault('APPL_OPEN_N12', 'A PDU size that is too small is refused', { maxPdu: 5 }, 'a PDU size of 5'),
  {
    id: 'APPL_OPEN_N13',
    title: 'An AARQ without user-information is refused',
    purpose: 'Without InitiateRequest there is nothing to negotiate.',
    async run(bench) {
      const { user: _, ...fields } = bench.fields();
      await refused(bench, aarq(fields), 'an AARQ without user-information');
    },
  },
  {
    id: 'APPL_OPEN_N14',
    title: 'User-information that is no InitiateRequest is refused',
    purpose: 'A GET request in user-information is not served.',
    async run(bench) {
      const user = concat([Uint8Array.of(0xc0, 1, 0xc1, 0, 1, 0, 0, 42, 0, 0, 255, 2, 0)]);
      await refused(bench, aarq({ ...bench.fields(), user }), 'a GET in user-information');
    },
  },
  {
    id: 'APPL_OPEN_N15',
    title: 'A truncated InitiateRequest is refused',
    purpose: 'The conformance block breaks off.',
    async run(bench) {
      const user = bench.initiate().subarray(0, 8);
      await refused(bench, aarq({ ...bench.fields(), user }), 'a truncated InitiateRequest');
    },
  },
  {
    id: 'APPL_OPEN_N16',
    title: 'A client that is not configured is refused',
    purpose: 'An AARQ from a client address that has no association is not accepted.',
    async run(bench) {
      const aare = await tryAarq(bench, aarq(bench.fields()), 0x7b);
      if (aare?.result === 0) {
        if (bench.target.security.auth === 'none')
          throw new Inconclusive('the meter lets every client in without a secret');
        fail('an AARQ from an unknown client is accepted');
      }
      await bench.alive('an unknown client');
    },
  },
]);
