import { expect, setDefaultTimeout, test } from 'bun:test';
import { DialledHes } from '../dial/dialled-hes.ts';
import { openServed, PASSWORD, readValue, text } from '../served.ts';
import { ascii, throughTo } from './through.ts';

setDefaultTimeout(60_000);

test('the gateway works on a connection that we have dialled, beside heartbeats', async () => {
  const served = await openServed({ meters: 1, auth: 'hls-gmac' });
  const hes = new DialledHes();
  try {
    await served.attributes(
      {
        'ip.1': '127.0.0.1',
        'port.1': String(hes.port),
        'hes.auth': 'lls',
        'hes.password': PASSWORD,
        gateway: 'associated',
        heartbeat: 'identification',
        'heartbeat.interval': '1',
      },
      'tcp_client',
    );
    const connection = await hes.connection();
    await hes.associate(connection);
    const { meterNo } = served.meter(0);
    const meter = await throughTo(connection, served.street.at(0), {
      gateway: { networkId: 0, address: ascii(meterNo) },
    });
    const name = await readValue(meter, { classId: 1, obis: '0.0.42.0.0.255', attribute: 2 });
    expect(text(name)).toContain(meterNo.slice(-6));
    await meter.release();
  } finally {
    await served.end();
    await hes.close();
  }
});
