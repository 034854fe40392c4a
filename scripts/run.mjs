/** `run.mjs SCRIPT ARGS…`: sets up what is missing, then runs the script on Bun in place of this process. */
import { spawn } from 'node:child_process';
import { setup } from './setup.mjs';

const [script, ...args] = process.argv.slice(2);
if (script === undefined) {
  process.stderr.write('usage: run.mjs SCRIPT [ARGUMENT…]\n');
  process.exit(2);
}

const child = spawn(setup(), [script, ...args], { stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    // A terminal sends Ctrl-C to the child as well: passing it on would look like a second one.
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
  });
}
child.on('error', (error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});
child.on('exit', (status, signal) => {
  if (signal === null) process.exit(status ?? 1);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
});
