import { concat } from '../../base/bytes.ts';
import { aarq } from '../aarq.ts';
import { defineTests } from '../test-case.ts';
import { COSEM_OPEN, DIAGNOSTIC, names, refused, tryAarq } from './aarq-attempts.ts';

export const APPL_PASSWORD_TESTS = defineTests({ ...COSEM_OPEN, needs: { auth: 'lls' } }, [
  {
    id: 'APPL_LLS_N1',
    title: 'A wrong password is refused',
    purpose: 'A password of the right length with other content is not accepted; diagnostic 13.',
    async run(bench) {
      const length = bench.target.security.password?.length ?? 8;
      const fields = { ...bench.fields(), authenticationValue: bench.randomBytes(length) };
      const aare = await refused(bench, aarq(fields), 'a wrong password');
      names(aare, [DIAGNOSTIC.authenticationFailure], 'a wrong password');
    },
  },
  {
    id: 'APPL_LLS_N2',
    title: 'A missing password is refused',
    purpose: 'LLS without authentication value is not accepted.',
    async run(bench) {
      const { authenticationValue: _, ...fields } = bench.fields();
      await refused(bench, aarq(fields), 'LLS without a password');
    },
  },
  {
    id: 'APPL_LLS_N3',
    title: 'An empty password is refused',
    purpose: 'An authentication value without content is not accepted.',
    async run(bench) {
      await refused(
        bench,
        aarq({ ...bench.fields(), authenticationValue: new Uint8Array(0) }),
        'an empty password',
      );
    },
  },
  {
    id: 'APPL_LLS_N4',
    title: 'The beginning of the password is refused',
    purpose: 'A password that lacks its last octet is not accepted.',
    async run(bench) {
      const short = bench.conceal((bench.target.security.password ?? new Uint8Array(0)).slice(0, -1));
      await refused(
        bench,
        aarq({ ...bench.fields(), authenticationValue: short }),
        'the beginning of the password',
      );
    },
  },
  {
    id: 'APPL_LLS_N5',
    title: 'More than the password is refused',
    purpose: 'The password with one octet more is not accepted.',
    async run(bench) {
      const long = concat([bench.target.security.password ?? new Uint8Array(0), Uint8Array.of(0)]);
      await refused(
        bench,
        aarq({ ...bench.fields(), authenticationValue: long }),
        'the password with an octet more',
      );
    },
  },
  {
    id: 'APPL_LLS_N6',
    title: 'A password of 200 octets does no harm',
    purpose: 'A password beyond every length is refused and bounded.',
    async run(bench) {
      await refused(
        bench,
        aarq({ ...bench.fields(), authenticationValue: bench.randomBytes(200) }),
        'a password of 200 octets',
      );
    },
  },
  {
    id: 'APPL_LLS_N7',
    title: 'After wrong passwords the right one is let in',
    purpose: 'Three failures do not lock the meter for good.',
    async run(bench) {
      for (let i = 0; i < 3; i++)
        await tryAarq(bench, aarq({ ...bench.fields(), authenticationValue: bench.randomBytes(8) }));
      await bench.alive('three wrong passwords');
    },
  },
]);
