import { expect, setDefaultTimeout, test } from 'bun:test';
import { policyText, policyValue } from '../../src/headend/hes-access.ts';
import { sapOf } from '../../src/headend/meter-saps.ts';
import { elements, openServed, readValue, text } from './served.ts';

setDefaultTimeout(60_000);

const SAPS = { classId: 17, obis: '0.0.41.0.0.255', attribute: 2 };

test('the channel of balance meters shows the concentrator and them, and no other meter', async () => {
  const served = await openServed({ meters: 2 });
  try {
    const { store, headend } = served.house.concentrator;
    const password = 'Balance-1';
    await store.archive.update(served.meter(1).id, { balance: true });
    await served.attributes({ port: '0', 'hes.auth': 'lls', 'hes.password': password }, 'tcp_server_im');
    await headend.settled();
    const come = async (sap: number) =>
      served.associate(
        sap,
        { password: new TextEncoder().encode(password), answerMs: 200 },
        await served.dial('tcp_server_im'),
      );
    const names = elements(await readValue(await come(1), SAPS)).map((entry) => text(elements(entry)[1]));
    expect(names.slice(1)).toEqual([served.meter(1).meterNo]);
    const name = { classId: 1, obis: '0.0.42.0.0.255', attribute: 2 };
    expect(text(await readValue(await come(sapOf(served.meter(1).id) ?? 0), name))).toBe(
      served.meter(1).meterNo,
    );
    await expect(come(sapOf(served.meter(0).id) ?? 0)).rejects.toMatchObject({ code: 'link-timeout' });
    await expect(served.associate(1, {}, await served.dial('tcp_server_im'))).rejects.toMatchObject({
      code: 'association-refused',
    });
  } finally {
    await served.end();
  }
});

test('a policy is a text in the settings and bits on the wire', () => {
  const known = { none: 0, auth: 0x24, enc: 0x48, 'auth-enc': 0x6c, 'auth/auth-enc': 0x64, 'none/enc': 0x40 };
  for (const [policy, value] of Object.entries(known)) {
    expect(policyValue(policy)).toBe(value);
    expect(policyText(value)).toBe(policy);
  }
  // What nobody understands protects most.
  expect(policyValue('nothing')).toBe(0x6c);
});
