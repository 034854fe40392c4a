/**
 * Changes the keys of a channel together until it is killed, each time to a number that all of them tell, and prints the
 * number once the change is acknowledged. Arguments: directory, first number.
 */
import { openTestStore } from './fixture.ts';

const [directory = '', first = '0'] = process.argv.slice(2);
const store = await openTestStore(directory, { thread: 'own' });
process.stdout.write('ready\n');
for (let change = Number(first); ; change++) {
  const key = change.toString(16).padStart(32, '0');
  await store.configuration.changeChannelAttributes('tcp_server', {
    'hes.encryption.key': key,
    'hes.authentication.key': key,
    'hes.master.key': key,
    'hes.password': String(change),
  });
  process.stdout.write(`${change}\n`);
}
